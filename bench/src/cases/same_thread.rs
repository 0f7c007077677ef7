// SPDX-License-Identifier: GPL-2.0

//! Case A: a thread sends a message to itself and receives it. Nobody sleeps, nobody is woken.

use nix::unistd::getppid;

use super::Meter;
use crate::{figure::Figure, peers::Peer};

/// The sizes of the text.
const SIZES: [(&str, usize); 3] = [("64 B", 64), ("1 KiB", 1024), ("4 KiB", 4096)];

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    let end = peer.own(0);
    let measure = |(what, size): (&str, usize)| {
        let frame = end.frame(&vec![b'x'; size]);
        let mut buffer = vec![0; end.room(size)];
        let samples = meter.sample(|| {
            end.send(&frame);
            end.receive(&mut buffer);
        });
        meter.figure("A", what, peer.name(), samples)
    };
    SIZES.map(measure).into()
}

/// Two system calls that do nothing, which no queue can be cheaper than.
pub fn floor(meter: &Meter) -> Figure {
    let samples = meter.sample(|| {
        getppid();
        getppid();
    });
    meter.figure("A", "64 B", "floor", samples)
}

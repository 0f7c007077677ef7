// SPDX-License-Identifier: GPL-2.0

//! Case A: a thread sends a message to itself and receives it. Nobody sleeps, nobody is woken.

use nix::unistd::getppid;

use super::Meter;
use crate::{
    figure::Figure,
    peers::{Peer, ROOM},
};

/// The sizes of the text.
const SIZES: [(&str, usize); 3] = [("64 B", 64), ("1 KiB", 1024), ("4 KiB", 4096)];

/// Many samples, so that one without an interrupt is among them.
const SAMPLES: usize = 20;
const OPERATIONS: u32 = 100;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    let end = peer.loopback();
    let mut buffer = vec![0; ROOM];
    let measure = |(what, size): (&str, usize)| {
        let frame = end.frame(&vec![b'x'; size]);
        meter
            .sample(SAMPLES, OPERATIONS, || {
                end.send(&frame);
                end.receive(&mut buffer);
            })
            .figure('A', what, peer.name(), meter.unit())
    };
    SIZES.map(measure).into()
}

/// Two system calls that do nothing.
pub fn floor(meter: &Meter) -> Vec<Figure> {
    let measure = |(what, _): (&str, usize)| {
        meter
            .sample(SAMPLES, OPERATIONS, || {
                getppid();
                getppid();
            })
            .figure('A', what, "floor", meter.unit())
    };
    SIZES.map(measure).into()
}

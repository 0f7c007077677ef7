// SPDX-License-Identifier: GPL-2.0

//! Case G: many messages by one system call, for those who are written to and read from as files.

use super::Meter;
use crate::{figure::Figure, peers::Peer, sys::Ring};

const SIZE: usize = 64;

/// How many messages a batch has: what every peer's queue holds.
const BATCH: usize = 8;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    let end = peer.own(0);
    let Some([to, from]) = end.files() else {
        return Vec::new();
    };
    let frame = end.frame(&[b'x'; SIZE]);
    // The messages go one by one into the same place, which nobody looks at.
    let mut buffer = vec![0; end.room(SIZE)];
    let mut ring = Ring::new(BATCH);
    let samples = meter.sample(|| {
        ring.write(to, &frame, BATCH);
        ring.read(from, &mut buffer, BATCH);
    });
    let samples = samples.each(BATCH);
    vec![meter.figure("G", "a message", peer.name(), samples)]
}

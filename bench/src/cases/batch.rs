// SPDX-License-Identifier: GPL-2.0

//! Case G: many messages by one system call: by io_uring, for those who are written to and read from
//! as files, and by one write and one read, for those who take many by one.

use super::Meter;
use std::os::fd::RawFd;

use crate::{
    figure::{Figure, Samples},
    peers::{End, Peer},
    sys::Ring,
};

const SIZE: usize = 64;

/// How many messages a batch has: what every peer's queue holds.
const BATCH: usize = 8;

/// How many records one call takes.
const MANY: usize = 32;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    let end = peer.own(0);
    let frame = end.frame(&[b'x'; SIZE]);
    let by_call = end.many(&frame, MANY).map(|frames| {
        let mut buffer = vec![0; MANY * end.room(SIZE)];
        let samples = meter.sample(|| {
            end.send(&frames);
            end.receive(&mut buffer);
        });
        meter.figure("G", "32 by one call", peer.name(), samples.each(MANY))
    });
    let by_ring = end.files().map(|files| {
        let samples = by_ring(meter, end.as_ref(), &frame, files);
        meter.figure("G", "8 by io_uring", peer.name(), samples)
    });
    by_ring.into_iter().chain(by_call).collect()
}

fn by_ring(meter: &Meter, end: &dyn End, frame: &[u8], [to, from]: [RawFd; 2]) -> Samples {
    // The messages go one by one into the same place, which nobody looks at.
    let mut buffer = vec![0; end.room(SIZE)];
    let mut ring = Ring::new(BATCH);
    let samples = meter.sample(|| {
        ring.write(to, frame, BATCH);
        ring.read(from, &mut buffer, BATCH);
    });
    samples.each(BATCH)
}

// SPDX-License-Identifier: GPL-2.0

//! Case C: one message to N receivers, alone and until all have received it.
//!
//! Those who have no broadcast send N times. Counted are the sends and the receives, and not who
//! runs in between.

use super::Meter;
use crate::{
    figure::{Figure, Samples},
    peers::Peer,
};

const SIZE: usize = 64;

/// How many receivers there are.
const RECEIVERS: [usize; 2] = [16, 64];

const SAMPLES: usize = 20;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    RECEIVERS
        .into_iter()
        .flat_map(|receivers| to(meter, peer, receivers))
        .collect()
}

fn to(meter: &Meter, peer: &dyn Peer, receivers: usize) -> [Figure; 2] {
    let fan_out = peer.fan_out(receivers, meter.clock);
    let frame = fan_out.frame(&[b'x'; SIZE]);
    let mut sent = Samples::default();
    let mut drained = Samples::default();
    for _ in meter.rounds(SAMPLES) {
        let start = meter.clock.now();
        fan_out.send(&frame);
        let taken = meter.clock.now() - start;
        sent.add(taken as f64);
        drained.add((taken + fan_out.drain()) as f64);
    }
    [
        sent.figure('C', &format!("{receivers} sent"), peer.name(), meter.unit()),
        drained.figure(
            'C',
            &format!("{receivers} drained"),
            peer.name(),
            meter.unit(),
        ),
    ]
}

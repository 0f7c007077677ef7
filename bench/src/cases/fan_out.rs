// SPDX-License-Identifier: GPL-2.0

//! Case C: one message to N receivers, alone and until all have received it.
//!
//! Those who have no broadcast send N times. Counted are the sends and the receives, and not who
//! runs in between.

use super::Meter;
use crate::{
    clock::Clock,
    figure::{Figure, Samples},
    peers::Peer,
};

const SIZE: usize = 64;

/// How many receivers there are.
const RECEIVERS: [usize; 6] = [1, 4, 16, 64, 256, 1024];

/// How many messages are sent and received in all, whatever the number of receivers.
const MESSAGES: usize = 4096;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    let mut sent = Vec::new();
    let mut drained = Vec::new();
    for receivers in RECEIVERS {
        let [send, drain] = to(meter, peer, receivers);
        sent.push(meter.figure("C", format!("{receivers} sent"), peer.name(), send));
        drained.push(meter.figure("C", format!("{receivers} drained"), peer.name(), drain));
    }
    sent.append(&mut drained);
    sent
}

fn to(meter: &Meter, peer: &dyn Peer, receivers: usize) -> [Samples; 2] {
    let fan_out = peer.fan_out(receivers, meter.clock);
    let frame = fan_out.frame(&[b'x'; SIZE]);
    let rounds = match meter.clock {
        Clock::Instructions => (MESSAGES / receivers).clamp(8, 50),
        Clock::Time => (4 * MESSAGES / receivers).min(1000),
    };
    let mut sent = Samples::default();
    let mut drained = Samples::default();
    for _ in meter.rounds(rounds) {
        let start = meter.clock.now();
        fan_out.send(&frame);
        let taken = meter.clock.now() - start;
        sent.add(taken as f64);
        drained.add((taken + fan_out.drain()) as f64);
    }
    [sent, drained]
}

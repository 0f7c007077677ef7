// SPDX-License-Identifier: GPL-2.0

//! Case D: processes that send and receive, each one message after the other, at the same time.
//!
//! They use one queue together, or each its own. The figure is the time from the first's start to
//! the last's end, divided by the messages of all: with each at work on a processor of its own, and
//! nothing that they wait for each other for, it falls as their number grows. One processor has
//! nothing to tell, so instructions are not counted.

use nix::{
    sys::eventfd::{EfdFlags, EventFd},
    unistd,
};

use super::Meter;
use crate::{
    clock::Clock,
    crowd,
    figure::{Figure, Samples},
    peers::{Peer, Plug},
    sys,
};

const SIZE: usize = 64;

const SENDERS: [usize; 3] = [1, 2, 4];

/// How many messages each process sends in one run, and how many runs there are.
const MESSAGES: usize = 2000;
const RUNS: usize = 9;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    if meter.clock != Clock::Time {
        return Vec::new();
    }
    let figure = |what, samples| meter.figure("D", what, peer.name(), samples);
    let mut figures = Vec::new();
    for senders in SENDERS {
        let mut samples = Samples::default();
        for _ in 0..RUNS {
            let shared = peer.shared(senders);
            samples.add(together(meter, shared.plugs));
        }
        figures.push(figure(format!("{senders} to one"), samples));
    }
    for senders in SENDERS {
        let mut samples = Samples::default();
        for _ in 0..RUNS {
            let own = |number| -> Plug { Box::new(move || peer.own(number)) };
            samples.add(together(meter, (0..senders).map(own).collect()));
        }
        figures.push(figure(format!("{senders} to {senders}"), samples));
    }
    figures
}

/// The time that a message takes while all these are at work.
fn together(meter: &Meter, plugs: Vec<Plug>) -> f64 {
    let count = plugs.len();
    let clock = meter.clock;
    let start = EventFd::from_flags(EfdFlags::EFD_SEMAPHORE).expect("eventfd");
    let (results, report) = unistd::pipe().expect("pipe");
    let mut children = Vec::new();
    for (number, plug) in plugs.into_iter().enumerate() {
        children.push(sys::fork(|| {
            meter.processors.stay_on(number);
            let end = plug();
            let frame = end.frame(&[b'x'; SIZE]);
            let mut buffer = vec![0; end.room(SIZE)];
            let tell = |value: u64| unistd::write(&report, &value.to_ne_bytes());
            tell(0).expect("write to a pipe");
            unistd::read(&start, &mut [0; 8]).expect("read from an eventfd");
            let began = clock.now();
            for _ in 0..MESSAGES {
                end.send(&frame);
                end.receive(&mut buffer);
            }
            let ended = clock.now();
            tell(began).expect("write to a pipe");
            tell(ended).expect("write to a pipe");
        }));
    }
    let hear = || crowd::hear(&results);
    for _ in 0..count {
        hear();
    }
    start.write(count as u64).expect("write to an eventfd");
    let times: Vec<u64> = (0..2 * count).map(|_| hear()).collect();
    let first = times.iter().min().expect("at least one process");
    let last = times.iter().max().expect("at least one process");
    (last - first) as f64 / (count * MESSAGES) as f64
}

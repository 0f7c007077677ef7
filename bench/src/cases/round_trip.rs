// SPDX-License-Identifier: GPL-2.0

//! Case B: a process sends to another, which sends back. Each message wakes a sleeper.
//!
//! On one processor the scheduler has two ways to go: a process that is woken runs at once, or when
//! the other goes to sleep. It stays with one of them for thousands of round trips, so where
//! instructions are counted there is a figure for each.

use nix::{sys::eventfd::EventFd, unistd};

use super::Meter;
use crate::{
    clock::Clock,
    figure::{Figure, Samples},
    peers::Peer,
    sys,
};

const SIZE: usize = 64;

/// How many pairs of processes are measured, for the scheduler to change its mind.
const PAIRS: usize = 8;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    let figure = |what, samples| meter.figure("B", what, peer.name(), samples);
    match meter.clock {
        Clock::Instructions => {
            let mut samples = Samples::default();
            for _ in 0..PAIRS {
                samples.append(one_pair(meter, peer, [0, 0]));
            }
            modes(&samples)
                .into_iter()
                .map(|(mode, samples)| figure(mode, samples))
                .collect()
        }
        Clock::Time => {
            let mut figures = vec![figure("one CPU", one_pair(meter, peer, [0, 0]))];
            if meter.processors.count() > 1 {
                figures.push(figure("two CPUs", one_pair(meter, peer, [0, 1])));
            }
            figures
        }
    }
}

/// The round trips of one pair of processes, which are on these processors.
fn one_pair(meter: &Meter, peer: &dyn Peer, on: [usize; 2]) -> Samples {
    let [here, there] = peer.pair();
    let ready = EventFd::new().expect("eventfd");
    let partner = sys::fork(|| {
        meter.processors.stay_on(on[1]);
        let end = there();
        let frame = end.frame(&[b'x'; SIZE]);
        let mut buffer = vec![0; end.room(SIZE)];
        ready.write(1).expect("write to an eventfd");
        loop {
            end.receive(&mut buffer);
            end.send(&frame);
        }
    });
    meter.processors.stay_on(on[0]);
    let end = here();
    let frame = end.frame(&[b'x'; SIZE]);
    let mut buffer = vec![0; end.room(SIZE)];
    unistd::read(&ready, &mut [0; 8]).expect("read from an eventfd");
    let round_trip = || {
        end.send(&frame);
        end.receive(&mut buffer);
    };
    let samples = match meter.clock {
        Clock::Instructions => meter.samples(60, 20, round_trip),
        Clock::Time => meter.samples(1000, 1, round_trip),
    };
    // Before the queues that it waits at are gone.
    drop(partner);
    samples
}

/// The cost in each of the two modes, or in the slower alone, which is the usual one.
fn modes(samples: &Samples) -> Vec<(&'static str, Samples)> {
    let usual = samples.median();
    let mut modes = vec![("slower mode", Samples::one(usual))];
    if samples.least() < 0.95 * usual {
        modes.push(("faster mode", Samples::one(samples.least())));
    }
    modes
}

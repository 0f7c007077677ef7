// SPDX-License-Identifier: GPL-2.0

//! What is measured.

mod batch;
mod fan_out;
mod growth;
mod memory;
mod priorities;
mod round_trip;
pub mod same_thread;
mod throughput;

use crate::{
    clock::Clock,
    figure::{Figure, Samples},
    peers::Peer,
    processors::Processors,
};

/// A case, by its letter and its title.
pub struct Case {
    /// As it is asked for.
    pub letter: &'static str,
    /// What a figure of it is.
    pub title: &'static str,
    /// Whether nothing may have gone before it, so that it is measured only if asked for.
    pub alone: bool,
    /// Measures it for one peer. There is nothing to say of one that does not offer it.
    pub run: fn(&Meter, &dyn Peer) -> Vec<Figure>,
}

/// All of them.
pub const CASES: &[Case] = &[
    Case {
        letter: "A",
        title: "send and receive in one thread",
        alone: false,
        run: same_thread::run,
    },
    Case {
        letter: "B",
        title: "round trip of 64 B between two processes",
        alone: false,
        run: round_trip::run,
    },
    Case {
        letter: "C",
        title: "64 B to each of N receivers",
        alone: false,
        run: fan_out::run,
    },
    Case {
        letter: "D",
        title: "send and receive of 64 B by several processes at once, time for each",
        alone: false,
        run: throughput::run,
    },
    Case {
        letter: "E",
        title: "cost among N registrations",
        alone: false,
        run: growth::run,
    },
    Case {
        letter: "F",
        title: "memory",
        alone: true,
        run: memory::run,
    },
    Case {
        letter: "G",
        title: "send and receive of 64 B in one thread, many at a time, for each",
        alone: false,
        run: batch::run,
    },
    Case {
        letter: "H",
        title: "send and receive of 64 B with a priority, among N others",
        alone: false,
        run: priorities::run,
    },
];

/// How a case measures.
pub struct Meter {
    /// What is read before and after.
    pub clock: Clock,
    /// Where it can run.
    pub processors: Processors,
    /// Whether the first operation is repeated without end.
    pub endless: bool,
}

impl Meter {
    /// Takes samples of `body`, enough of them for the clock: of many operations each, where some
    /// sample has to be without an interrupt; of few, where most are.
    pub fn sample(&self, body: impl FnMut()) -> Samples {
        match self.clock {
            Clock::Instructions => self.samples(20, 100, body),
            Clock::Time => self.samples(1000, 10, body),
        }
    }

    /// Takes that many samples, each the mean of `operations` runs of `body`.
    pub fn samples(&self, samples: usize, operations: u32, mut body: impl FnMut()) -> Samples {
        let mut result = Samples::default();
        body();
        for _ in self.rounds(samples) {
            let start = self.clock.now();
            for _ in 0..operations {
                body();
            }
            let taken = self.clock.now() - start;
            result.add(taken as f64 / f64::from(operations));
        }
        result
    }

    /// That many rounds, or, for a profiler, rounds without end.
    pub fn rounds(&self, rounds: usize) -> std::ops::Range<usize> {
        if !self.endless {
            return 0..rounds;
        }
        println!("endless");
        0..usize::MAX
    }

    /// Which figure it is that the samples come to: of instructions the fewest, of time the median.
    pub fn figure(
        &self,
        case: &str,
        what: impl Into<String>,
        peer: &str,
        samples: Samples,
    ) -> Figure {
        let (value, unit, p99) = match self.clock {
            Clock::Instructions => (samples.least(), "instructions", None),
            Clock::Time => (samples.median(), "ns", Some(samples.p99())),
        };
        Figure {
            case: case.to_owned(),
            what: what.into(),
            peer: peer.to_owned(),
            value,
            unit: unit.to_owned(),
            p99,
            samples: samples.len(),
        }
    }
}

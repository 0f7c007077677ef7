// SPDX-License-Identifier: GPL-2.0

//! What is measured.

mod fan_out;
mod round_trip;
mod same_thread;

use crate::{
    clock::Clock,
    figure::{Figure, Samples},
    peers::Peer,
};

/// A case, by its letter and its title.
pub struct Case {
    /// As it is asked for.
    pub letter: char,
    /// What a figure of it is the cost of.
    pub title: &'static str,
    /// Measures it for one peer.
    pub run: fn(&Meter, &dyn Peer) -> Vec<Figure>,
    /// Measures what needs no queue and takes part in the comparison.
    pub floor: Option<fn(&Meter) -> Vec<Figure>>,
}

/// All of them.
pub const CASES: &[Case] = &[
    Case {
        letter: 'A',
        title: "send and receive in one thread",
        run: same_thread::run,
        floor: Some(same_thread::floor),
    },
    Case {
        letter: 'B',
        title: "round trip between two processes",
        run: round_trip::run,
        floor: None,
    },
    Case {
        letter: 'C',
        title: "one message to each of N receivers",
        run: fan_out::run,
        floor: None,
    },
];

/// How a case measures.
pub struct Meter {
    /// What is read before and after.
    pub clock: Clock,
    /// Whether the first operation is repeated without end.
    pub endless: bool,
}

impl Meter {
    /// Takes that many samples, each the mean of `operations` runs of `body`.
    pub fn sample(&self, samples: usize, operations: u32, mut body: impl FnMut()) -> Samples {
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

    /// What the clock counts.
    pub fn unit(&self) -> &'static str {
        match self.clock {
            Clock::Instructions => "instructions",
            Clock::Time => "ns",
        }
    }
}

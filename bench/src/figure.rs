// SPDX-License-Identifier: GPL-2.0

//! What was measured: samples, what they come to, and how that is written down.

use serde::{Deserialize, Serialize};

/// One figure, with all that is needed to find it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// The letter of the case.
    pub case: String,
    /// What of the case: a size, a number of receivers.
    pub what: String,
    /// The name of the peer.
    pub peer: String,
    /// What the numbers count.
    pub unit: String,
    /// The smallest sample.
    pub least: f64,
    /// The sample that half of the others are below.
    pub median: f64,
    /// The sample that 99 of 100 are below.
    pub p99: f64,
    /// How many samples there were.
    pub samples: usize,
}

/// Samples of one figure, each for one operation.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds one.
    pub fn add(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// What they come to.
    pub fn figure(mut self, case: char, what: &str, peer: &str, unit: &str) -> Figure {
        self.0.sort_by(f64::total_cmp);
        let at = |part: f64| self.0[((self.0.len() - 1) as f64 * part).round() as usize];
        Figure {
            case: case.to_string(),
            what: what.to_owned(),
            peer: peer.to_owned(),
            unit: unit.to_owned(),
            least: at(0.0),
            median: at(0.5),
            p99: at(0.99),
            samples: self.0.len(),
        }
    }
}

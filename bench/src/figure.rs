// SPDX-License-Identifier: GPL-2.0

//! What was measured: samples, and the figure that they come to.

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
    /// The number.
    pub value: f64,
    /// What it counts.
    pub unit: String,
    /// Where `value` is a median: what 99 of 100 samples are below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    /// How many samples there were.
    pub samples: usize,
}

/// Samples of one figure, each for one operation.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// One alone.
    pub fn one(sample: f64) -> Self {
        Self(vec![sample])
    }

    /// Adds one.
    pub fn add(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// Adds others.
    pub fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// The same for one of `count` equal parts of the operation.
    pub fn each(mut self, count: usize) -> Self {
        for sample in &mut self.0 {
            *sample /= count as f64;
        }
        self
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest.
    pub fn least(&self) -> f64 {
        self.quantile(0.0)
    }

    /// The one that half of the others are below.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The one that 99 of 100 are below.
    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() - 1) as f64 * part).round() as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn quantiles_are_samples() {
        let mut samples = Samples::default();
        for number in (0..=200).rev() {
            samples.add(f64::from(number));
        }
        assert_eq!(
            [samples.least(), samples.median(), samples.p99()],
            [0.0, 100.0, 198.0]
        );
    }
}

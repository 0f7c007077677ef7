// SPDX-License-Identifier: GPL-2.0

//! What all actors together have reached: places in the driver's code, and ways from one to the next.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::sys::shared;

/// Places and ways that are told apart. The driver's code is smaller, so each place has a bit of its
/// own; a few of the ways have one in common.
const BITS: usize = 1 << 21;

const WORDS: usize = BITS / 64;

/// Sets that all processes share that were forked since they were made.
pub struct Reached {
    places: &'static [AtomicU64],
    ways: &'static [AtomicU64],
}

impl Reached {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            places: shared::numbers(WORDS),
            ways: shared::numbers(WORDS),
        }
    }

    /// Adds what one operation has run; how many of its ways were new.
    pub fn note(&self, addresses: impl Iterator<Item = u64>) -> u64 {
        let mut from = 0;
        let mut new = 0;
        for address in addresses {
            let place = address as usize % BITS;
            add(self.places, place);
            // Another way if it is the other way round.
            new += u64::from(add(self.ways, (from ^ place) % BITS));
            from = place.rotate_left(3) % BITS;
        }
        new
    }

    /// How many places were reached.
    pub fn places(&self) -> u64 {
        let words = self.places.iter();
        words
            .map(|word| u64::from(word.load(Relaxed).count_ones()))
            .sum()
    }
}

/// Whether it was not there before.
fn add(set: &[AtomicU64], bit: usize) -> bool {
    let (word, bit) = (&set[bit / 64], 1 << (bit % 64));
    word.load(Relaxed) & bit == 0 && word.fetch_or(bit, Relaxed) & bit == 0
}

// SPDX-License-Identifier: GPL-2.0

//! Numbers that look random, the same in every run.

use std::time::Duration;

/// A row of such numbers (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// The row that begins with `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of 0 … `sides` − 1.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % sides
    }

    /// Sleeps for less than `limit`.
    pub fn sleep(&mut self, limit: Duration) {
        std::thread::sleep(Duration::from_micros(self.roll(limit.as_micros() as u64)));
    }
}

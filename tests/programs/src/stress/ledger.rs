// SPDX-License-Identifier: GPL-2.0

//! How many messages were sent to each receiver, by all processes together.
//!
//! A sender can be killed between sending and counting. So what is begun and what is done are
//! counted apart, and what has been put into a queue lies between the two.

use std::{
    ops::RangeInclusive,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use nix::errno::Errno;

use crate::sys::shared;

/// The counts.
#[derive(Clone, Copy)]
pub struct Ledger {
    begun: &'static [AtomicU64],
    done: &'static [AtomicU64],
}

impl Ledger {
    /// For so many receivers, with nothing sent yet.
    pub fn new(receivers: usize) -> Self {
        let (begun, done) = shared::numbers(2 * receivers).split_at(receivers);
        Self { begun, done }
    }

    /// Counts what `send` sends to these receivers, if it succeeds.
    pub fn count(
        &self,
        receivers: RangeInclusive<usize>,
        send: impl FnOnce() -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let add = |to: &[AtomicU64], count: u64| {
            for number in &to[receivers.clone()] {
                number.fetch_add(count, SeqCst);
            }
        };
        add(self.begun, 1);
        let result = send();
        match result {
            Ok(()) => add(self.done, 1),
            Err(_) => add(self.begun, 1_u64.wrapping_neg()),
        }
        result
    }

    /// How many have been sent to one.
    pub fn sent_to(&self, receiver: usize) -> RangeInclusive<u64> {
        let [done, begun] = [self.done, self.begun].map(|of| of[receiver].load(SeqCst));
        done..=begun
    }

    /// Starts anew.
    pub fn clear(&self) {
        for number in self.begun.iter().chain(self.done) {
            number.store(0, SeqCst);
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Totals since the module was loaded.
//!
//! Sending and reading count in their own registrations only. A total is what those that have ended
//! left here, and what the living have counted.

use crate::{
    driver::Driver,
    policy::{
        refusal::Refusal,
        registry::Ticket, //
    },
    registration::Registration, //
};
use kernel::{
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// What is counted for each registration, summed up.
#[derive(Clone, Copy, Default)]
pub(crate) struct Totals {
    /// Messages sent to one queue.
    pub(crate) sends: u64,
    /// Messages sent to all queues.
    pub(crate) broadcasts: u64,
    /// Messages put into queues.
    pub(crate) deliveries: u64,
    /// Messages taken out by readers.
    pub(crate) reads: u64,
    /// Messages lost to full queues.
    pub(crate) overflowed: u64,
    /// Messages lost to flushing, and to the end of a registration.
    pub(crate) flushed: u64,
}

impl Totals {
    fn add(&mut self, registration: &Registration) {
        let account = registration.level().account;
        let (sends, broadcasts) = registration.sent_by_kind();
        self.sends += sends;
        self.broadcasts += broadcasts;
        self.deliveries += account.received;
        self.reads += account.read;
        self.overflowed += account.overflowed;
        self.flushed += account.flushed;
    }
}

/// The part of the totals that no living registration holds.
pub(crate) struct Stats {
    past: [Atomic<u64>; 6],
    refusals: [Atomic<u64>; Refusal::ALL.len()],
}

impl Stats {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            past: [const { Atomic::new(0) }; 6],
            refusals: [const { Atomic::new(0) }; Refusal::ALL.len()],
        }
    }

    /// Keeps what a registration has counted that is about to go.
    pub(crate) fn add_past(&self, registration: &Registration) {
        let mut totals = Totals::default();
        totals.add(registration);
        let Totals {
            sends,
            broadcasts,
            deliveries,
            reads,
            overflowed,
            flushed,
        } = totals;
        let counts = [sends, broadcasts, deliveries, reads, overflowed, flushed];
        for (past, count) in self.past.iter().zip(counts) {
            past.fetch_add(count, Relaxed);
        }
    }

    /// Counts a refusal.
    pub(crate) fn count_refusal(&self, refusal: Refusal) {
        self.refusals[refusal as usize].fetch_add(1, Relaxed);
    }

    /// Refusals for this cause.
    pub(crate) fn refusals(&self, refusal: Refusal) -> u64 {
        self.refusals[refusal as usize].load(Relaxed)
    }
}

/// The totals now.
pub(crate) fn totals(driver: &Driver) -> Totals {
    let [sends, broadcasts, deliveries, reads, overflowed, flushed] =
        [0, 1, 2, 3, 4, 5].map(|at: usize| driver.stats.past[at].load(Relaxed));
    let mut totals = Totals {
        sends,
        broadcasts,
        deliveries,
        reads,
        overflowed,
        flushed,
    };
    let mut place = Ticket::START;
    while let Some(registration) = driver.registrations.after(place) {
        totals.add(&registration);
        place = registration.ticket();
    }
    totals
}

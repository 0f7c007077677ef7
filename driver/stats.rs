// SPDX-License-Identifier: GPL-2.0

//! What is counted since the module was loaded.
//!
//! Sending and reading count in their own registrations only, so the totals cost them nothing. A
//! total is what the registrations that have ended left here, and what the living have counted.
//! What shows the totals is `sysfs/stats.rs`.

use crate::policy::queue::QueueStats;
use core::ops::AddAssign;
use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        SpinLock, //
    }, //
};

/// What is counted for each registration.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Messages sent to one queue.
    pub(crate) sends: u64,
    /// Messages sent to all queues.
    pub(crate) broadcasts: u64,
    /// What has happened to its queue.
    pub(crate) queue: QueueStats,
}

impl Counts {
    /// Messages sent, however many queues each was put into.
    pub(crate) fn sent(&self) -> u64 {
        self.sends + self.broadcasts
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.sends += other.sends;
        self.broadcasts += other.broadcasts;
        self.queue.received += other.queue.received;
        self.queue.read += other.queue.read;
        self.queue.dropped_overflow += other.queue.dropped_overflow;
        self.queue.dropped_flush += other.queue.dropped_flush;
        self.queue.dropped_end += other.queue.dropped_end;
    }
}

/// Error numbers that are told apart: all that there are below this one.
const ERRORS: usize = 134;

/// The part of the totals that no living registration holds.
#[pin_data]
pub(crate) struct Stats {
    #[pin]
    folded: SpinLock<Counts>,
    errors: [Atomic<u64>; ERRORS],
    truncated: Atomic<u64>,
}

impl Stats {
    /// Nothing yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            folded <- new_spinlock!(Counts::default(), "mq_stats"),
            errors: [const { Atomic::new(0) }; ERRORS],
            truncated: Atomic::new(0),
        })
    }

    /// What registrations have left that have ended.
    pub(crate) fn folded(&self) -> Counts {
        *self.folded.lock()
    }

    /// Adds what a registration has counted that is about to go.
    pub(crate) fn fold(&self, counts: Counts) {
        *self.folded.lock() += counts;
    }

    /// Corrects the totals for a message that was given back by a reader after its registration's
    /// counts had been folded.
    pub(crate) fn turn_read_into_end(&self) {
        let mut folded = self.folded.lock();
        folded.queue.read -= 1;
        folded.queue.dropped_end += 1;
    }

    /// Counts a message sent to one queue by a registration whose counts had been folded.
    pub(crate) fn count_late_send(&self) {
        self.folded.lock().sends += 1;
    }

    /// The same with one sent to all queues.
    pub(crate) fn count_late_broadcast(&self) {
        self.folded.lock().broadcasts += 1;
    }

    /// Counts an operation that failed.
    pub(crate) fn count_error(&self, error: Error) {
        if let Some(count) = self.errors.get(error.to_errno().unsigned_abs() as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Operations that have failed with an error.
    pub(crate) fn errors(&self, error: Error) -> u64 {
        self.errors
            .get(error.to_errno().unsigned_abs() as usize)
            .map_or(0, |count| count.load(Relaxed))
    }

    /// Counts a message of which a reader left the rest.
    pub(crate) fn count_truncated(&self) {
        self.truncated.fetch_add(1, Relaxed);
    }

    /// Messages of which a reader left the rest.
    pub(crate) fn truncated(&self) -> u64 {
        self.truncated.load(Relaxed)
    }
}

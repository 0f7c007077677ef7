// SPDX-License-Identifier: GPL-2.0

//! Totals since the module was loaded, and the files that show them.
//!
//! Sending and reading count in their own registrations only, so the totals cost them nothing. A
//! total is what the registrations that have ended left here, and what the living have counted.

use crate::{
    driver::Driver,
    ffi::attribute::{
        Attribute,
        Attributes, //
    },
    policy::{
        queue::Account,
        registry::Ticket, //
    },
    registration::Registration, //
};
use core::fmt::Write;
use kernel::{
    prelude::*,
    str::Formatter,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// What is counted for each registration; the files have these names, in this order.
const COUNTED: [&CStr; 7] = [
    c"sends",
    c"broadcasts",
    c"deliveries",
    c"reads",
    c"dropped_overflow",
    c"dropped_flush",
    c"dropped_end",
];

const READS: usize = 3;
const DROPPED_END: usize = 6;

type Counts = [u64; COUNTED.len()];

fn counts(registration: &Registration, account: Account) -> Counts {
    let (sends, broadcasts) = registration.sent_by_kind();
    [
        sends,
        broadcasts,
        account.received,
        account.read,
        account.overflowed,
        account.flushed,
        account.orphaned,
    ]
}

/// The errors that are counted, with their files.
const ERRORS: [(&CStr, Error); 10] = [
    (c"refused_eacces", EACCES),
    (c"refused_edquot", EDQUOT),
    (c"refused_eexist", EEXIST),
    (c"refused_efault", EFAULT),
    (c"refused_einval", EINVAL),
    (c"refused_emsgsize", EMSGSIZE),
    (c"refused_enoent", ENOENT),
    (c"refused_enomem", ENOMEM),
    (c"refused_enospc", ENOSPC),
    (c"refused_eperm", EPERM),
];

/// The part of the totals that no living registration holds.
pub(crate) struct Stats {
    past: [Atomic<u64>; COUNTED.len()],
    errors: [Atomic<u64>; ERRORS.len()],
    truncated: Atomic<u64>,
}

impl Stats {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            past: [const { Atomic::new(0) }; COUNTED.len()],
            errors: [const { Atomic::new(0) }; ERRORS.len()],
            truncated: Atomic::new(0),
        }
    }

    /// Keeps what a registration has counted that is about to go, and its queue's last account.
    pub(crate) fn keep(&self, registration: &Registration, account: Account) {
        for (past, count) in self.past.iter().zip(counts(registration, account)) {
            past.fetch_add(count, Relaxed);
        }
    }

    /// Corrects the totals for a message that was given back by a reader after its registration's
    /// counts had been kept.
    pub(crate) fn turn_read_into_end(&self) {
        self.past[READS].fetch_sub(1, Relaxed);
        self.past[DROPPED_END].fetch_add(1, Relaxed);
    }

    /// Counts an operation that failed with an error, if it is one of those that tell something.
    pub(crate) fn count_error(&self, error: Error) {
        for (count, (_, counted)) in self.errors.iter().zip(&ERRORS) {
            if *counted == error {
                count.fetch_add(1, Relaxed);
            }
        }
    }

    /// Counts a message of which a reader left the rest.
    pub(crate) fn count_truncated(&self) {
        self.truncated.fetch_add(1, Relaxed);
    }
}

fn total(driver: &Driver, kind: usize) -> u64 {
    let mut total = driver.stats.past[kind].load(Relaxed);
    let mut place = Ticket::START;
    while let Some(registration) = driver.registrations.after(place) {
        total += counts(&registration, registration.level().account)[kind];
        place = registration.ticket();
    }
    total
}

/// The folder `stats`.
pub(crate) struct StatsFiles(pub(crate) Arc<Driver>);

const FILES: usize = COUNTED.len() + ERRORS.len() + 2;
const TRUNCATED: usize = FILES - 2;

static STATS: [Attribute; FILES] = {
    let mut files = [const { Attribute::new(c"truncated", 0o444) }; FILES];
    let mut at = 0;
    while at < TRUNCATED {
        let name = if at < COUNTED.len() {
            COUNTED[at]
        } else {
            ERRORS[at - COUNTED.len()].0
        };
        files[at] = Attribute::new(name, 0o444);
        at += 1;
    }
    files[FILES - 1] = Attribute::new(c"log_suppressed", 0o444);
    files
};

impl Attributes for StatsFiles {
    fn files() -> &'static [Attribute] {
        &STATS
    }

    fn show(&self, file: usize, out: &mut Formatter<'_>) -> Result {
        let stats = &self.0.stats;
        let value = if file < COUNTED.len() {
            total(&self.0, file)
        } else if file < TRUNCATED {
            stats.errors[file - COUNTED.len()].load(Relaxed)
        } else if file == TRUNCATED {
            stats.truncated.load(Relaxed)
        } else {
            self.0.notices.suppressed()
        };
        writeln!(out, "{value}").map_err(|_| EIO)
    }
}

// SPDX-License-Identifier: GPL-2.0

//! What the driver writes to the kernel log: one line each, limited in rate for each cause by itself.
//!
//! Nothing that users wrote goes into the log, apart from valid names.

use crate::{
    ffi::{
        pid::Pid,
        rate_limit::RateLimit, //
    },
    policy::refusal::Refusal, //
};
use kernel::{
    fmt,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    task::Kuid, //
};

/// Why something is logged.
#[derive(Clone, Copy)]
pub(crate) enum Cause {
    /// A queue was full.
    Overflow,
    /// Messages were discarded when a registration ended.
    Discard,
    /// An administrator flushed or evicted.
    Administration,
    /// A limit kept somebody from registering.
    Limit,
    /// Somebody tried to act for somebody else.
    Intrusion,
}

const CAUSES: usize = 5;

/// The log.
#[pin_data]
pub(crate) struct Notices {
    #[pin]
    limits: [RateLimit; CAUSES],
    suppressed: Atomic<u64>,
}

impl Notices {
    /// With nothing logged so far.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            limits <- pin_init::pin_init_array_from_fn(|_| RateLimit::new()),
            suppressed: Atomic::new(0),
        })
    }

    /// Logs a line, unless there have been too many for the same cause.
    pub(crate) fn give(&self, cause: Cause, line: fmt::Arguments<'_>) {
        if self.limits[cause as usize].allows() {
            pr_notice!("{}\n", line);
        } else {
            self.suppressed.fetch_add(1, Relaxed);
        }
    }

    /// Logs a refusal, if it is one that an operator would want to know of.
    pub(crate) fn give_refusal(&self, refusal: Refusal) {
        let (cause, why) = match refusal {
            Refusal::TableFull => (Cause::Limit, "registering: MAX_DEVICES are registered"),
            Refusal::ShareUsedUp => (
                Cause::Limit,
                "registering: its user's share (MAX_PER_USER) is used up",
            ),
            Refusal::ForeignFile => (
                Cause::Intrusion,
                "registering: another user opened the file",
            ),
            Refusal::NotYours => (
                Cause::Intrusion,
                "unregistering: the name is another process's",
            ),
            _ => return,
        };
        let Ok(pid) = Pid::current() else {
            return;
        };
        self.give(
            cause,
            fmt!(
                "pid {}, uid {}: refused {}",
                pid.number(),
                Kuid::current_euid().into_raw().val,
                why
            ),
        );
    }

    /// Lines that were not logged.
    pub(crate) fn suppressed(&self) -> u64 {
        self.suppressed.load(Relaxed)
    }
}

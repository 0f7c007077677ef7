// SPDX-License-Identifier: GPL-2.0

//! What the driver writes to the kernel log: one line each, limited in rate for each reason by
//! itself.
//!
//! Nothing that users wrote goes into the log, apart from valid names.

use crate::{
    ffi::{
        process_id::ProcessId,
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
pub(crate) enum Reason {
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

const REASONS: usize = Reason::Intrusion as usize + 1;

/// The log.
#[pin_data]
pub(crate) struct Log {
    #[pin]
    limits: [RateLimit; REASONS],
    suppressed: Atomic<u64>,
}

impl Log {
    /// With nothing logged so far.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            limits <- pin_init::pin_init_array_from_fn(|_| RateLimit::new()),
            suppressed: Atomic::new(0),
        })
    }

    /// Logs a line, unless there have been too many for the same reason.
    pub(crate) fn note(&self, reason: Reason, line: fmt::Arguments<'_>) {
        if self.limits[reason as usize].allows() {
            pr_notice!("{}\n", line);
        } else {
            self.suppressed.fetch_add(1, Relaxed);
        }
    }

    /// Logs that messages were dropped because the queue of `name` was full.
    pub(crate) fn note_overflow(&self, name: &str, messages: u64) {
        let line = |line: fmt::Arguments<'_>| self.note(Reason::Overflow, line);
        match messages {
            1 => line(fmt!("{name}: queue is full, oldest message dropped")),
            _ => line(fmt!(
                "{name}: queue is full, {messages} oldest messages dropped"
            )),
        }
    }

    /// Logs a refusal, if it is one that an operator would want to know of.
    pub(crate) fn note_refusal(&self, refusal: Refusal) {
        let (reason, what) = match refusal {
            Refusal::TableFull => (Reason::Limit, "registering: MAX_DEVICES are registered"),
            Refusal::RegistrationsExceeded => (
                Reason::Limit,
                "registering: its user's quota (MAX_PER_USER) is used up",
            ),
            Refusal::BytesExceeded => (
                Reason::Limit,
                "registering: its queue does not fit into what its user may have; \
                 raise MAX_BYTES_PER_USER, or lower QUEUE_BYTES, QUEUE_LEN or CMD_BUF_SIZE",
            ),
            Refusal::TooLarge => (
                Reason::Limit,
                "sending: the message takes more than the receiver's queue may (QUEUE_BYTES)",
            ),
            Refusal::ForeignFile => (
                Reason::Intrusion,
                "registering: another user opened the file",
            ),
            Refusal::NotYours => (
                Reason::Intrusion,
                "unregistering: the name is another process's",
            ),
            _ => return,
        };
        let Ok(pid) = ProcessId::current() else {
            return;
        };
        self.note(
            reason,
            fmt!(
                "pid {}, uid {}: refused {}",
                pid.nr(),
                Kuid::current_euid().into_raw().val,
                what
            ),
        );
    }

    /// Lines that were not logged.
    pub(crate) fn suppressed(&self) -> u64 {
        self.suppressed.load(Relaxed)
    }
}

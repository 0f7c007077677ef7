// SPDX-License-Identifier: GPL-2.0

//! Load for a bounded time, and what must be true while it lasts and after it.
//!
//! Half of the time belongs to everything at once: who reads in each way there is, who sends to one
//! and to all, who registers and is killed at any moment, and who flushes, evicts, changes
//! parameters and reads every file there is. The rest belongs to races of one kind each, which the
//! other traffic would hide: a wake-up that is lost is made good by the next message.

mod dice;
mod everything;
mod execute;
mod ledger;
mod lives;
mod memory;
mod message;
mod polls;
mod receiver;
mod reloads;
mod steerer;
mod threads;
mod watcher;

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use crate::{
    harness::{self, Topic},
    wait,
};

pub use execute::go_on;

/// How long all of it takes, and whether a test has that time alone.
static TIME: OnceLock<(Duration, bool)> = OnceLock::new();

const TESTS: Topic = &[
    (
        "everything at once: order, stamps and accounts are right",
        everything::run,
    ),
    (
        "threads that read one queue: none sleeps on beside a message",
        threads::run,
    ),
    (
        "polls of one file: each is told, whatever the others are told",
        polls::run,
    ),
    (
        "execve by a thread while others want the name: the registration stays",
        execute::run,
    ),
    (
        "loaded and unloaded under traffic: no memory stays behind",
        reloads::run,
    ),
];

/// Runs the tests whose names contain `pattern`; whether they passed.
pub fn run(seconds: &str, pattern: &str) -> bool {
    let Ok(seconds) = seconds.parse() else {
        eprintln!("mq-test: {seconds}: not a number of seconds");
        return false;
    };
    let time = Duration::from_secs(seconds);
    let chosen = TESTS.iter().filter(|(name, _)| name.contains(pattern));
    let is_alone = chosen.count() == 1;
    TIME.set((time, is_alone)).expect("one run a process");
    harness::run(TESTS, pattern, time + 3 * wait::LIMIT)
}

/// When a test is to end that has so many eighths of the time beside others, and starts now.
fn end_of(eighths: u32) -> Instant {
    let &(time, is_alone) = TIME.get().expect("set by run");
    let eighths = if is_alone { 8 } else { eighths };
    Instant::now() + time * eighths / 8
}

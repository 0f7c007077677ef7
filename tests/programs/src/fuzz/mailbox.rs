// SPDX-License-Identifier: GPL-2.0

//! What an actor is told, and what it answers: memory that the processes share, because a socket
//! costs many times more under a kernel full of checks.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::*},
    time::{Duration, Instant},
};

use nix::unistd::Pid;

use super::step::Code;
use crate::sys::shared;

/// More steps than a sequence has.
const ROOM: usize = 64;

/// Told in the place of a step: undo what can be undone.
pub const REST: Code = [0xff; 8];

/// The mailbox of one actor.
pub struct Mailbox {
    /// Steps told so far, and steps carried out.
    counters: &'static [AtomicU32],
    /// The actor's thread, how much it has reached for the first time, and the steps.
    numbers: &'static [AtomicU64],
}

impl Mailbox {
    /// An empty one, which all processes share that are forked from here on.
    pub fn new() -> Self {
        Self {
            counters: shared::counters(2),
            numbers: shared::numbers(2 + ROOM),
        }
    }

    fn told(&self) -> &AtomicU32 {
        &self.counters[0]
    }

    fn done(&self) -> &AtomicU32 {
        &self.counters[1]
    }

    fn thread(&self) -> &AtomicU64 {
        &self.numbers[0]
    }

    fn new_ways(&self) -> &AtomicU64 {
        &self.numbers[1]
    }

    fn step(&self, number: u32) -> &AtomicU64 {
        &self.numbers[2..][number as usize % ROOM]
    }

    /// Makes it as new, for another actor.
    pub fn clear(&self) {
        self.told().store(0, SeqCst);
        self.done().store(0, SeqCst);
    }

    /// Tells the actor of one more step.
    pub fn tell(&self, code: Code) {
        let number = self.told().load(Relaxed);
        self.step(number).store(u64::from_ne_bytes(code), Relaxed);
        self.told().store(number + 1, SeqCst);
        shared::wake(self.told());
    }

    /// Whether the actor has carried out within this time what it was told.
    pub fn settles(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let done = self.done().load(SeqCst);
            if done == self.told().load(Relaxed) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            shared::sleep_while(self.done(), done, left);
        }
    }

    /// The actor's thread.
    pub fn id(&self) -> Pid {
        Pid::from_raw(self.thread().load(SeqCst) as i32)
    }

    /// What the actor has reached for the first time since this was asked last.
    pub fn take_new(&self) -> u64 {
        self.new_ways().swap(0, SeqCst)
    }

    /// Carries out what is told, by `act`, for ever; it says how much it has reached.
    pub fn obey(&self, mut act: impl FnMut(Code) -> u64) -> ! {
        let id = nix::unistd::gettid().as_raw();
        self.thread().store(u64::from(id.unsigned_abs()), SeqCst);
        loop {
            let done = self.done().load(Relaxed);
            if self.told().load(SeqCst) == done {
                shared::sleep_while(self.told(), done, Duration::from_secs(1));
                continue;
            }
            let code = self.step(done).load(Relaxed).to_ne_bytes();
            self.new_ways().fetch_add(act(code), SeqCst);
            self.done().store(done + 1, SeqCst);
            shared::wake(self.done());
        }
    }
}

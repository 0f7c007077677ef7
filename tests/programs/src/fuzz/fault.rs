// SPDX-License-Identifier: GPL-2.0

//! The fault of a step: in its system call, the how-manyth allocation or copy fails.
//!
//! What the step prepares, and what it tidies up after, is the fuzzer's own and does not fail: it
//! would be a finding that is none.

use std::{
    fs::{File, OpenOptions},
    io::Write,
};

/// The switch of the calling thread's faults.
pub struct Fault {
    /// None where the kernel injects no faults.
    switch: Option<File>,
    /// The number of the next, as text: writing it down could be hit, too.
    next: Option<String>,
}

impl Fault {
    /// With nothing ordered.
    pub fn new() -> Self {
        let switch = "/proc/thread-self/fail-nth";
        Self {
            switch: OpenOptions::new().write(true).open(switch).ok(),
            next: None,
        }
    }

    /// What is to fail in the next call, if anything.
    pub fn order(&mut self, nth: Option<u8>) {
        self.next = nth.map(|nth| nth.to_string());
    }

    /// Makes a system call, which the fault that was ordered hits.
    pub fn hits<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let (Some(switch), Some(nth)) = (&mut self.switch, &self.next) else {
            return call();
        };
        let _ = switch.write(nth.as_bytes());
        let result = call();
        // What takes a fault back may be hit by it, and then nothing is left to take back.
        let _ = switch.write(b"0");
        result
    }
}

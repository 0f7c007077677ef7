// SPDX-License-Identifier: GPL-2.0

//! When a message was sent: looked up only while somebody may want to know.
//!
//! Lines do not tell, and the clock costs a twentieth of what a message does. So messages get a
//! time while any file is in the format of records, whoever they are for.

use crate::ffi::{
    clock,
    once::read_once, //
};
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// How many files want to know.
pub(crate) struct Timing(Atomic<usize>);

impl Timing {
    /// None.
    pub(crate) fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// There is one more.
    pub(crate) fn begin(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// There is one fewer.
    pub(crate) fn end(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    /// Nanoseconds since boot, or 0 where nobody wants to know.
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        if read_once(&self.0) == 0 {
            0
        } else {
            clock::boottime()
        }
    }
}

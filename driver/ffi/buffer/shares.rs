// SPDX-License-Identifier: GPL-2.0

//! Sharing the same bytes with many, whose uses are counted many at a time.

use super::{
    pieces,
    Bytes, //
};
use core::mem::ManuallyDrop;
use kernel::sync::atomic::{
    Full,
    Relaxed, //
};

/// Uses that are counted at a time.
const AHEAD: i32 = 64;

/// Bytes that are being shared. Dropping it gives up the uses that are left.
///
/// # Invariants
///
/// The value owns `left` of the users of `bytes`, at least one.
pub(crate) struct Shares {
    bytes: ManuallyDrop<Bytes>,
    left: i32,
}

impl Shares {
    /// Of these bytes.
    pub(crate) fn of(bytes: Bytes) -> Self {
        // INVARIANT: The user that `bytes` is belongs to the new value.
        Self {
            bytes: ManuallyDrop::new(bytes),
            left: 1,
        }
    }

    /// Bytes that are shared.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The same bytes, for one more.
    #[inline(always)]
    pub(crate) fn share(&mut self) -> Bytes {
        if self.left == 1 {
            // INVARIANT: So many are counted here, and an `i32` holds any number that comes up.
            let users = self.bytes.header().users.as_atomic();
            users.fetch_add(AHEAD, Relaxed);
            self.left += AHEAD;
        }
        // INVARIANT: One of the users, of which there are more, belongs to the new value.
        self.left -= 1;
        Bytes(self.bytes.0)
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        let users = self.bytes.header().users.as_atomic();
        if users.fetch_sub(self.left, Full) == self.left {
            // SAFETY: These were the last users of a valid chain.
            unsafe { pieces::free(self.bytes.0) };
        }
    }
}

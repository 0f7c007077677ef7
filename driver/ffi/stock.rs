// SPDX-License-Identifier: GPL-2.0

//! Memory for many messages at a time, in pieces of one size: made before it is needed, or freed
//! together, in fewer steps than one by one.
//!
//! What is in the pieces is the business of `pieces.rs`.

use super::{
    pieces::First,
    shim, //
};
use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::ffi::c_void;

/// Pieces of one size, of which nobody makes use.
///
/// # Invariants
///
/// The first `count` of `pieces` came from the cache `number`, and are nobody else's.
pub(crate) struct Stock {
    number: usize,
    count: usize,
    pieces: [MaybeUninit<*mut c_void>; Self::MAX],
}

impl Stock {
    /// How many it holds at most.
    pub(crate) const MAX: usize = 32;

    /// None.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        // INVARIANT: There are none.
        Self {
            number: 0,
            count: 0,
            pieces: [const { MaybeUninit::uninit() }; Self::MAX],
        }
    }

    /// Has `count` pieces of the size with this number, or as many as it can hold, where it has none
    /// of any size; and none, where there is not enough memory for all. `nowait`: without sleeping
    /// for it.
    #[inline(always)]
    pub(crate) fn fill(&mut self, number: usize, count: usize, nowait: bool) {
        if self.count > 0 {
            return;
        }
        let count = count.min(Self::MAX);
        // CAST: There are few sizes.
        let size = number as u32;
        let pieces = self.pieces.as_mut_ptr().cast();
        // SAFETY: The caches are there as long as there can be messages, and the number is that of
        // one; there is room for as many; this sleeps only if `nowait` is false, and the callers may
        // sleep then.
        if unsafe { shim::mq_alloc_many(size, nowait, count, pieces) } {
            // INVARIANT: The cache has given as many.
            self.number = number;
            self.count = count;
        }
    }

    /// One of them, if they are of the size with this number.
    #[inline(always)]
    pub(super) fn take(&mut self, number: usize) -> Option<NonNull<u8>> {
        if number != self.number {
            return None;
        }
        let last = self.count.checked_sub(1)?;
        // INVARIANT: What is taken is not one of them any more.
        self.count = last;
        // SAFETY: By the type invariants it is initialised.
        let piece = unsafe { self.pieces.get(last)?.assume_init() };
        NonNull::new(piece.cast())
    }

    /// Adds a piece of the size with this number, of which nobody makes use any more. Those that are
    /// of another size, or too many, are freed.
    ///
    /// # Safety
    ///
    /// The piece came from the cache `number`, and nobody uses it any more.
    #[inline(always)]
    pub(super) unsafe fn put(&mut self, number: usize, piece: NonNull<First>) {
        if number != self.number || self.count == Self::MAX {
            self.free();
            self.number = number;
        }
        if let Some(place) = self.pieces.get_mut(self.count) {
            place.write(piece.as_ptr().cast());
            // INVARIANT: The caller says so of the piece that was added.
            self.count += 1;
        }
    }

    #[inline(always)]
    fn free(&mut self) {
        if self.count == 0 {
            return;
        }
        let (number, pieces) = (self.number as u32, self.pieces.as_mut_ptr().cast());
        // SAFETY: By the type invariants these came from that cache, and are not used any more.
        unsafe { shim::mq_free_many(number, self.count, pieces) };
        // INVARIANT: There are none now.
        self.count = 0;
    }
}

impl Drop for Stock {
    #[inline(always)]
    fn drop(&mut self) {
        self.free();
    }
}

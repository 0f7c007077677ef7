// SPDX-License-Identifier: GPL-2.0

//! An array that grows, and is read without a lock while it does.
//!
//! It grows in chunks, which policy's `policy/chunks.rs` tells the sizes of, and never shrinks.

use super::once::read_once;
use crate::policy::chunks::{
    chunk_len,
    locate,
    CHUNKS, //
};
use core::{
    ptr,
    slice, //
};
use kernel::{
    alloc::flags::__GFP_NOWARN,
    prelude::*,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    }, //
};

/// An array with an element for every `EACH` indexes of a chunk.
///
/// # Invariants
///
/// A chunk is null, or an array of `Self::len` elements that lives as long as `self`.
pub(crate) struct Growing<E: Send + Sync + 'static, const EACH: usize> {
    chunks: [Atomic<*mut E>; CHUNKS],
}

// SAFETY: The array owns its elements, which are `Send`.
unsafe impl<E: Send + Sync, const EACH: usize> Send for Growing<E, EACH> {}
// SAFETY: Elements are only lent by shared reference, and are `Sync`; the pointers are atomic.
unsafe impl<E: Send + Sync, const EACH: usize> Sync for Growing<E, EACH> {}

impl<E: Send + Sync, const EACH: usize> Growing<E, EACH> {
    /// An array without elements.
    pub(crate) fn new() -> Self {
        // INVARIANT: All chunks are null.
        Self {
            chunks: [const { Atomic::new(ptr::null_mut()) }; CHUNKS],
        }
    }

    /// Elements of a chunk.
    fn len(chunk: usize) -> usize {
        chunk_len(chunk).div_ceil(EACH)
    }

    /// Makes the elements of a chunk, if they are not there.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn add_chunk(&self, chunk: usize, make: fn() -> E) -> Result {
        let place = self.chunks.get(chunk).ok_or(ENOMEM)?;
        if !place.load(Relaxed).is_null() {
            return Ok(());
        }
        let len = Self::len(chunk);
        let mut elements = KVVec::with_capacity(len, GFP_KERNEL | __GFP_NOWARN)?;
        for _ in 0..len {
            elements.push(make(), GFP_KERNEL)?;
        }
        let (elements, len, capacity) = elements.into_raw_parts();
        // INVARIANT: The array has `Self::len` elements, and is freed by `drop` alone.
        if place.cmpxchg(ptr::null_mut(), elements, Full).is_err() {
            // SAFETY: The parts are those of the vector above, which nobody else has seen.
            drop(unsafe { KVVec::from_raw_parts(elements, len, capacity) });
        }
        Ok(())
    }

    /// The elements of a chunk, if they have been made.
    #[inline(always)]
    pub(crate) fn chunk(&self, chunk: usize) -> Option<&[E]> {
        let elements = read_once(self.chunks.get(chunk)?);
        if elements.is_null() {
            return None;
        }
        // SAFETY: By the type invariants the array has as many elements, and lives as long as
        // `self`.
        Some(unsafe { slice::from_raw_parts(elements, Self::len(chunk)) })
    }

    /// The element for an index.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32) -> Option<&E> {
        let (chunk, at) = locate(index as usize);
        let elements = read_once(self.chunks.get(chunk)?);
        if elements.is_null() {
            return None;
        }
        // SAFETY: By the type invariants the chunk has `chunk_len` elements for every `EACH`
        // indexes, of which `at` is one.
        let element = unsafe { elements.add(at / EACH) };
        // SAFETY: By the type invariants the chunk lives as long as `self`.
        Some(unsafe { &*element })
    }
}

impl<E: Send + Sync, const EACH: usize> Drop for Growing<E, EACH> {
    fn drop(&mut self) {
        for (chunk, place) in self.chunks.iter().enumerate() {
            let elements = place.load(Relaxed);
            if !elements.is_null() {
                let len = Self::len(chunk);
                // SAFETY: By the type invariants this is an array of as many elements; it was made
                // from a vector without spare capacity, and nobody uses it any more.
                drop(unsafe { KVVec::from_raw_parts(elements, len, len) });
            }
        }
    }
}

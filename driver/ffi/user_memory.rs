// SPDX-License-Identifier: GPL-2.0

//! What a system call reads from and writes to: one range of user memory, or several.
//!
//! `read()` and `write()` come with one range, which is the faster way; `readv()`, io_uring and the
//! like come with an iterator. Either is given by value, so that the range can stay in registers.

use super::shim;
use core::{
    ffi::c_void,
    mem::MaybeUninit, //
};
use kernel::iov::{
    IovIterDest,
    IovIterSource, //
};

/// Where what is written comes from.
///
/// # Safety
///
/// Where [`Source::fill`] returns true, it has initialised all of `to`.
pub(crate) unsafe trait Source {
    /// Bytes left.
    fn len(&self) -> usize;

    /// Fills `to` with the next bytes; false if they cannot be read.
    fn fill(&mut self, to: &mut [MaybeUninit<u8>]) -> bool;
}

/// Where what is read goes to.
pub(crate) trait Destination {
    /// Bytes of room left.
    fn len(&self) -> usize;

    /// Writes all of `from`; false if some of it cannot be written.
    fn put(&mut self, from: &[u8]) -> bool;
}

// SAFETY: `copy_from_iter_raw` returns the part of its argument that it has initialised.
unsafe impl Source for &mut IovIterSource<'_> {
    fn len(&self) -> usize {
        IovIterSource::len(self)
    }

    fn fill(&mut self, to: &mut [MaybeUninit<u8>]) -> bool {
        let wanted = to.len();
        self.copy_from_iter_raw(to).len() == wanted
    }
}

impl Destination for &mut IovIterDest<'_> {
    fn len(&self) -> usize {
        IovIterDest::len(self)
    }

    fn put(&mut self, from: &[u8]) -> bool {
        self.copy_to_iter(from) == from.len()
    }
}

/// One range of user memory. Whether it is the caller's is checked with each copy.
pub(crate) struct UserRange {
    at: *mut c_void,
    left: usize,
}

impl UserRange {
    /// The range of `len` bytes from `at` on.
    #[inline(always)]
    pub(super) fn new(at: *mut c_void, len: usize) -> Self {
        Self { at, left: len }
    }

    /// Goes on by `count` bytes, if there are as many, and returns where they start.
    #[inline(always)]
    fn advance(&mut self, count: usize) -> Option<*mut c_void> {
        let at = self.at;
        self.left = self.left.checked_sub(count)?;
        self.at = at.wrapping_byte_add(count);
        Some(at)
    }
}

// SAFETY: `mq_copy_from_user` writes all bytes, or says how many it has not.
unsafe impl Source for UserRange {
    #[inline(always)]
    fn len(&self) -> usize {
        self.left
    }

    #[inline(always)]
    fn fill(&mut self, to: &mut [MaybeUninit<u8>]) -> bool {
        let Some(at) = self.advance(to.len()) else {
            return false;
        };
        // SAFETY: `to` can be written to, and has as many bytes; the other address may be any.
        let left = unsafe { shim::mq_copy_from_user(to.as_mut_ptr().cast(), at, to.len()) };
        left == 0
    }
}

impl Destination for UserRange {
    #[inline(always)]
    fn len(&self) -> usize {
        self.left
    }

    #[inline(always)]
    fn put(&mut self, from: &[u8]) -> bool {
        let Some(at) = self.advance(from.len()) else {
            return false;
        };
        // SAFETY: `from` can be read, and has as many bytes; the other address may be any.
        let left = unsafe { shim::mq_copy_to_user(at, from.as_ptr().cast(), from.len()) };
        left == 0
    }
}

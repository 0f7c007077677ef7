// SPDX-License-Identifier: GPL-2.0

//! What a system call reads from and writes to: one range of user memory, or several.
//!
//! `read()` and `write()` come with one range, which is the faster way; `readv()`, io_uring and the
//! like come with an iterator.

use core::mem::MaybeUninit;
use kernel::{
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    uaccess::{
        UserSliceReader,
        UserSliceWriter, //
    }, //
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
unsafe impl Source for IovIterSource<'_> {
    fn len(&self) -> usize {
        IovIterSource::len(self)
    }

    fn fill(&mut self, to: &mut [MaybeUninit<u8>]) -> bool {
        let wanted = to.len();
        self.copy_from_iter_raw(to).len() == wanted
    }
}

// SAFETY: `read_raw` initialises all of its argument unless it fails.
unsafe impl Source for UserSliceReader {
    #[inline]
    fn len(&self) -> usize {
        UserSliceReader::len(self)
    }

    #[inline]
    fn fill(&mut self, to: &mut [MaybeUninit<u8>]) -> bool {
        self.read_raw(to).is_ok()
    }
}

impl Destination for IovIterDest<'_> {
    fn len(&self) -> usize {
        IovIterDest::len(self)
    }

    fn put(&mut self, from: &[u8]) -> bool {
        self.copy_to_iter(from) == from.len()
    }
}

impl Destination for UserSliceWriter {
    #[inline]
    fn len(&self) -> usize {
        UserSliceWriter::len(self)
    }

    #[inline]
    fn put(&mut self, from: &[u8]) -> bool {
        self.write_slice(from).is_ok()
    }
}

// SPDX-License-Identifier: GPL-2.0

//! What a system call reads from and writes to: one range of user memory, or several.
//!
//! `read()` and `write()` come with one range, which is the faster way; `readv()`, io_uring and the
//! like come with an iterator. Either is given by value, so that the range can stay in registers.

use super::shim;
use crate::policy::uapi::{
    ReceivedHeader,
    SendHeader,
    ALIGN, //
};
use core::{
    ffi::c_void,
    mem::MaybeUninit,
    slice, //
};
use kernel::{
    error::to_result,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*, //
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

    /// The header of a record; `None` if it cannot be read.
    #[inline(always)]
    fn send_header(&mut self) -> Option<SendHeader> {
        Some(SendHeader::from_bytes(&array(self)?))
    }
}

/// The next bytes of a source.
pub(crate) struct Part<'a, S> {
    of: &'a mut S,
    left: usize,
}

impl<'a, S: Source> Part<'a, S> {
    /// The next `len` bytes, or as many as there are.
    #[inline(always)]
    pub(crate) fn new(of: &'a mut S, len: usize) -> Self {
        let left = len.min(of.len());
        Self { of, left }
    }
}

// SAFETY: What the source says of `to` holds for it.
unsafe impl<S: Source> Source for Part<'_, S> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.left
    }

    #[inline(always)]
    fn fill(&mut self, to: &mut [MaybeUninit<u8>]) -> bool {
        let Some(left) = self.left.checked_sub(to.len()) else {
            return false;
        };
        self.left = left;
        self.of.fill(to)
    }
}

/// Fills `to` with the next bytes of a source.
///
/// # Errors
///
/// `EFAULT`.
pub(crate) fn fill(from: &mut impl Source, to: &mut [u8]) -> Result {
    for byte in to {
        let [next] = array(from).ok_or(EFAULT)?;
        *byte = next;
    }
    Ok(())
}

/// Passes over the padding of a record: fewer than [`ALIGN`] bytes.
///
/// # Errors
///
/// `EFAULT`.
#[inline(always)]
pub(crate) fn skip_padding(from: &mut impl Source, padding: usize) -> Result {
    if padding == 0 {
        return Ok(());
    }
    fill(from, &mut [0; ALIGN][..padding])
}

/// The next `SIZE` bytes of a source; `None` if they cannot be read.
#[inline(always)]
pub(crate) fn array<const SIZE: usize>(from: &mut (impl Source + ?Sized)) -> Option<[u8; SIZE]> {
    let mut bytes = [0; SIZE];
    // SAFETY: What is initialised may be taken for what need not be, and `fill` only initialises.
    let to = unsafe { slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), SIZE) };
    from.fill(to).then_some(bytes)
}

/// Where what is read goes to.
pub(crate) trait Destination {
    /// Bytes of room left.
    fn len(&self) -> usize;

    /// Writes all of `from`; false if some of it cannot be written.
    fn put(&mut self, from: &[u8]) -> bool;

    /// Writes a record of `size` bytes: its header, its text, and zero bytes behind it; false if some
    /// of it cannot be written.
    #[inline(always)]
    fn put_record(&mut self, size: usize, header: &Header, text: &[u8]) -> bool {
        let padding = size - header.len() - text.len();
        self.put(header) && self.put(text) && (padding == 0 || self.put(&[0; ALIGN][..padding]))
    }
}

/// The header of a record.
type Header = [u8; ReceivedHeader::SIZE];

const _: () = assert!(SendHeader::SIZE == shim::MQ_SEND_SIZE as usize);
const _: () = assert!(ReceivedHeader::SIZE == shim::MQ_RECEIVED_SIZE as usize);

impl<D: Destination> Destination for &mut D {
    #[inline(always)]
    fn len(&self) -> usize {
        D::len(self)
    }

    #[inline(always)]
    fn put(&mut self, from: &[u8]) -> bool {
        D::put(self, from)
    }

    #[inline(always)]
    fn put_record(&mut self, size: usize, header: &Header, text: &[u8]) -> bool {
        D::put_record(self, size, header, text)
    }
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

    /// The range of `len` bytes from an address on that was handed in as a number.
    ///
    /// # Errors
    ///
    /// `EFAULT` if no address is as large.
    pub(crate) fn from_address(at: u64, len: usize) -> Result<Self> {
        let at = usize::try_from(at).map_err(|_| EFAULT)?;
        Ok(Self::new(at as *mut c_void, len))
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

    #[inline(always)]
    fn send_header(&mut self) -> Option<SendHeader> {
        let at = self.advance(SendHeader::SIZE)?;
        let mut words = [0_u64; SendHeader::SIZE / size_of::<u64>()];
        // SAFETY: There are `MQ_SEND_SIZE` bytes to be written to, aligned for words; the other
        // address may be any.
        let is_read = unsafe { shim::mq_get_send_header(words.as_mut_ptr().cast(), at) };
        is_read.then(|| SendHeader::from_words(words))
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

    #[inline(always)]
    fn put_record(&mut self, size: usize, header: &Header, text: &[u8]) -> bool {
        debug_assert!(size == (header.len() + text.len()).next_multiple_of(ALIGN));
        let Some(at) = self.advance(size) else {
            return false;
        };
        let (header, len) = (header.as_ptr().cast(), text.len());
        // SAFETY: Header and text can be read; the header has `MQ_RECEIVED_SIZE` bytes, and the text
        // as many as is said; the other address may be any.
        unsafe { shim::mq_put_record(at, size, header, text.as_ptr().cast(), len) }
    }
}

/// The argument of an `ioctl`: a structure in user memory, in the size that the caller knows.
pub(crate) struct Argument {
    at: *mut c_void,
    size: usize,
}

impl Argument {
    /// That of `size` bytes at `at`.
    pub(super) fn new(at: *mut c_void, size: usize) -> Self {
        Self { at, size }
    }

    /// The structure in the size that is known here, of which the caller's has to have the first
    /// `least` bytes. What it lacks behind them is zero.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is too small; `E2BIG` if it is larger, and not zero there; `EFAULT`.
    pub(crate) fn read<const SIZE: usize>(&self, least: usize) -> Result<[u8; SIZE]> {
        if self.size < least {
            return Err(EINVAL);
        }
        let mut bytes = [0; SIZE];
        // SAFETY: There are as many bytes to be written to; the other address may be any.
        to_result(unsafe {
            shim::mq_copy_struct_from_user(bytes.as_mut_ptr().cast(), SIZE, self.at, self.size)
        })?;
        Ok(bytes)
    }
}

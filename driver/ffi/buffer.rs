// SPDX-License-Identifier: GPL-2.0

//! Bytes that are copied in once and then shared, in pieces of kernel memory.
//!
//! The kernel crate's `Arc` wants a type of known size, so bytes of any length behind it would take
//! two allocations and two steps to reach. Here the count stands in front of the bytes. How large
//! the pieces are is policy's (`policy/segments.rs`).

use super::{
    shim,
    user_memory::{
        Destination,
        Source, //
    }, //
};
use crate::policy::segments;
use core::{
    mem::{
        self,
        ManuallyDrop,
        MaybeUninit, //
    },
    ops::Range,
    ptr::NonNull,
    slice, //
};
use kernel::{
    prelude::*,
    sync::Refcount, //
};

/// What stands at the start of the first piece.
#[repr(C)]
struct First {
    next: Option<NonNull<Next>>,
    users: Refcount,
    /// Bytes in all pieces together.
    len: u32,
    /// Where what is shared ends.
    end: u32,
    /// Where what is shared starts.
    start: u16,
    /// The memory of all pieces together, in units of the smallest.
    units: u16,
}

/// What stands at the start of every other piece.
#[repr(C)]
struct Next {
    next: Option<NonNull<Next>>,
}

/// The largest chain, whose memory a `u16` still tells.
const LEN_MAX: usize = 128 << 10;

const _: () = assert!(segments::memory(LEN_MAX) / segments::PIECE_MIN <= u16::MAX as usize);
const _: () = assert!(mem::size_of::<First>() == segments::FIRST_HEADER);
const _: () = assert!(mem::size_of::<Next>() == segments::HEADER);

/// Bytes that one owner may still change.
///
/// # Invariants
///
/// - The pointer is that of the first of a chain of pieces, each from `mq_alloc` with a size as
///   `segments` says for `len` bytes.
/// - All `len` bytes behind the headers are initialised.
/// - Nobody else uses the chain.
pub(crate) struct Buffer(NonNull<First>);

/// Bytes that many may read.
///
/// # Invariants
///
/// - The pointer is that of a chain as [`Buffer`] has it, whose bytes nobody changes.
/// - `start <= end <= len`.
/// - The value owns one of `users`.
pub(crate) struct Bytes(NonNull<First>);

// SAFETY: Nobody else has access to the bytes.
unsafe impl Send for Buffer {}
// SAFETY: The bytes do not change, and the count is atomic.
unsafe impl Send for Bytes {}
// SAFETY: The bytes do not change, and the count is atomic.
unsafe impl Sync for Bytes {}

/// The bytes of a chain, piece by piece.
struct Pieces {
    /// The bytes of the piece that comes next, and what follows it.
    at: Option<(NonNull<u8>, usize, Option<NonNull<Next>>)>,
    /// Bytes that are in none of the pieces up to that one.
    left: usize,
}

impl Pieces {
    /// # Safety
    ///
    /// `first` is the first of a chain as [`Buffer`] has it, but for the bytes, which need not be
    /// initialised; it stays valid as long as the pieces are used.
    unsafe fn of(first: NonNull<First>) -> Self {
        // SAFETY: `first` is valid.
        let header = unsafe { first.as_ref() };
        let len = header.len as usize;
        let here = len.min(segments::first(len) - segments::FIRST_HEADER);
        Self {
            // SAFETY: The bytes begin behind the header, in the same allocation.
            at: Some((unsafe { first.add(1) }.cast(), here, header.next)),
            left: len - here,
        }
    }
}

impl Iterator for Pieces {
    type Item = (NonNull<u8>, usize);

    fn next(&mut self) -> Option<(NonNull<u8>, usize)> {
        let (bytes, len, next) = self.at.take()?;
        if let Some(next) = next {
            let here = self.left.min(segments::next(self.left) - segments::HEADER);
            self.left -= here;
            // SAFETY: By the contract of `of` all pieces of the chain are valid.
            let after = unsafe { next.as_ref() }.next;
            // SAFETY: The bytes begin behind the header, in the same allocation.
            self.at = Some((unsafe { next.add(1) }.cast(), here, after));
        }
        Some((bytes, len))
    }
}

/// A piece of this many bytes, charged to the caller; `nowait`: without sleeping for it.
fn allocate(size: usize, nowait: bool) -> Option<NonNull<u8>> {
    // SAFETY: `mq_alloc` may be called with any size, and sleeps only if `nowait` is false; the
    // callers may sleep then.
    NonNull::new(unsafe { shim::mq_alloc(size, nowait) }.cast())
}

/// Frees a chain.
///
/// # Safety
///
/// `first` is the first of a chain as [`Buffer`] has it, but for the bytes, and nobody uses it any
/// more.
unsafe fn free(first: NonNull<First>) {
    // SAFETY: The chain is valid.
    let mut next = unsafe { first.as_ref() }.next;
    // SAFETY: The piece came from `mq_alloc`, and is not used any more.
    unsafe { shim::mq_free(first.as_ptr().cast()) };
    while let Some(piece) = next {
        // SAFETY: The chain is valid up to here; only pieces before this one have been freed.
        next = unsafe { piece.as_ref() }.next;
        // SAFETY: The piece came from `mq_alloc`, and is not used any more.
        unsafe { shim::mq_free(piece.as_ptr().cast()) };
    }
}

impl Buffer {
    /// `BEFORE` zero bytes, then all that `from` gives, then `AFTER` zero bytes.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or `EAGAIN` with `nowait`; `EFAULT` if not all could be read.
    #[inline(always)]
    pub(crate) fn copy_in<const BEFORE: usize, const AFTER: usize>(
        from: &mut impl Source,
        nowait: bool,
    ) -> Result<Self> {
        let given = from.len();
        let len = given + BEFORE + AFTER;
        if len > segments::PAGE - segments::FIRST_HEADER {
            return Self::copy_in_pieces(BEFORE, from, AFTER, nowait);
        }
        let first = Self::first(len, nowait).ok_or(if nowait { EAGAIN } else { ENOMEM })?;
        // SAFETY: The bytes begin behind the header, in the same allocation.
        let bytes = unsafe { first.add(1) }.cast::<u8>();
        // SAFETY: There are `len` bytes, of which these are the first.
        unsafe { bytes.cast::<[u8; BEFORE]>().write([0; BEFORE]) };
        // SAFETY: There are `len` bytes, so these lie in the same allocation.
        let middle = unsafe { bytes.add(BEFORE) }.cast::<MaybeUninit<u8>>();
        // SAFETY: There are as many bytes; nobody else uses them, and they need not be initialised.
        let middle = unsafe { slice::from_raw_parts_mut(middle.as_ptr(), given) };
        if !from.fill(middle) {
            // SAFETY: The chain was made above; bytes have no destructor.
            unsafe { free(first) };
            return Err(EFAULT);
        }
        // SAFETY: There are `len` bytes, so these lie in the same allocation.
        let back = unsafe { bytes.add(BEFORE + given) }.cast::<[u8; AFTER]>();
        // SAFETY: These are the last of the bytes, and nobody else uses them.
        unsafe { back.write([0; AFTER]) };
        // INVARIANT: The piece came from `first`; all three parts have been initialised; nobody else
        // knows of it.
        Ok(Self(first))
    }

    #[cold]
    #[inline(never)]
    fn copy_in_pieces(
        before: usize,
        from: &mut impl Source,
        after: usize,
        nowait: bool,
    ) -> Result<Self> {
        let mut skip = before;
        let mut wanted = from.len();
        let len = wanted.checked_add(before + after).ok_or(ENOMEM)?;
        let first = Self::chain(len, nowait).ok_or(if nowait { EAGAIN } else { ENOMEM })?;
        // SAFETY: The chain was just made.
        for (bytes, len) in unsafe { Pieces::of(first) } {
            // SAFETY: The piece has as many bytes, which nobody else uses; they need not be
            // initialised.
            let piece = unsafe { slice::from_raw_parts_mut(bytes.cast().as_ptr(), len) };
            let (front, rest) = piece.split_at_mut(skip.min(len));
            skip -= front.len();
            let (middle, back) = rest.split_at_mut(wanted.min(rest.len()));
            wanted -= middle.len();
            front.fill(MaybeUninit::new(0));
            back.fill(MaybeUninit::new(0));
            if !middle.is_empty() && !from.fill(middle) {
                // SAFETY: The chain was made above; bytes have no destructor.
                unsafe { free(first) };
                return Err(EFAULT);
            }
        }
        // INVARIANT: Every piece came from `chain`; the front, the middle and the back of each have
        // been initialised; nobody else knows of the chain.
        Ok(Self(first))
    }

    /// The first piece of a chain for `len` bytes, which are not initialised.
    #[inline(always)]
    fn first(len: usize, nowait: bool) -> Option<NonNull<First>> {
        if len > LEN_MAX {
            return None;
        }
        let first = allocate(segments::first(len), nowait)?.cast::<First>();
        let header = First {
            next: None,
            users: Refcount::new(1),
            // CAST: `LEN_MAX` is much less.
            len: len as u32,
            end: 0,
            start: 0,
            // CAST: It is so for `LEN_MAX`, of which there is nothing larger.
            units: (segments::memory(len) / segments::PIECE_MIN) as u16,
        };
        // SAFETY: The piece is large enough for the header, and aligned for it.
        unsafe { first.write(header) };
        Some(first)
    }

    /// A chain for `len` bytes, which are not initialised.
    fn chain(len: usize, nowait: bool) -> Option<NonNull<First>> {
        let first = Self::first(len, nowait)?;
        let mut left = len.saturating_sub(segments::first(len) - segments::FIRST_HEADER);
        // SAFETY: The header is initialised, and nobody else uses it.
        let mut tail = unsafe { &mut (*first.as_ptr()).next };
        while left > 0 {
            let size = segments::next(left);
            let Some(piece) = allocate(size, nowait).map(NonNull::cast::<Next>) else {
                // SAFETY: The chain ends with the last piece that there was memory for.
                unsafe { free(first) };
                return None;
            };
            // SAFETY: The piece is large enough for the header, and aligned for it.
            unsafe { piece.write(Next { next: None }) };
            *tail = Some(piece);
            // SAFETY: The header is initialised, and nobody else uses it.
            tail = unsafe { &mut (*piece.as_ptr()).next };
            left = left.saturating_sub(size - segments::HEADER);
        }
        Some(first)
    }

    /// The bytes of the first piece: all there are, or as many as fit into a page.
    #[inline(always)]
    pub(crate) fn head(&self) -> &[u8] {
        // SAFETY: The chain is valid by the type invariants.
        let (bytes, len) = unsafe { first_piece(self.0) };
        // SAFETY: By the type invariants the bytes are initialised and do not change as long as
        // `self` is borrowed.
        unsafe { slice::from_raw_parts(bytes.as_ptr(), len) }
    }

    /// The bytes of the first piece, to be changed.
    #[inline(always)]
    pub(crate) fn head_mut(&mut self) -> &mut [u8] {
        // SAFETY: The chain is valid by the type invariants.
        let (bytes, len) = unsafe { first_piece(self.0) };
        // SAFETY: By the type invariants the bytes are initialised, and nobody else uses them.
        unsafe { slice::from_raw_parts_mut(bytes.as_ptr(), len) }
    }

    /// The pieces.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        // SAFETY: The chain is valid by the type invariants, as long as `self` is borrowed.
        unsafe { Pieces::of(self.0) }.map(|(bytes, len)| {
            // SAFETY: By the type invariants the bytes are initialised and do not change as long
            // as `self` is borrowed.
            unsafe { slice::from_raw_parts(bytes.as_ptr(), len) }
        })
    }

    /// A byte; 0 behind the end.
    #[inline(always)]
    pub(crate) fn get(&self, at: usize) -> u8 {
        if let Some(&byte) = self.head().get(at) {
            return byte;
        }
        self.find(at, |_| true).map_or(0, |(_, byte)| byte)
    }

    /// Changes a byte; nothing behind the end.
    #[inline(always)]
    pub(crate) fn set(&mut self, mut at: usize, value: u8) {
        if let Some(byte) = self.head_mut().get_mut(at) {
            *byte = value;
            return;
        }
        // SAFETY: The chain is valid by the type invariants.
        for (bytes, len) in unsafe { Pieces::of(self.0) } {
            if at < len {
                // SAFETY: The byte lies in this piece.
                let byte = unsafe { bytes.add(at) };
                // SAFETY: By the type invariants nobody else uses it.
                unsafe { byte.write(value) };
                return;
            }
            at -= len;
        }
    }

    /// The first byte from position `from` on that is `wanted`, and its position.
    pub(crate) fn find(&self, from: usize, wanted: impl Fn(u8) -> bool) -> Option<(usize, u8)> {
        let mut passed = 0;
        for piece in self.pieces() {
            let skip = from.saturating_sub(passed).min(piece.len());
            let found = piece[skip..].iter().position(|&byte| wanted(byte));
            if let Some(at) = found {
                return Some((passed + skip + at, piece[skip + at]));
            }
            passed += piece.len();
        }
        None
    }

    /// Gives up the right to change the bytes, and shares `part` of them; at most all there are. It
    /// starts within the first 64 KiB.
    #[inline(always)]
    pub(crate) fn share(self, part: Range<usize>) -> Bytes {
        let mut first = ManuallyDrop::new(self).0;
        // SAFETY: By the type invariants nobody else uses the header.
        let header = unsafe { first.as_mut() };
        // CAST: `len` is a `u32`, and the end is not larger.
        header.end = part.end.min(header.len as usize) as u32;
        // CAST: Not larger than `u16::MAX` after this.
        header.start = part.start.min(header.end as usize).min(u16::MAX.into()) as u16;
        // INVARIANT: The chain was a `Buffer`, which is gone, so nobody changes it; the bounds were
        // just set; `users` has been 1 since the chain was made.
        Bytes(first)
    }
}

/// # Safety
///
/// `first` is the first of a valid chain.
#[inline(always)]
unsafe fn first_piece(first: NonNull<First>) -> (NonNull<u8>, usize) {
    // SAFETY: `first` is valid.
    let len = unsafe { first.as_ref() }.len as usize;
    let here = len.min(segments::PAGE - segments::FIRST_HEADER);
    // SAFETY: The bytes begin behind the header, in the same allocation.
    (unsafe { first.add(1) }.cast(), here)
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the chain is ours alone.
        unsafe { free(self.0) };
    }
}

impl Bytes {
    fn header(&self) -> &First {
        // SAFETY: The chain is valid by the type invariants.
        unsafe { self.0.as_ref() }
    }

    /// Bytes that are shared.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        let header = self.header();
        header.end as usize - header.start as usize
    }

    /// Bytes of memory that all of it takes.
    #[inline(always)]
    pub(crate) fn memory(&self) -> usize {
        self.header().units as usize * segments::PIECE_MIN
    }

    /// Writes `count` bytes from position `from` on to `to`, or as many as there are; false if
    /// some of them cannot be written.
    #[inline(always)]
    pub(crate) fn copy_out(&self, from: usize, count: usize, to: &mut impl Destination) -> bool {
        let header = self.header();
        if header.next.is_none() {
            let end = header.end as usize;
            let start = end.min(header.start as usize + from);
            let count = count.min(end - start);
            // SAFETY: The bytes begin behind the header, in the same allocation.
            let bytes = unsafe { self.0.add(1) }.cast::<u8>();
            // SAFETY: `start <= end <= len`, and all bytes are in this piece.
            let part = unsafe { bytes.add(start) };
            // SAFETY: By the type invariants all up to `end` are initialised and do not change.
            let piece = unsafe { slice::from_raw_parts(part.as_ptr(), count) };
            return to.put(piece);
        }
        self.copy_out_pieces(from, count, to)
    }

    #[cold]
    #[inline(never)]
    fn copy_out_pieces(&self, from: usize, count: usize, to: &mut impl Destination) -> bool {
        let header = self.header();
        let mut skip = header.start as usize + from;
        let mut left = count.min((header.end as usize).saturating_sub(skip));
        // SAFETY: The chain is valid by the type invariants, as long as `self` is borrowed.
        for (bytes, len) in unsafe { Pieces::of(self.0) } {
            // SAFETY: By the type invariants the bytes are initialised and do not change.
            let piece = unsafe { slice::from_raw_parts(bytes.as_ptr(), len) };
            let here = &piece[skip.min(len)..];
            skip -= len - here.len();
            let here = &here[..left.min(here.len())];
            if !here.is_empty() && !to.put(here) {
                return false;
            }
            left -= here.len();
            if left == 0 {
                break;
            }
        }
        true
    }
}

impl Clone for Bytes {
    #[inline(always)]
    fn clone(&self) -> Self {
        self.header().users.inc();
        // INVARIANT: The user just counted is the new value.
        Self(self.0)
    }
}

impl Drop for Bytes {
    #[inline(always)]
    fn drop(&mut self) {
        if self.header().users.dec_and_test() {
            // SAFETY: This was the last user of a valid chain.
            unsafe { free(self.0) };
        }
    }
}

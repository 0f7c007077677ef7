// SPDX-License-Identifier: GPL-2.0

//! Bytes that are copied in once and then shared.
//!
//! The kernel crate's `Arc` wants a type of known size, so bytes of any length behind it would take
//! two allocations and two steps to reach. Here the count stands in front of the bytes. The memory
//! is the business of `pieces.rs`.

mod shares;

pub(crate) use shares::Shares;

use super::{
    once::read_acquire,
    pieces::{
        self,
        First,
        Pieces,
        Shared, //
    },
    stock::Stock,
    user_memory::{
        Destination,
        Source, //
    }, //
};
use crate::policy::{
    message::{
        Line,
        Stamp, //
    },
    segments, //
};
use core::{
    mem::{
        ManuallyDrop,
        MaybeUninit, //
    },
    ptr::NonNull,
    slice, //
};
use kernel::prelude::*;

/// Bytes that one owner may still change.
///
/// # Invariants
///
/// - `first` is the first of a chain from `pieces`, which has `here` of its bytes.
/// - All bytes of the chain are initialised.
/// - Nobody else uses the chain.
pub(crate) struct Buffer {
    first: NonNull<First>,
    here: usize,
}

/// Bytes that many may read.
///
/// # Invariants
///
/// - The pointer is that of a chain as [`Buffer`] has it, whose bytes nobody changes.
/// - `shared` in its header is initialised; `start <= text`, and `start <= cut <= cut + text - start
///   <= len`, with the bytes up to `text` in the first piece.
/// - The value owns one of `users`.
pub(crate) struct Bytes(NonNull<First>);

// SAFETY: Nobody else has access to the bytes.
unsafe impl Send for Buffer {}
// SAFETY: The bytes do not change, and the count is atomic.
unsafe impl Send for Bytes {}
// SAFETY: The bytes do not change, and the count is atomic.
unsafe impl Sync for Bytes {}

impl Buffer {
    /// `BEFORE` zero bytes, then all that `from` gives, then `AFTER` zero bytes. The memory is from
    /// the stock, if that has some of that size.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or `EAGAIN` with `nowait`; `EFAULT` if not all could be read.
    #[inline(always)]
    pub(crate) fn copy_in<const BEFORE: usize, const AFTER: usize>(
        mut from: impl Source,
        nowait: bool,
        stock: Option<&mut Stock>,
    ) -> Result<Self> {
        let given = from.len();
        let len = given + BEFORE + AFTER;
        if segments::head(len) < len {
            return Self::copy_in_pieces(BEFORE, from, AFTER, nowait);
        }
        let first = pieces::first(len, nowait, stock);
        let first = first.ok_or(if nowait { EAGAIN } else { ENOMEM })?;
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
            unsafe { pieces::free(first) };
            return Err(EFAULT);
        }
        // SAFETY: There are `len` bytes, so these lie in the same allocation.
        let back = unsafe { bytes.add(BEFORE + given) }.cast::<[u8; AFTER]>();
        // SAFETY: These are the last of the bytes, and nobody else uses them.
        unsafe { back.write([0; AFTER]) };
        // INVARIANT: The piece came from `pieces` and has all bytes; all three parts have been
        // initialised; nobody else knows of it.
        Ok(Self { first, here: len })
    }

    #[cold]
    #[inline(never)]
    fn copy_in_pieces(
        before: usize,
        mut from: impl Source,
        after: usize,
        nowait: bool,
    ) -> Result<Self> {
        let mut skip = before;
        let mut wanted = from.len();
        let len = wanted.checked_add(before + after).ok_or(ENOMEM)?;
        let first = pieces::chain(len, nowait).ok_or(if nowait { EAGAIN } else { ENOMEM })?;
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
                unsafe { pieces::free(first) };
                return Err(EFAULT);
            }
        }
        let here = segments::head(len);
        // INVARIANT: The chain came from `pieces`; the front, the middle and the back of each piece
        // have been initialised; nobody else knows of the chain.
        Ok(Self { first, here })
    }

    /// The bytes of the first piece: all there are, or as many as fit into a page.
    #[inline(always)]
    pub(crate) fn head(&self) -> &[u8] {
        // SAFETY: The bytes begin behind the header, in the same allocation.
        let bytes = unsafe { self.first.add(1) }.cast::<u8>();
        // SAFETY: By the type invariants these bytes are there, are initialised, and do not change
        // as long as `self` is borrowed.
        unsafe { slice::from_raw_parts(bytes.as_ptr(), self.here) }
    }

    /// The bytes of the first piece, to be changed.
    #[inline(always)]
    pub(crate) fn head_mut(&mut self) -> &mut [u8] {
        // SAFETY: The bytes begin behind the header, in the same allocation.
        let bytes = unsafe { self.first.add(1) }.cast::<u8>();
        // SAFETY: By the type invariants these bytes are there and initialised, and nobody else uses
        // them.
        unsafe { slice::from_raw_parts_mut(bytes.as_ptr(), self.here) }
    }

    /// A byte; 0 behind the end.
    #[inline(always)]
    pub(crate) fn get(&self, at: usize) -> u8 {
        if let Some(&byte) = self.head().get(at) {
            return byte;
        }
        // SAFETY: The chain is valid by the type invariants.
        let place = unsafe { pieces::place(self.first, at) };
        // SAFETY: By the type invariants the byte is initialised, and does not change now.
        place.map_or(0, |byte| unsafe { byte.read() })
    }

    /// Changes a byte; nothing behind the end.
    #[inline(always)]
    pub(crate) fn set(&mut self, at: usize, value: u8) {
        if let Some(byte) = self.head_mut().get_mut(at) {
            *byte = value;
            return;
        }
        // SAFETY: The chain is valid by the type invariants.
        if let Some(byte) = unsafe { pieces::place(self.first, at) } {
            // SAFETY: By the type invariants nobody else uses the byte.
            unsafe { byte.write(value) };
        }
    }

    /// The first byte from position `from` on that is `wanted`, and its position.
    pub(crate) fn find(&self, from: usize, wanted: impl Fn(u8) -> bool) -> Option<(usize, u8)> {
        let mut passed = 0;
        // SAFETY: The chain is valid by the type invariants, as long as `self` is borrowed.
        for (bytes, len) in unsafe { Pieces::of(self.first) } {
            // SAFETY: By the type invariants the bytes are initialised and do not change as long
            // as `self` is borrowed.
            let piece = unsafe { slice::from_raw_parts(bytes.as_ptr(), len) };
            let skip = from.saturating_sub(passed).min(len);
            let found = piece[skip..].iter().position(|&byte| wanted(byte));
            if let Some(at) = found {
                return Some((passed + skip + at, piece[skip + at]));
            }
            passed += len;
        }
        None
    }

    /// Gives up the right to change the bytes, and shares a line of them, with a stamp on it.
    #[inline(always)]
    pub(crate) fn share(self, line: Line, stamp: Stamp) -> Bytes {
        let here = self.here;
        let mut first = ManuallyDrop::new(self).first;
        // SAFETY: By the type invariants nobody else uses the header.
        let header = unsafe { first.as_mut() };
        let behind = (header.len as usize).wrapping_sub(line.end);
        let cut = behind.wrapping_add(line.start.into());
        let (start, text, cut) = match u8::try_from(cut) {
            Ok(cut_u8)
                if line.start <= cut_u8
                    && line.start <= line.text
                    && cut + usize::from(line.text - line.start) <= here =>
            {
                (line.start, line.text, cut_u8)
            }
            _ => uncut(),
        };
        header.shared.write(Shared {
            priority: stamp.priority,
            broadcast: stamp.broadcast,
            start,
            cut,
            text,
            origin: stamp.origin,
            time: stamp.time,
        });
        // INVARIANT: The chain was a `Buffer`, which is gone, so nobody changes it; the bounds were
        // compared; `users` has been 1 since the chain was made.
        Bytes(first)
    }
}

/// Where a line starts, and its text, and how much of the bytes is not in it, where that does not lie
/// in them: all is.
#[cold]
#[inline(never)]
fn uncut() -> (u8, u8, u8) {
    (0, 0, 0)
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the chain is ours alone.
        unsafe { pieces::free(self.first) };
    }
}

impl Bytes {
    #[inline(always)]
    fn header(&self) -> &First {
        // SAFETY: The chain is valid by the type invariants.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    fn shared(&self) -> &Shared {
        // SAFETY: By the type invariants it is initialised, and nobody changes it.
        unsafe { self.header().shared.assume_init_ref() }
    }

    /// Bytes that are shared.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.header().len as usize - self.shared().cut as usize
    }

    /// Where in it the text starts.
    #[inline(always)]
    pub(crate) fn text_at(&self) -> usize {
        let shared = self.shared();
        usize::from(shared.text) - usize::from(shared.start)
    }

    /// The `N` bytes before the text.
    #[inline(always)]
    pub(crate) fn before_text<const N: usize>(&self) -> [u8; N] {
        // SAFETY: The bytes begin behind the header, in the same allocation.
        let first = unsafe { self.0.add(1) }.cast::<u8>();
        // SAFETY: By the type invariants the bytes are there, are initialised and do not change.
        let before = unsafe { slice::from_raw_parts(first.as_ptr(), self.shared().text.into()) };
        before.last_chunk().copied().unwrap_or([0; N])
    }

    /// What is shared, from the text on, if all of it is in one piece.
    #[inline(always)]
    pub(crate) fn text_and_rest(&self) -> Option<&[u8]> {
        if self.header().next.is_some() {
            return None;
        }
        // SAFETY: The bytes begin behind the header, in the same allocation.
        let first = unsafe { self.0.add(1) }.cast::<u8>();
        // SAFETY: By the type invariants the text starts within the bytes of this piece.
        let text = unsafe { first.add(self.shared().text.into()) };
        let len = self.len() - self.text_at();
        // SAFETY: By the type invariants there are as many from there on, as `cut + text - start <=
        // len`; they are initialised and do not change.
        Some(unsafe { slice::from_raw_parts(text.as_ptr(), len) })
    }

    /// What goes with it.
    #[inline(always)]
    pub(crate) fn stamp(&self) -> Stamp {
        let shared = self.shared();
        Stamp {
            origin: shared.origin,
            time: shared.time,
            priority: shared.priority,
            broadcast: shared.broadcast,
        }
    }

    /// Bytes of memory that all of it takes.
    #[inline(always)]
    pub(crate) fn memory(&self) -> usize {
        self.header().units as usize * segments::PIECE_MIN
    }

    /// Gives up these bytes; where nobody else uses them, their memory goes into the stock.
    #[inline(always)]
    pub(crate) fn drop_into(self, stock: &mut Stock) {
        let header = self.header();
        if header.next.is_some() || read_acquire(header.users.as_atomic()) != 1 {
            return;
        }
        let number = segments::number(self.memory());
        let first = ManuallyDrop::new(self).0;
        // SAFETY: This was the last user of a valid chain, which has one piece, and takes as much
        // memory as one of that size.
        unsafe { stock.put(number, first) };
    }

    /// Writes all bytes to `to`; false if some of them cannot be written.
    #[inline(always)]
    pub(crate) fn copy_out_all(&self, mut to: impl Destination) -> bool {
        let header = self.header();
        if header.next.is_some() {
            let start = self.shared().start.into();
            // SAFETY: The chain is valid by the type invariants, as long as `self` is borrowed, and
            // its bytes are initialised and do not change.
            return unsafe { copy_out_pieces(self.0, start, self.len(), to) };
        }
        // SAFETY: The bytes begin behind the header, in the same allocation.
        let bytes = unsafe { self.0.add(1) }.cast::<u8>();
        // SAFETY: `start <= len`, and all bytes are in this piece.
        let start = unsafe { bytes.add(self.shared().start as usize) };
        // SAFETY: By the type invariants there are as many from there on, as `start <= cut`; they
        // are initialised and do not change.
        to.put(unsafe { slice::from_raw_parts(start.as_ptr(), self.len()) })
    }

    /// Writes `count` bytes from position `from` on to `to`, or as many as there are; false if
    /// some of them cannot be written.
    #[inline(always)]
    pub(crate) fn copy_out(&self, from: usize, count: usize, mut to: impl Destination) -> bool {
        let from = from.min(self.len());
        let count = count.min(self.len() - from);
        if self.header().next.is_some() {
            let start = self.shared().start as usize + from;
            // SAFETY: The chain is valid by the type invariants, as long as `self` is borrowed, and
            // its bytes are initialised and do not change.
            return unsafe { copy_out_pieces(self.0, start, count, to) };
        }
        // SAFETY: The bytes begin behind the header, in the same allocation.
        let bytes = unsafe { self.0.add(1) }.cast::<u8>();
        // SAFETY: `start + from <= cut + from <= len`, and all bytes are in this piece.
        let part = unsafe { bytes.add(self.shared().start as usize + from) };
        // SAFETY: By the type invariants there are as many from there on, as `start <= cut`; they
        // are initialised and do not change.
        to.put(unsafe { slice::from_raw_parts(part.as_ptr(), count) })
    }
}

/// Writes the bytes of a chain after the first `skip` to `to`: `left` of them, or as many as there
/// are; false if some of them cannot be written.
///
/// # Safety
///
/// `first` is the first of a chain from `pieces`, whose bytes are initialised and do not change.
#[cold]
#[inline(never)]
unsafe fn copy_out_pieces(
    first: NonNull<First>,
    mut skip: usize,
    mut left: usize,
    mut to: impl Destination,
) -> bool {
    // SAFETY: The chain is valid.
    for (bytes, len) in unsafe { Pieces::of(first) } {
        // SAFETY: The bytes are initialised and do not change.
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

impl Clone for Bytes {
    fn clone(&self) -> Self {
        self.header().users.inc();
        // INVARIANT: The user just counted is the new value.
        Self(self.0)
    }
}

impl Drop for Bytes {
    #[inline(always)]
    fn drop(&mut self) {
        let users = &self.header().users;
        // Who is the only user need not count down. Pairs with the release of who was another.
        if read_acquire(users.as_atomic()) == 1 || users.dec_and_test() {
            // SAFETY: This was the last user of a valid chain.
            unsafe { pieces::free(self.0) };
        }
    }
}

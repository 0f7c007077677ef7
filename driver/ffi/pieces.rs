// SPDX-License-Identifier: GPL-2.0

//! Kernel memory for bytes, in one piece or in a chain of several.
//!
//! How large the pieces are is policy's (`policy/segments.rs`); what is in them, the business of
//! `buffer.rs`.

use super::{
    shim,
    stock::Stock, //
};
use crate::policy::{
    message::Origin,
    segments, //
};
use core::{
    mem::{
        self,
        MaybeUninit, //
    },
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::Refcount, //
};

/// What stands at the start of the first piece.
#[repr(C)]
pub(super) struct First {
    /// What comes after it, if it is not all.
    pub(super) next: Option<NonNull<Next>>,
    pub(super) users: Refcount,
    /// Bytes in all pieces together.
    pub(super) len: u32,
    /// The memory of all pieces together, in units of the smallest.
    pub(super) units: u16,
    /// What is known once the bytes are shared.
    pub(super) shared: MaybeUninit<Shared>,
}

/// What is shared of a chain, and what goes with it. Packed, to follow a `u16` without a hole.
#[repr(C, packed(2))]
pub(super) struct Shared {
    pub(super) priority: u16,
    pub(super) broadcast: bool,
    /// Where it starts.
    pub(super) start: u8,
    /// Bytes of the chain that are not in it, before it and behind it.
    pub(super) cut: u8,
    /// Where the text in it starts.
    pub(super) text: u8,
    pub(super) origin: Origin,
    pub(super) time: u64,
}

/// What stands at the start of every other piece.
#[repr(C)]
pub(super) struct Next {
    next: Option<NonNull<Next>>,
}

/// The largest chain, whose memory a `u16` still tells.
const LEN_MAX: usize = 128 << 10;

const _: () = assert!(segments::memory(LEN_MAX) / segments::PIECE_MIN <= u16::MAX as usize);
const _: () = assert!(mem::size_of::<First>() == segments::FIRST_HEADER);
const _: () = assert!(mem::size_of::<Next>() == segments::HEADER);

const _: () = assert!(segments::SIZES == shim::MQ_CACHES as usize);

/// The caches that pieces come from, until this is dropped.
///
/// # Invariants
///
/// Only the module has one, while it can have messages.
pub(crate) struct Caches(());

impl Caches {
    /// Makes the caches.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let this = Self(());
        for number in 0..segments::SIZES {
            // SAFETY: The number is below `MQ_CACHES`; the module, which is being loaded, has none yet.
            let is_made = unsafe { shim::mq_cache_create(number as u32, segments::size(number)) };
            if !is_made {
                return Err(ENOMEM);
            }
        }
        Ok(this)
    }
}

impl Drop for Caches {
    fn drop(&mut self) {
        // SAFETY: Those that are there were made by `new`, and all pieces have been freed by now.
        unsafe { shim::mq_caches_destroy() };
    }
}

/// The pieces of a chain, each with the bytes that it has.
pub(super) struct Pieces {
    /// The bytes of the piece that comes next, and what follows it.
    at: Option<(NonNull<u8>, usize, Option<NonNull<Next>>)>,
    /// Bytes that are in none of the pieces up to that one.
    left: usize,
}

impl Pieces {
    /// # Safety
    ///
    /// `first` is the first of a chain from [`chain`], which stays valid as long as this is used.
    pub(super) unsafe fn of(first: NonNull<First>) -> Self {
        // SAFETY: `first` is valid.
        let header = unsafe { first.as_ref() };
        let len = header.len as usize;
        let here = segments::head(len);
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

/// A piece of the size with this number, charged to the caller; `nowait`: without sleeping for it.
#[inline(always)]
fn allocate(number: usize, nowait: bool) -> Option<NonNull<u8>> {
    // SAFETY: The caches are there as long as there can be messages, and the number is that of one;
    // this sleeps only if `nowait` is false, and the callers may sleep then.
    NonNull::new(unsafe { shim::mq_alloc(number as u32, nowait) }.cast())
}

/// The first piece of a chain for `len` bytes, which are not initialised. From the stock, if that has
/// one.
#[inline(always)]
pub(super) fn first(len: usize, nowait: bool, stock: Option<&mut Stock>) -> Option<NonNull<First>> {
    if len > LEN_MAX {
        return None;
    }
    let number = segments::first(len);
    let stocked = stock.and_then(|stock| stock.take(number));
    let memory = if segments::head(len) < len {
        segments::memory(len)
    } else {
        segments::size(number)
    };
    let first = stocked.or_else(|| allocate(number, nowait))?;
    let first = first.cast::<First>();
    let header = First {
        next: None,
        // SAFETY: A count is an `i32`, any value of which is valid, as `Refcount::as_atomic()` has
        // it. `Refcount::new()` would call a function of C for it.
        users: unsafe { mem::transmute::<i32, Refcount>(1) },
        // CAST: `LEN_MAX` is much less.
        len: len as u32,
        // CAST: It is so for `LEN_MAX`, of which there is nothing larger.
        units: (memory / segments::PIECE_MIN) as u16,
        shared: MaybeUninit::uninit(),
    };
    // SAFETY: The piece is large enough for the header, and aligned for it.
    unsafe { first.write(header) };
    Some(first)
}

/// A chain for `len` bytes, which are not initialised.
pub(super) fn chain(len: usize, nowait: bool) -> Option<NonNull<First>> {
    let first = first(len, nowait, None)?;
    let mut left = len - segments::head(len);
    // SAFETY: The header is initialised, and nobody else uses it.
    let mut tail = unsafe { &mut (*first.as_ptr()).next };
    while left > 0 {
        let size = segments::next(left);
        let Some(piece) = allocate(segments::number(size), nowait).map(NonNull::cast::<Next>)
        else {
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

/// Frees a chain.
///
/// # Safety
///
/// `first` is the first of a chain from [`chain`], and nobody uses it any more.
#[inline(always)]
pub(super) unsafe fn free(first: NonNull<First>) {
    // SAFETY: The chain is valid.
    let next = unsafe { first.as_ref() }.next;
    // SAFETY: The piece came from `mq_alloc`, and is not used any more.
    unsafe { shim::mq_free(first.as_ptr().cast()) };
    if let Some(next) = next {
        // SAFETY: Only the piece before these has been freed.
        unsafe { free_rest(next) };
    }
}

/// Frees a piece and what comes after it.
///
/// # Safety
///
/// `piece` is one of a chain from [`chain`], and nobody uses it or what comes after it any more.
#[cold]
#[inline(never)]
unsafe fn free_rest(mut piece: NonNull<Next>) {
    loop {
        // SAFETY: The chain is valid from here on; only pieces before this one have been freed.
        let next = unsafe { piece.as_ref() }.next;
        // SAFETY: The piece came from `mq_alloc`, and is not used any more.
        unsafe { shim::mq_free(piece.as_ptr().cast()) };
        let Some(next) = next else { break };
        piece = next;
    }
}

/// Where a byte of a chain is; none behind the end.
///
/// # Safety
///
/// `first` is the first of a chain from [`chain`].
#[cold]
#[inline(never)]
pub(super) unsafe fn place(first: NonNull<First>, mut at: usize) -> Option<NonNull<u8>> {
    // SAFETY: The chain is valid.
    for (bytes, len) in unsafe { Pieces::of(first) } {
        if at < len {
            // SAFETY: The byte lies in this piece.
            return Some(unsafe { bytes.add(at) });
        }
        at -= len;
    }
    None
}

// SPDX-License-Identifier: GPL-2.0

//! Bytes in one piece of memory, written once and then shared.
//!
//! The kernel crate's `Arc` wants a type of known size, so bytes of any length behind it would take
//! two allocations and two steps to reach. Here the count stands in front of the bytes.

use super::shim;
use core::{
    mem::{
        self,
        ManuallyDrop,
        MaybeUninit, //
    },
    ops::{
        Deref,
        DerefMut,
        Range, //
    },
    ptr::NonNull,
    slice, //
};
use kernel::{
    iov::IovIterSource,
    prelude::*,
    sync::Refcount, //
};

struct Header {
    users: Refcount,
    /// Bytes that follow the header.
    len: u32,
    /// What of them is shared.
    start: u32,
    end: u32,
}

/// Bytes that one owner may still change.
///
/// # Invariants
///
/// The pointer is that of a header made by [`BytesMut::new`], followed by `len` initialised bytes,
/// which nobody else uses.
pub(crate) struct BytesMut(NonNull<Header>);

/// Bytes that many may read.
///
/// # Invariants
///
/// The pointer is that of a header made by [`BytesMut::new`], followed by `len` initialised bytes
/// that nobody changes; `start <= end <= len`; this value owns one of `users`.
pub(crate) struct Bytes(NonNull<Header>);

// SAFETY: Nobody else has access to the bytes.
unsafe impl Send for BytesMut {}
// SAFETY: The bytes do not change, and the count is atomic.
unsafe impl Send for Bytes {}
// SAFETY: As above.
unsafe impl Sync for Bytes {}

impl Header {
    /// # Safety
    ///
    /// `this` was made by [`BytesMut::new`] and is not used any more.
    unsafe fn free(this: NonNull<Self>) {
        // SAFETY: The memory came from `mq_alloc`.
        unsafe { shim::mq_free(this.as_ptr().cast()) };
    }
}

impl BytesMut {
    /// `BEFORE` zero bytes, then all that `from` gives, then `AFTER` zero bytes. The memory is
    /// charged to the caller.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EFAULT` if not all could be read.
    #[inline]
    pub(crate) fn new<const BEFORE: usize, const AFTER: usize>(
        from: &mut IovIterSource<'_>,
    ) -> Result<Self> {
        let given = from.len();
        let len = given.checked_add(BEFORE + AFTER).ok_or(ENOMEM)?;
        let size = len.checked_add(mem::size_of::<Header>()).ok_or(ENOMEM)?;
        let fits = u32::try_from(len).map_err(|_| ENOMEM)?;
        // SAFETY: Always allowed; callers may sleep.
        let memory = unsafe { shim::mq_alloc(size) };
        let memory = NonNull::new(memory).ok_or(ENOMEM)?;
        let header = memory.cast::<Header>();
        let (start, end) = (0, 0);
        let users = Refcount::new(1);
        // SAFETY: The memory is large enough for the header, and aligned for it.
        unsafe {
            header.write(Header {
                users,
                len: fits,
                start,
                end,
            })
        };
        // SAFETY: The memory behind the header has `len` bytes, and nobody else uses it.
        let bytes = unsafe {
            slice::from_raw_parts_mut(header.add(1).cast::<MaybeUninit<u8>>().as_ptr(), len)
        };
        let (front, rest) = bytes.split_at_mut(BEFORE);
        let (middle, back) = rest.split_at_mut(given);
        front.fill(MaybeUninit::new(0));
        back.fill(MaybeUninit::new(0));
        if from.copy_from_iter_raw(middle).len() != given {
            // SAFETY: The header was made above; bytes have no destructor.
            unsafe { Header::free(header) };
            return Err(EFAULT);
        }
        // INVARIANT: All three parts have been initialised.
        Ok(Self(header))
    }

    /// Gives up the right to change the bytes, and shares `part` of them; at most all there are.
    pub(crate) fn share(self, part: Range<usize>) -> Bytes {
        let mut header = ManuallyDrop::new(self).0;
        // SAFETY: By the type invariants nobody else uses the header.
        let fields = unsafe { header.as_mut() };
        // CAST: `len` is a `u32`, and neither end is larger.
        fields.end = part.end.min(fields.len as usize) as u32;
        fields.start = part.start.min(fields.end as usize) as u32;
        // INVARIANT: `users` is 1 since the header was made.
        Bytes(header)
    }
}

impl Deref for BytesMut {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: By the type invariants `len` initialised bytes follow the header.
        unsafe {
            slice::from_raw_parts(self.0.add(1).cast().as_ptr(), self.0.as_ref().len as usize)
        }
    }
}

impl DerefMut for BytesMut {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: As above, and nobody else uses them.
        unsafe {
            slice::from_raw_parts_mut(self.0.add(1).cast().as_ptr(), self.0.as_ref().len as usize)
        }
    }
}

impl Drop for BytesMut {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the memory is ours alone.
        unsafe { Header::free(self.0) };
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: By the type invariants the bytes from `start` to `end` follow the header and do
        // not change.
        unsafe {
            let header = self.0.as_ref();
            slice::from_raw_parts(
                self.0
                    .add(1)
                    .cast::<u8>()
                    .add(header.start as usize)
                    .as_ptr(),
                (header.end - header.start) as usize,
            )
        }
    }
}

impl Clone for Bytes {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: The header is valid by the type invariants.
        unsafe { self.0.as_ref() }.users.inc();
        // INVARIANT: The user just counted is the new value.
        Self(self.0)
    }
}

impl Drop for Bytes {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The header is valid by the type invariants.
        if unsafe { self.0.as_ref() }.users.dec_and_test() {
            // SAFETY: This was the last user.
            unsafe { Header::free(self.0) };
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Where policy gets its arrays from, so that it needs no allocator of its own.
//!
//! The kernel gives arrays that are charged to the calling user; tests on the host give vectors.

use core::ops::DerefMut;

/// A source of arrays of a fixed length.
pub trait Storage {
    /// An array of `E`.
    type Array<E>: DerefMut<Target = [E]>;
    /// Why there was none.
    type Error;

    /// Makes an array of `len` times `fill()`.
    ///
    /// # Errors
    ///
    /// Where there is not enough memory.
    fn array<E>(len: usize, fill: impl FnMut() -> E) -> Result<Self::Array<E>, Self::Error>;
}

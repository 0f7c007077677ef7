// SPDX-License-Identifier: GPL-2.0

//! Arrays of policy, on the heap.

use std::convert::Infallible;

use mq_policy::storage::Storage;

/// The heap, which is never full.
pub struct Heap;

impl Storage for Heap {
    type Array<E> = Vec<E>;
    type Error = Infallible;

    fn array<E>(len: usize, fill: impl FnMut() -> E) -> Result<Vec<E>, Self::Error> {
        Ok(array(len, fill))
    }
}

/// An array of `len` times `fill()`.
pub fn array<E>(len: usize, fill: impl FnMut() -> E) -> Vec<E> {
    std::iter::repeat_with(fill).take(len).collect()
}

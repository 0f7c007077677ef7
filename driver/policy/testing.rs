// SPDX-License-Identifier: GPL-2.0

//! What the tests of policy need of where they run: on the host under `cargo test`, or in a kernel
//! as KUnit tests, from the same source.
//!
//! All that differs between the two is here. Of `assert!` and its kin the tests use only what KUnit
//! has, `assert!` and `assert_eq!` without a message, and not in functions that are no tests.
//! They are quick, because a module's KUnit tests run each time that it is loaded.

use super::{
    name::Name,
    storage::Storage, //
};

/// Where the tests' arrays come from: in a kernel from where the driver's own come.
#[cfg(not(test))]
pub(super) use crate::memory::System as Heap;

#[cfg(test)]
pub(super) struct Heap;

#[cfg(test)]
impl Storage for Heap {
    type Array<E> = Vec<E>;
    type Error = core::convert::Infallible;

    fn array<E>(len: usize, fill: impl FnMut() -> E) -> Result<Vec<E>, Self::Error> {
        Ok(core::iter::repeat_with(fill).take(len).collect())
    }
}

/// An array on the heap.
pub(super) type Array<E> = <Heap as Storage>::Array<E>;

/// An array of `len` times `fill()`.
pub(super) fn array<E>(len: usize, fill: impl FnMut() -> E) -> Array<E> {
    Heap::array(len, fill).unwrap()
}

/// The numbers below `all`: each of them on the host, about `in_kernel` of them in a kernel.
pub(super) fn sample(all: u32, in_kernel: u32) -> impl Iterator<Item = u32> {
    let step = if cfg!(test) { 1 } else { all / in_kernel };
    (0..all).step_by(step as usize)
}

/// A name that is known to be valid.
pub(super) fn name(text: &str) -> Name {
    Name::new(text.as_bytes()).unwrap()
}

/// Numbers that look random, and are the same each time.
pub(super) struct Random(u64);

impl Random {
    /// The numbers that belong to a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, which is less than `below`.
    pub(super) fn draw(&mut self, below: u32) -> u32 {
        // Knuth's generator for MMIX; its high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as u32 % below
    }
}

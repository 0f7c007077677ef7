// SPDX-License-Identifier: GPL-2.0

//! An array that grows without moving what it holds: in chunks, each as large as all before it and
//! one more of the first size.
//!
//! So growing takes constant time, and whoever owns the array can do it under a lock. The chunks
//! themselves are made elsewhere, where memory may be waited for.

use super::storage::Storage;

/// Elements of the first chunk; the second has twice as many, and so on.
const FIRST: usize = 32;

/// Chunks that there can be: room for more than the largest `MAX_DEVICES`.
pub const CHUNKS: usize = 12;

/// Elements of the chunk with this number.
pub const fn chunk_len(chunk: usize) -> usize {
    FIRST << chunk
}

/// The chunk that an element is in, and its position there.
///
/// ```
/// use mq_policy::chunks::locate;
/// assert_eq!(locate(0), (0, 0));
/// assert_eq!(locate(31), (0, 31));
/// assert_eq!(locate(32), (1, 0));
/// assert_eq!(locate(96), (2, 0));
/// ```
#[inline]
pub fn locate(index: usize) -> (usize, usize) {
    let chunk = (index / FIRST + 1).ilog2() as usize;
    (chunk, index - FIRST * ((1 << chunk) - 1))
}

/// The array.
pub struct Chunks<E, S: Storage> {
    chunks: [Option<S::Array<E>>; CHUNKS],
    /// Chunks that are there; the others are `None`.
    count: usize,
}

impl<E, S: Storage> Chunks<E, S> {
    /// An array without elements.
    pub fn new() -> Self {
        Self {
            chunks: [const { None }; CHUNKS],
            count: 0,
        }
    }

    /// Elements.
    pub fn len(&self) -> usize {
        FIRST * ((1 << self.count) - 1)
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number of the chunk that comes next.
    pub fn next_chunk(&self) -> usize {
        self.count
    }

    /// Adds a chunk of `chunk_len(self.next_chunk())` elements.
    pub fn push_chunk(&mut self, chunk: S::Array<E>) {
        debug_assert_eq!(chunk.len(), chunk_len(self.count));
        if let Some(place) = self.chunks.get_mut(self.count) {
            *place = Some(chunk);
            self.count += 1;
        }
    }

    /// An element.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&E> {
        let (chunk, at) = locate(index);
        self.chunks.get(chunk)?.as_ref()?.get(at)
    }

    /// An element, to be changed.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut E> {
        let (chunk, at) = locate(index);
        self.chunks.get_mut(chunk)?.as_mut()?.get_mut(at)
    }
}

impl<E, S: Storage> Default for Chunks<E, S> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_chunks))]
mod tests {
    use super::super::{
        limits::MAX_DEVICES,
        testing::{
            array,
            sample,
            Heap, //
        }, //
    };
    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        for index in sample(100_000, 1_000).map(|index| index as usize) {
            let (chunk, at) = locate(index);
            assert!(at < chunk_len(chunk));
            let before: usize = (0..chunk).map(chunk_len).sum();
            assert_eq!(before + at, index);
        }
    }

    #[test]
    fn growing_keeps_what_is_held() {
        let mut chunks: Chunks<usize, Heap> = Chunks::new();
        assert!(chunks.is_empty());
        assert_eq!(chunks.get(0), None);
        let mut held = 0;
        while held < 1000 {
            let before = held;
            chunks.push_chunk(array(chunk_len(chunks.next_chunk()), || {
                held += 1;
                held - 1
            }));
            assert!(held > before);
            assert_eq!(chunks.len(), held);
        }
        for index in 0..held {
            assert_eq!(chunks.get(index), Some(&index));
        }
        if let Some(element) = chunks.get_mut(5) {
            *element = 9;
        }
        assert_eq!(chunks.get(5), Some(&9));
        assert_eq!(chunks.get(held), None);
    }

    #[test]
    fn there_is_room_for_the_largest_number_of_registrations() {
        let all: usize = (0..CHUNKS).map(chunk_len).sum();
        assert!(all >= MAX_DEVICES.max as usize);
    }
}

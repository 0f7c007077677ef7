// SPDX-License-Identifier: GPL-2.0

//! A hash index over nodes that somebody else keeps: from a key to the number of a node.
//!
//! Linear hashing: the buckets grow in number one at a time, and each step deals out the nodes of
//! one bucket to two. So no operation takes longer the more nodes there are. The nodes of a bucket
//! are chained through links that the nodes themselves have.

use super::{
    chunks::Chunks,
    storage::Storage, //
};
use core::marker::PhantomData;

/// No node: the end of a chain.
pub const NONE: u32 = u32::MAX;

/// How keys are hashed. Seeded, so that nobody can choose names that all fall into one bucket.
#[derive(Clone, Copy)]
pub struct HashSeed {
    offset: u64,
    factor: u64,
}

impl HashSeed {
    /// A seed of random bits.
    pub fn new(offset: u64, factor: u64) -> Self {
        Self {
            offset,
            factor: factor | 1,
        }
    }

    /// The product, its last byte first: all bits of the key have a part in that one.
    fn hash(self, key: u64) -> usize {
        (key ^ self.offset).wrapping_mul(self.factor).swap_bytes() as usize
    }
}

/// The nodes of the index `I`.
pub trait Nodes<I> {
    /// The key of a node.
    fn key(&self, node: u32) -> u64;

    /// The node that follows in the chain.
    fn next(&self, node: u32) -> u32;

    /// Sets the node that follows in the chain.
    fn set_next(&mut self, node: u32, next: u32);
}

/// The index. `I` tells it from others over the same nodes.
pub struct HashIndex<I, S: Storage> {
    /// The first node of each bucket.
    heads: Chunks<u32, S>,
    /// Buckets in use, of those that there is room for.
    buckets: usize,
    seed: HashSeed,
    index: PhantomData<I>,
}

impl<I, S: Storage> HashIndex<I, S> {
    /// An empty index, without room for any bucket.
    pub fn new(seed: HashSeed) -> Self {
        Self {
            heads: Chunks::new(),
            buckets: 0,
            seed,
            index: PhantomData,
        }
    }

    /// Room for more buckets: a chunk of [`NONE`], as [`Chunks::push_chunk`] takes it.
    pub fn push_chunk(&mut self, chunk: S::Array<u32>) {
        self.heads.push_chunk(chunk);
        self.buckets = self.buckets.max(1);
    }

    /// The node with this key. What is found first is what was inserted last.
    pub fn find(&self, nodes: &impl Nodes<I>, key: u64) -> Option<u32> {
        let mut node = self.head(self.bucket(key));
        while node != NONE {
            if nodes.key(node) == key {
                return Some(node);
            }
            node = nodes.next(node);
        }
        None
    }

    /// Adds a node.
    pub fn insert(&mut self, nodes: &mut impl Nodes<I>, node: u32) {
        self.split(nodes);
        self.chain(nodes, node);
    }

    /// Takes a node out.
    pub fn remove(&mut self, nodes: &mut impl Nodes<I>, node: u32) {
        let bucket = self.bucket(nodes.key(node));
        let after = nodes.next(node);
        let mut at = self.head(bucket);
        if at == node {
            self.set_head(bucket, after);
            return;
        }
        while at != NONE {
            let next = nodes.next(at);
            if next == node {
                nodes.set_next(at, after);
                return;
            }
            at = next;
        }
    }

    /// Opens one bucket more, if there is room, and gives it its part of another one's nodes.
    fn split(&mut self, nodes: &mut impl Nodes<I>) {
        if self.buckets == 0 || self.buckets >= self.heads.len() {
            return;
        }
        let new = self.buckets;
        let old = new - (1 << new.ilog2());
        let mut node = self.head(old);
        self.buckets += 1;
        self.set_head(old, NONE);
        self.set_head(new, NONE);
        // Back to front, so that nodes with the same key keep their order.
        let mut reversed = NONE;
        while node != NONE {
            let next = nodes.next(node);
            nodes.set_next(node, reversed);
            reversed = node;
            node = next;
        }
        while reversed != NONE {
            let next = nodes.next(reversed);
            self.chain(nodes, reversed);
            reversed = next;
        }
    }

    fn chain(&mut self, nodes: &mut impl Nodes<I>, node: u32) {
        let bucket = self.bucket(nodes.key(node));
        nodes.set_next(node, self.head(bucket));
        self.set_head(bucket, node);
    }

    fn bucket(&self, key: u64) -> usize {
        if self.buckets == 0 {
            return 0;
        }
        let level = 1 << self.buckets.ilog2();
        let hash = self.seed.hash(key);
        let wide = hash & (2 * level - 1);
        if wide < self.buckets {
            wide
        } else {
            hash & (level - 1)
        }
    }

    fn head(&self, bucket: usize) -> u32 {
        self.heads.get(bucket).copied().unwrap_or(NONE)
    }

    fn set_head(&mut self, bucket: usize, node: u32) {
        if let Some(head) = self.heads.get_mut(bucket) {
            *head = node;
        }
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_hash_index))]
mod tests {
    use super::super::{
        chunks::chunk_len,
        testing::{
            array,
            sample,
            Array,
            Heap,
            Random, //
        }, //
    };
    use super::*;

    /// Nodes: the key of each, and the next in its chain.
    struct Keys(Array<(u64, u32)>);

    impl Keys {
        fn new(count: usize, key: impl Fn(u64) -> u64) -> Self {
            let mut node = 0;
            Self(array(count, || {
                node += 1;
                (key(node - 1), NONE)
            }))
        }
    }

    impl Nodes<()> for Keys {
        fn key(&self, node: u32) -> u64 {
            self.0[node as usize].0
        }

        fn next(&self, node: u32) -> u32 {
            self.0[node as usize].1
        }

        fn set_next(&mut self, node: u32, next: u32) {
            self.0[node as usize].1 = next;
        }
    }

    fn push_chunk(index: &mut HashIndex<(), Heap>) {
        let chunk = index.heads.next_chunk();
        index.push_chunk(array(chunk_len(chunk), || NONE));
    }

    fn index(chunks: usize) -> HashIndex<(), Heap> {
        let mut index = HashIndex::new(HashSeed::new(17, 0x9e37_79b9_7f4a_7c15));
        for _ in 0..chunks {
            push_chunk(&mut index);
        }
        index
    }

    #[test]
    fn an_index_without_room_finds_nothing() {
        assert_eq!(index(0).find(&Keys::new(1, |node| node), 0), None);
    }

    #[test]
    fn finds_through_a_long_history_what_is_in_it() {
        const NODES: u32 = 500;
        let mut random = Random::new(1);
        let mut index = index(1);
        let mut keys = Keys::new(NODES as usize, |node| node * 31);
        let mut held = [false; NODES as usize];
        for _ in sample(20_000, 1_000) {
            if random.draw(50) == 0 && index.heads.next_chunk() < 6 {
                push_chunk(&mut index);
            }
            let node = random.draw(NODES);
            let held_now = &mut held[node as usize];
            if *held_now {
                index.remove(&mut keys, node);
            } else {
                index.insert(&mut keys, node);
            }
            *held_now = !*held_now;
            let probe = random.draw(NODES);
            let expected = held[probe as usize].then_some(probe);
            assert_eq!(index.find(&keys, u64::from(probe) * 31), expected);
        }
        assert!(index.buckets > 200);
    }

    #[test]
    fn of_two_nodes_with_one_key_the_later_is_found_until_it_goes() {
        let mut index = index(3);
        let mut keys = Keys::new(40, |node| node / 2);
        for node in 0..40 {
            index.insert(&mut keys, node);
        }
        for key in 0..20 {
            assert_eq!(index.find(&keys, key), Some(2 * key as u32 + 1));
            index.remove(&mut keys, 2 * key as u32 + 1);
            assert_eq!(index.find(&keys, key), Some(2 * key as u32));
        }
    }

    #[test]
    fn keys_that_share_bits_are_spread() {
        // Names differ in their first bytes only, addresses in the middle ones.
        let seed = HashSeed::new(0x1234_5678_9abc_def0, 0x9e37_79b9_7f4a_7c15);
        for shift in [0, 7, 40] {
            let mut used = [0_u8; 256];
            for key in 0..256_u64 {
                let bucket = &mut used[seed.hash(key << shift) & 255];
                *bucket = bucket.saturating_add(1);
            }
            assert!(used.iter().all(|&keys| keys <= 16));
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! A map from numbers of 16 bits to numbers of 16 bits that knows its first and its last key.
//!
//! Four levels of nodes with sixteen branches each: whatever it holds, everything takes four steps.
//! It never allocates: the nodes come from whoever makes it, as many as [`nodes`] says.

use core::ops::DerefMut;

/// Bits of a key that a level decides.
const BITS: u32 = 4;

/// Branches of a node.
const BRANCHES: usize = 1 << BITS;

/// Levels of nodes.
const LEVELS: usize = (u16::BITS / BITS) as usize;

/// The node that every path begins with.
const ROOT: u16 = 0;

/// A node.
#[derive(Clone, Copy)]
pub struct Node {
    /// A bit for each branch that there is.
    present: u16,
    /// Where the branches lead: to nodes, and on the last level to values. In a node that is free
    /// the first is the next free node.
    branches: [u16; BRANCHES],
}

/// The nodes that a map of up to `keys` keys needs.
///
/// ```
/// assert_eq!(mq_policy::trie::nodes(1), 4);
/// assert_eq!(mq_policy::trie::nodes(65_536), 1 + 16 + 256 + 4096);
/// ```
pub const fn nodes(keys: usize) -> usize {
    let (mut all, mut widest) = (0, 1);
    while widest < 1 << u16::BITS {
        all += if keys < widest { keys } else { widest };
        widest *= BRANCHES;
    }
    all
}

/// The free nodes of a new map, one after the other.
pub fn fresh_nodes() -> impl FnMut() -> Node {
    let mut next: u16 = 0;
    move || {
        next = next.wrapping_add(1);
        Node {
            present: 0,
            branches: [next; BRANCHES],
        }
    }
}

/// The map.
pub struct Trie<A> {
    nodes: A,
    /// The first free node, if there is one.
    free: u16,
}

impl<A: DerefMut<Target = [Node]>> Trie<A> {
    /// An empty map over nodes that come from [`fresh_nodes`].
    pub fn new(nodes: A) -> Self {
        Self {
            nodes,
            free: ROOT + 1,
        }
    }

    /// The value of a key.
    pub fn get(&self, key: u16) -> Option<u16> {
        let mut at = ROOT;
        for level in 0..LEVELS {
            at = self.branch(at, digit(key, level))?;
        }
        Some(at)
    }

    /// Gives a key a value, whether it had one or not.
    pub fn set(&mut self, key: u16, value: u16) {
        let mut at = ROOT;
        for level in 0..LEVELS - 1 {
            let branch = digit(key, level);
            at = match self.branch(at, branch) {
                Some(below) => below,
                None => {
                    let new = self.take_free();
                    self.set_branch(at, branch, new);
                    new
                }
            };
        }
        self.set_branch(at, digit(key, LEVELS - 1), value);
    }

    /// Removes a key.
    pub fn remove(&mut self, key: u16) {
        let mut path = [ROOT; LEVELS];
        for level in 1..LEVELS {
            match self.branch(path[level - 1], digit(key, level - 1)) {
                Some(below) => path[level] = below,
                None => return,
            }
        }
        for level in (0..LEVELS).rev() {
            let Some(node) = self.nodes.get_mut(path[level] as usize) else {
                return;
            };
            node.present &= !(1 << digit(key, level));
            if node.present != 0 || level == 0 {
                return;
            }
            node.branches[0] = self.free;
            self.free = path[level];
        }
    }

    /// The smallest key and its value.
    pub fn first(&self) -> Option<(u16, u16)> {
        self.outermost(0, ROOT, 0, u16::trailing_zeros)
    }

    /// The largest key and its value.
    pub fn last(&self) -> Option<(u16, u16)> {
        self.outermost(0, ROOT, 0, last_of)
    }

    /// The largest key that is smaller than this, and its value.
    pub fn below(&self, key: u16) -> Option<(u16, u16)> {
        // The lowest node on the way to the key that has a branch before that way, if there is one.
        let mut at = Some(ROOT);
        let mut fork = None;
        for level in 0..LEVELS {
            let Some(node) = at.and_then(|at| self.nodes.get(at as usize)) else {
                break;
            };
            let branch = digit(key, level);
            let before = node.present & ((1 << branch) - 1);
            if before != 0 {
                fork = Some((level, node, before));
            }
            at = (node.present & 1 << branch != 0).then(|| node.branches[branch]);
        }
        let (level, node, before) = fork?;
        let branch = last_of(before);
        let shift = (LEVELS - 1 - level) as u32 * BITS;
        let start = (u32::from(key) >> shift >> BITS << BITS | branch) as u16;
        self.outermost(
            start,
            *node.branches.get(branch as usize)?,
            level + 1,
            last_of,
        )
    }

    /// Where one gets to by the same choice at each node, made of the branches that there are, from
    /// the node `at` on a level, to which the branches in `key` lead.
    fn outermost(
        &self,
        mut key: u16,
        mut at: u16,
        level: usize,
        choose: impl Fn(u16) -> u32,
    ) -> Option<(u16, u16)> {
        for _ in level..LEVELS {
            let node = self.nodes.get(at as usize)?;
            if node.present == 0 {
                return None;
            }
            let branch = choose(node.present);
            key = key << BITS | branch as u16;
            at = *node.branches.get(branch as usize)?;
        }
        Some((key, at))
    }

    fn branch(&self, node: u16, branch: usize) -> Option<u16> {
        let node = self.nodes.get(node as usize)?;
        (node.present & 1 << branch != 0).then(|| node.branches[branch])
    }

    fn set_branch(&mut self, node: u16, branch: usize, to: u16) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.present |= 1 << branch;
            node.branches[branch] = to;
        }
    }

    /// A node without branches; there is one as long as there are no more keys than were said.
    fn take_free(&mut self) -> u16 {
        let taken = self.free;
        if let Some(node) = self.nodes.get(taken as usize) {
            self.free = node.branches[0];
        }
        taken
    }
}

/// The last of some branches, of which there is one.
fn last_of(branches: u16) -> u32 {
    u16::BITS - 1 - branches.leading_zeros()
}

/// The branch that a key takes at a level.
fn digit(key: u16, level: usize) -> usize {
    key as usize >> ((LEVELS - 1 - level) as u32 * BITS) & (BRANCHES - 1)
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_trie))]
mod tests {
    use super::super::testing::{
        array,
        Array,
        Random, //
    };
    use super::*;

    fn trie(keys: usize) -> Trie<Array<Node>> {
        Trie::new(array(nodes(keys), fresh_nodes()))
    }

    #[test]
    fn an_empty_map_has_no_ends() {
        let trie = trie(1);
        assert_eq!(trie.first(), None);
        assert_eq!(trie.last(), None);
        assert_eq!(trie.get(0), None);
    }

    #[test]
    fn the_outermost_keys_are_keys_like_others() {
        let mut trie = trie(2);
        trie.set(0, 7);
        trie.set(u16::MAX, 8);
        assert_eq!(trie.first(), Some((0, 7)));
        assert_eq!(trie.last(), Some((u16::MAX, 8)));
        trie.set(0, 9);
        trie.remove(u16::MAX);
        assert_eq!(trie.last(), Some((0, 9)));
    }

    #[test]
    fn removing_what_is_not_there_changes_nothing() {
        let mut trie = trie(1);
        trie.set(0x1234, 1);
        trie.remove(0x1235);
        trie.remove(0x9234);
        assert_eq!(trie.get(0x1234), Some(1));
    }

    /// Random histories of maps with few nodes, against an array: of keys that lie far apart, so
    /// that every node there is gets used, and of keys that are neighbours.
    #[test]
    fn random_histories_agree_with_an_array() {
        const KEYS: usize = 9;
        for (seed, apart) in [(1, 1), (2, 17), (3, 0x111), (4, 0x1357)] {
            let mut random = Random::new(seed);
            let mut trie = trie(KEYS);
            let mut model = [None; KEYS];
            let key = |number: usize| (number as u16).wrapping_mul(apart);
            for value in 0..2_000 {
                let number = random.draw(KEYS as u32) as usize;
                if random.draw(2) == 0 {
                    trie.set(key(number), value);
                    model[number] = Some(value);
                } else {
                    trie.remove(key(number));
                    model[number] = None;
                }
                let pairs = (0..KEYS).filter_map(|at| Some((key(at), model[at]?)));
                assert_eq!(trie.first(), pairs.clone().min());
                assert_eq!(trie.last(), pairs.clone().max());
                for bound in [0, 1, key(number), key(number).wrapping_add(1), u16::MAX] {
                    let below = pairs.clone().filter(|pair| pair.0 < bound).max();
                    assert_eq!(trie.below(bound), below);
                }
                assert!((0..KEYS).all(|at| trie.get(key(at)) == model[at]));
            }
        }
    }
}

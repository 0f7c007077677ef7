// SPDX-License-Identifier: GPL-2.0

//! A circular buffer over slots that somebody else provides.
//!
//! It never allocates and never frees: what falls out is handed back to the caller, who may hold a
//! lock under which freeing is not allowed.

use core::ops::DerefMut;

/// A circular buffer of as many items as `slots` has places.
///
/// ```
/// use mq_policy::ring::Ring;
/// let mut ring = Ring::new(vec![None; 2]);
/// assert_eq!(ring.push_free(1), None);
/// assert_eq!(ring.push_free(2), None);
/// assert_eq!(ring.push_free(3), Some(3));
/// assert_eq!(ring.pop(), Some(1));
/// assert_eq!(ring.push_free(3), None);
/// assert_eq!(ring.oldest(), Some(&2));
/// ```
pub struct Ring<A> {
    slots: A,
    /// Where the oldest item is; below `slots.len()`.
    head: usize,
    /// Items held, from `head` on, wrapping around.
    len: usize,
}

impl<T, A: DerefMut<Target = [Option<T>]>> Ring<A> {
    /// An empty ring over `slots`, all of which are `None`.
    pub fn new(slots: A) -> Self {
        Self {
            slots,
            head: 0,
            len: 0,
        }
    }

    /// Items held now.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no item is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Items that can be held.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Adds `item` as the newest, or returns it if no slot is free.
    pub fn push_free(&mut self, item: T) -> Option<T> {
        match self.free_slot() {
            Some(slot) => slot.replace(item),
            None => Some(item),
        }
    }

    /// The slot of a new item, which is `None` and to be filled; or no slot, if none is free.
    #[inline(always)]
    pub fn free_slot(&mut self) -> Option<&mut Option<T>> {
        if self.len == self.slots.len() {
            return None;
        }
        let at = self.index(self.len);
        let slot = self.slots.get_mut(at)?;
        self.len += 1;
        Some(slot)
    }

    /// The oldest item.
    #[inline(always)]
    pub fn oldest(&self) -> Option<&T> {
        self.slots.get(self.head)?.as_ref()
    }

    /// Takes the oldest item.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<T> {
        self.pop_if(|_| true)
    }

    /// Takes the oldest item if it is `wanted`.
    #[inline(always)]
    pub fn pop_if(&mut self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        let slot = self.slots.get_mut(self.head)?;
        // Not `take_if()`, which need not be inlined.
        if !wanted(slot.as_ref()?) {
            return None;
        }
        let item = slot.take()?;
        self.head += 1;
        if self.head == self.slots.len() {
            self.head = 0;
        }
        self.len -= 1;
        Some(item)
    }

    /// Puts `item` back behind those that are older, or returns it if there is no room. They move
    /// down, so it takes as long as there are some.
    pub fn put_back(&mut self, item: T, is_older: impl Fn(&T) -> bool) -> Option<T> {
        if self.len == self.slots.len() {
            return Some(item);
        }
        let is_older = |&offset: &usize| self.get(self.index(offset)).is_some_and(&is_older);
        let older = (0..self.len).take_while(is_older).count();
        self.head = self.index(self.slots.len() - 1);
        self.len += 1;
        for offset in 0..older {
            let (free, older) = (self.index(offset), self.index(offset + 1));
            self.slots.swap(free, older);
        }
        let at = self.index(older);
        self.slots.get_mut(at)?.replace(item)
    }

    /// Where the oldest item is.
    pub fn first_place(&self) -> Option<usize> {
        (self.len > 0).then_some(self.head)
    }

    /// Where the item is that is next to that at a place in age.
    pub fn place_after(&self, place: usize) -> Option<usize> {
        let offset = self.offset(place)? + 1;
        (offset < self.len).then(|| self.index(offset))
    }

    /// The item at a place.
    pub fn get(&self, place: usize) -> Option<&T> {
        self.slots.get(place)?.as_ref()
    }

    /// Takes the item at a place. Those that are older move up, so it takes as long as there are
    /// some.
    pub fn take(&mut self, place: usize) -> Option<T> {
        for offset in (0..self.offset(place)?).rev() {
            let (older, newer) = (self.index(offset), self.index(offset + 1));
            self.slots.swap(older, newer);
        }
        self.pop()
    }

    /// How many places after the oldest item a place is that holds one.
    fn offset(&self, place: usize) -> Option<usize> {
        let wrapped = if place < self.head {
            self.slots.len()
        } else {
            0
        };
        let offset = place + wrapped - self.head;
        (offset < self.len).then_some(offset)
    }

    /// Gives up the slots, and what is in them, for others, all of which are `None`.
    pub fn replace_slots(&mut self, slots: A) -> A {
        self.head = 0;
        self.len = 0;
        core::mem::replace(&mut self.slots, slots)
    }

    /// The slot that is `offset` places after the oldest, for an offset up to the capacity.
    #[inline(always)]
    fn index(&self, offset: usize) -> usize {
        let at = self.head + offset;
        // What is less than the length wraps to a large number, and is the smaller of the two.
        at.min(at.wrapping_sub(self.slots.len()))
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_ring))]
mod tests {
    use super::super::testing::{
        array,
        sample,
        Array, //
    };
    use super::*;

    fn ring(capacity: usize) -> Ring<Array<Option<u32>>> {
        Ring::new(array(capacity, || None))
    }

    /// What a ring holds, oldest first, kept in the plainest way.
    struct List {
        items: [u32; 4],
        len: usize,
    }

    impl List {
        fn insert(&mut self, at: usize, item: u32) {
            self.items.copy_within(at..self.len, at + 1);
            self.items[at] = item;
            self.len += 1;
        }

        fn take(&mut self, at: usize) -> Option<u32> {
            let item = *self.items[..self.len].get(at)?;
            self.items.copy_within(at + 1.., at);
            self.len -= 1;
            Some(item)
        }

        fn take_first(&mut self) -> Option<u32> {
            self.take(0)
        }
    }

    #[test]
    fn a_full_ring_takes_one_more_when_its_oldest_is_gone() {
        let mut ring = ring(2);
        assert_eq!(ring.push_free(1), None);
        assert_eq!(ring.push_free(2), None);
        assert_eq!(ring.push_free(3), Some(3));
        assert_eq!(ring.pop(), Some(1));
        assert_eq!(ring.push_free(3), None);
        assert_eq!(ring.len(), 2);
        assert_eq!(ring.pop(), Some(2));
        assert_eq!(ring.pop(), Some(3));
        assert_eq!(ring.pop(), None);
    }

    #[test]
    fn what_is_put_back_comes_behind_what_is_older() {
        let mut ring = ring(2);
        ring.push_free(1);
        ring.push_free(2);
        assert_eq!(ring.pop(), Some(1));
        assert_eq!(ring.put_back(1, |_| false), None);
        assert_eq!(ring.put_back(9, |_| false), Some(9));
        assert_eq!(ring.pop(), Some(1));
        assert_eq!(ring.put_back(3, |&other| other < 3), None);
        assert_eq!(ring.pop(), Some(2));
        assert_eq!(ring.pop(), Some(3));
    }

    #[test]
    fn a_ring_without_slots_holds_nothing() {
        let mut ring = ring(0);
        assert_eq!(ring.push_free(1), Some(1));
        assert_eq!(ring.pop(), None);
        assert_eq!(ring.put_back(1, |_| false), Some(1));
    }

    /// Sequences of eight operations on rings of one to four slots, against a list: on the host all
    /// that there are.
    #[test]
    fn all_short_histories_agree_with_a_list() {
        const STEPS: u32 = 8;
        for capacity in 1..=4 {
            for history in sample(5_u32.pow(STEPS), 60) {
                let mut ring = ring(capacity);
                let mut list = List {
                    items: [0; 4],
                    len: 0,
                };
                let mut rest = history;
                for item in 0..STEPS {
                    let full = list.len == capacity;
                    match rest % 5 {
                        0 => {
                            let even = |item: u32| item % 2 == 0;
                            let wanted = list.len > 0 && even(list.items[0]);
                            let first = if wanted { list.take_first() } else { None };
                            assert_eq!(ring.pop_if(|&item| even(item)), first);
                        }
                        1 => assert_eq!(ring.pop(), list.take_first()),
                        2 => {
                            if !full {
                                list.insert(list.len, item);
                            }
                            assert_eq!(ring.push_free(item), full.then_some(item));
                        }
                        3 => {
                            let first = ring.first_place();
                            let second = first.and_then(|place| ring.place_after(place));
                            let taken = second.and_then(|place| ring.take(place));
                            assert_eq!(taken, list.take(1));
                        }
                        _ => {
                            // Behind the first, if there is one, or before it.
                            let older = list.len.min(item as usize % 2);
                            let first = list.items[0];
                            if !full {
                                list.insert(older, item);
                            }
                            let put_back =
                                ring.put_back(item, |&other| older > 0 && other == first);
                            assert_eq!(put_back, full.then_some(item));
                        }
                    }
                    assert_eq!(ring.len(), list.len);
                    rest /= 5;
                }
            }
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Items in the order of their priorities: higher first, and the oldest of one first.
//!
//! A list for each priority that there is, threaded through the places, and a [`Trie`] that knows
//! where each list ends. So everything takes constant time, however many priorities there are. All
//! memory is made at once, where it may be waited for.

use super::{
    storage::Storage,
    trie::{
        self,
        Node,
        Trie, //
    }, //
};

/// A place for an item.
struct Place<T> {
    item: Option<T>,
    /// The place after this in its list, which is a ring; or among those that are free.
    next: u16,
    /// The place before this in its list.
    before: u16,
}

/// The items.
pub struct Priorities<T, S: Storage> {
    /// The last place of the list of each priority, whose next is the first.
    tails: Trie<S::Array<Node>>,
    places: S::Array<Place<T>>,
    /// The first free place, if there is one.
    free: u16,
    len: usize,
}

impl<T, S: Storage> Priorities<T, S> {
    /// Bytes of memory that are made for `capacity` items.
    pub const fn memory(capacity: usize) -> usize {
        size_of::<Place<T>>() * capacity + size_of::<Node>() * trie::nodes(capacity)
    }

    /// No items, and room for `capacity` of them, at most 65,536.
    ///
    /// # Errors
    ///
    /// Where there is not enough memory.
    pub fn new(capacity: usize) -> Result<Self, S::Error> {
        let mut next: u16 = 0;
        let places = S::array(capacity, || {
            next = next.wrapping_add(1);
            Place {
                item: None,
                next,
                before: 0,
            }
        })?;
        let nodes = S::array(trie::nodes(capacity), trie::fresh_nodes())?;
        Ok(Self {
            tails: Trie::new(nodes),
            places,
            free: 0,
            len: 0,
        })
    }

    /// Items held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no item is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Items that there is room for.
    pub fn capacity(&self) -> usize {
        self.places.len()
    }

    /// Adds an item as the newest of its priority, or returns it if there is no room.
    pub fn push(&mut self, priority: u16, item: T) -> Option<T> {
        self.add(priority, item, self.tails.get(priority), true)
    }

    /// Puts an item back behind those of its priority that are older, or returns it if there is no
    /// room. It takes as long as there are some.
    pub fn put_back(&mut self, priority: u16, item: T, is_older: impl Fn(&T) -> bool) -> Option<T> {
        let tail = self.tails.get(priority);
        let (mut before, mut is_newest) = (tail, false);
        while let Some(next) = before.and_then(|before| self.head(before)) {
            if is_newest || !self.get(next).is_some_and(&is_older) {
                break;
            }
            before = Some(next);
            is_newest = before == tail;
        }
        self.add(priority, item, before, is_newest)
    }

    /// The item that comes first.
    pub fn first(&self) -> Option<&T> {
        self.get(self.first_place()?)
    }

    /// Takes the item that comes first.
    pub fn pop(&mut self) -> Option<T> {
        let (priority, tail) = self.tails.last()?;
        self.take(priority, self.head(tail)?)
    }

    /// Where the item is that comes first.
    pub fn first_place(&self) -> Option<u16> {
        let (_, tail) = self.tails.last()?;
        self.head(tail)
    }

    /// Where the item is that comes after that at a place, which has this priority.
    pub fn place_after(&self, priority: u16, place: u16) -> Option<u16> {
        if self.tails.get(priority)? != place {
            return Some(self.places.get(place as usize)?.next);
        }
        let (_, tail) = self.tails.below(priority)?;
        self.head(tail)
    }

    /// The item at a place.
    pub fn get(&self, place: u16) -> Option<&T> {
        self.places.get(place as usize)?.item.as_ref()
    }

    /// The oldest item of the lowest priority.
    pub fn least(&self) -> Option<&T> {
        let (_, tail) = self.tails.first()?;
        self.get(self.head(tail)?)
    }

    /// Takes the oldest item of the lowest priority.
    pub fn pop_least(&mut self) -> Option<T> {
        let (priority, tail) = self.tails.first()?;
        self.take(priority, self.head(tail)?)
    }

    /// Adds an item behind a place in the list of its priority; behind none if there is no list.
    fn add(&mut self, priority: u16, item: T, before: Option<u16>, is_newest: bool) -> Option<T> {
        if self.len == self.places.len() {
            return Some(item);
        }
        let at = self.free;
        let next = before.and_then(|before| self.head(before)).unwrap_or(at);
        let is_only = before.is_none();
        let before = before.unwrap_or(at);
        let Some(place) = self.places.get_mut(at as usize) else {
            return Some(item);
        };
        self.free = place.next;
        place.item = Some(item);
        self.link(before, at);
        self.link(at, next);
        self.len += 1;
        if is_newest || is_only {
            self.tails.set(priority, at);
        }
        None
    }

    /// Takes the item at a place, which has this priority.
    pub fn take(&mut self, priority: u16, at: u16) -> Option<T> {
        let place = self.places.get_mut(at as usize)?;
        let item = place.item.take()?;
        let (before, next) = (place.before, place.next);
        place.next = self.free;
        self.free = at;
        self.len -= 1;
        if next == at {
            self.tails.remove(priority);
            return Some(item);
        }
        self.link(before, next);
        if self.tails.get(priority) == Some(at) {
            self.tails.set(priority, before);
        }
        Some(item)
    }

    /// The place after this in its list: the first, after the last.
    fn head(&self, tail: u16) -> Option<u16> {
        Some(self.places.get(tail as usize)?.next)
    }

    fn link(&mut self, before: u16, next: u16) {
        if let Some(place) = self.places.get_mut(before as usize) {
            place.next = next;
        }
        if let Some(place) = self.places.get_mut(next as usize) {
            place.before = before;
        }
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_priorities))]
mod tests {
    use super::super::testing::{
        sample,
        Heap,
        Random, //
    };
    use super::*;

    /// A priority and a number.
    type Item = (u16, u32);

    fn priorities(capacity: usize) -> Priorities<Item, Heap> {
        Priorities::new(capacity).ok().unwrap()
    }

    /// What is held, in order, kept in the plainest way.
    struct List {
        items: [Item; 8],
        len: usize,
    }

    impl List {
        fn insert(&mut self, at: usize, item: Item) {
            self.items.copy_within(at..self.len, at + 1);
            self.items[at] = item;
            self.len += 1;
        }

        fn remove(&mut self, at: Option<usize>) -> Option<Item> {
            let at = at?;
            let item = self.items[at];
            self.items.copy_within(at + 1..self.len, at);
            self.len -= 1;
            Some(item)
        }

        fn position(&self, wanted: impl Fn(u16) -> bool) -> Option<usize> {
            self.items[..self.len]
                .iter()
                .position(|&(priority, _)| wanted(priority))
        }

        fn oldest_of_least(&self) -> Option<usize> {
            let (least, _) = *self.items[..self.len].last()?;
            self.position(|priority| priority == least)
        }
    }

    #[test]
    fn higher_ones_come_first_and_the_oldest_of_each() {
        let mut items = priorities(4);
        for item in [(1, 1), (9, 2), (1, 3), (9, 4)] {
            assert_eq!(items.push(item.0, item), None);
        }
        assert_eq!(items.push(9, (9, 5)), Some((9, 5)));
        assert_eq!(items.first(), Some(&(9, 2)));
        assert_eq!(items.least(), Some(&(1, 1)));
        assert_eq!(items.pop_least(), Some((1, 1)));
        assert_eq!(items.pop(), Some((9, 2)));
        assert_eq!(items.put_back(9, (9, 2), |_| false), None);
        assert_eq!(items.pop(), Some((9, 2)));
        assert_eq!(items.pop(), Some((9, 4)));
        assert_eq!(items.pop(), Some((1, 3)));
        assert_eq!(items.pop(), None);
        assert!(items.is_empty());
    }

    #[test]
    fn a_place_takes_26_to_160_bytes() {
        // As large as the driver's, of which there is none of all zero bytes.
        type Item = (core::num::NonZeroU64, u64);
        for (capacity, each) in [(1, 160), (8, 139), (1_000, 73), (65_536, 27)] {
            assert!(Priorities::<Item, Heap>::memory(capacity) <= capacity * each);
        }
    }

    #[test]
    fn every_place_can_be_of_another_priority() {
        // On the host as many as there can be; their numbers, odd multiples, are all different.
        let all = if cfg!(test) { 65_536 } else { 1_000 };
        let mut items = priorities(all as usize);
        for number in 0..all {
            let priority = (number as u16).wrapping_mul(40_503);
            assert_eq!(items.push(priority, (priority, number)), None);
        }
        assert_eq!(items.push(1, (1, 0)), Some((1, 0)));
        let mut above = items.first().map(|item| item.0);
        for _ in 1..all {
            assert_eq!(items.pop().map(|item| item.0), above);
            let next = items.first().map(|item| item.0);
            assert!(next < above);
            above = next;
        }
        assert_eq!(items.len(), 1);
    }

    /// Random histories against a list; priorities that share nodes, and others.
    #[test]
    fn random_histories_agree_with_a_list() {
        const STEPS: u32 = 40;
        const PRIORITIES: [u16; 6] = [1, 2, 0x11, 0x1234, 0x1243, u16::MAX];
        for seed in sample(4_000, 40) {
            let mut random = Random::new(seed.into());
            let capacity = 1 + random.draw(8) as usize;
            let mut items = priorities(capacity);
            let mut list = List {
                items: [(0, 0); 8],
                len: 0,
            };
            for number in 0..STEPS {
                let priority = PRIORITIES[random.draw(6) as usize];
                let item = (priority, number);
                let full = list.len == capacity;
                match random.draw(6) {
                    0 | 1 => {
                        let at = list.position(|other| other < priority);
                        if !full {
                            list.insert(at.unwrap_or(list.len), item);
                        }
                        assert_eq!(items.push(priority, item), full.then_some(item));
                    }
                    2 => {
                        // Behind some of those with this priority.
                        let first = list.position(|other| other <= priority);
                        let first = first.unwrap_or(list.len);
                        let same = list.items[first..list.len].iter();
                        let same = same.take_while(|other| other.0 == priority).count();
                        let at = first + random.draw(1 + same as u32) as usize;
                        let older = list.items;
                        if !full {
                            list.insert(at, item);
                        }
                        let put_back = items
                            .put_back(priority, item, |other| older[first..at].contains(other));
                        assert_eq!(put_back, full.then_some(item));
                    }
                    3 => {
                        // From the middle, found by a walk.
                        let steps = random.draw(8) as usize;
                        let mut place = items.first_place();
                        for _ in 0..steps {
                            place = place.and_then(|place| {
                                let priority = items.get(place)?.0;
                                items.place_after(priority, place)
                            });
                        }
                        let found = place.and_then(|place| items.get(place)).copied();
                        assert_eq!(found, list.items[..list.len].get(steps).copied());
                        if let (Some(place), Some((priority, _))) = (place, found) {
                            assert_eq!(items.take(priority, place), found);
                            list.remove(Some(steps));
                        }
                    }
                    4 => assert_eq!(items.pop(), list.remove((list.len > 0).then_some(0))),
                    _ => assert_eq!(items.pop_least(), list.remove(list.oldest_of_least())),
                }
                assert_eq!(items.len(), list.len);
                assert_eq!(items.first(), list.items[..list.len].first());
                let least = list.oldest_of_least().map(|at| &list.items[at]);
                assert_eq!(items.least(), least);
            }
        }
    }
}

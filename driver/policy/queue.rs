// SPDX-License-Identifier: GPL-2.0

//! The queue of a registration: a ring of messages, limited in number and bytes, and its counters.
//!
//! At any time `received == read + dropped + queued`. Messages that fall out are handed back to be
//! freed by the caller; waiting and waking are the caller's as well.

use super::ring::Ring;
use core::{
    mem,
    ops::DerefMut, //
};

/// What a queue holds.
pub trait Item {
    /// Bytes of memory that it takes.
    fn memory(&self) -> usize;
}

/// What has happened to a queue's messages so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Messages put into the queue.
    pub received: u64,
    /// Messages taken out by a reader.
    pub read: u64,
    /// Messages lost because the queue was full.
    pub dropped_overflow: u64,
    /// Messages lost to a flush.
    pub dropped_flush: u64,
    /// Messages lost to the end of the registration.
    pub dropped_end: u64,
}

impl QueueStats {
    /// Messages lost, for whatever reason.
    pub fn dropped(&self) -> u64 {
        self.dropped_overflow + self.dropped_flush + self.dropped_end
    }
}

/// A queue of messages, oldest first.
pub struct Queue<A> {
    ring: Ring<A>,
    /// Messages that it may hold; the ring can have fewer places, where `bytes_max` allows no more.
    capacity: usize,
    /// Bytes that the messages held take.
    bytes: usize,
    /// Bytes that the messages held may take.
    bytes_max: usize,
    /// Bytes of messages for which room is being made.
    pending: usize,
    stats: QueueStats,
    open: bool,
}

/// What became of a message offered to [`Queue::push`] that could not just be queued.
#[derive(Debug, PartialEq, Eq)]
pub enum Pushed<T> {
    /// It was put into the queue, which cost this oldest message its place.
    Displaced(T),
    /// It was not: more than one message has to make room, from [`Queue::begin_large`] on.
    NoRoom(T),
    /// It was not: it does not even fit into an empty queue.
    TooLarge(T),
    /// It was not: the queue is closed.
    Closed(T),
}

impl<T: Item, A: DerefMut<Target = [Option<T>]>> Queue<A> {
    /// An empty, open queue for up to `capacity` messages of up to `bytes_max` bytes together, over
    /// `slots`, all of which are `None`: as many as [`super::limits::slots`] says.
    pub fn new(slots: A, capacity: usize, bytes_max: usize) -> Self {
        Self {
            ring: Ring::new(slots),
            capacity,
            bytes: 0,
            bytes_max,
            pending: 0,
            stats: QueueStats::default(),
            open: true,
        }
    }

    /// Messages queued now.
    pub fn depth(&self) -> usize {
        self.ring.len()
    }

    /// Messages that the queue holds at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes of memory that the messages queued now take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What has happened so far.
    pub fn stats(&self) -> QueueStats {
        self.stats
    }

    /// Whether messages are taken: until [`Queue::close`].
    #[inline]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Gives up the places of a closed queue, for `none`: an array without any.
    pub fn replace_slots(&mut self, none: A) -> A {
        debug_assert!(!self.open && none.is_empty());
        self.ring.replace_slots(none)
    }

    /// Takes no more messages from now on.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Adds a message as the newest.
    ///
    /// # Errors
    ///
    /// [`Pushed`], where others are to be told of, or the message could not be added.
    #[inline(always)]
    pub fn push(&mut self, message: T) -> Result<(), Pushed<T>> {
        let memory = message.memory();
        let bytes = self.bytes + memory;
        if !self.open || bytes > self.bytes_max {
            return Err(self.push_full(message, memory));
        }
        let Some(slot) = self.ring.free_slot() else {
            return Err(self.push_full(message, memory));
        };
        // What was there is `None`: to drop it would do nothing, and take time.
        mem::forget(slot.replace(message));
        self.bytes = bytes;
        self.stats.received += 1;
        Ok(())
    }

    /// Adds a message for which there is no room as it is.
    #[cold]
    #[inline(never)]
    fn push_full(&mut self, message: T, memory: usize) -> Pushed<T> {
        if !self.open {
            return Pushed::Closed(message);
        }
        let oldest = self.ring.oldest().map_or(0, Item::memory);
        let bytes = self.bytes - oldest + memory;
        if bytes > self.bytes_max {
            return if memory > self.bytes_max {
                Pushed::TooLarge(message)
            } else {
                Pushed::NoRoom(message)
            };
        }
        let Some(oldest) = self.ring.pop() else {
            // No places at all, which is so for a queue that is closed.
            return Pushed::Closed(message);
        };
        self.bytes = bytes;
        self.stats.received += 1;
        self.stats.dropped_overflow += 1;
        // There is a place now.
        let _ = self.ring.push_free(message);
        Pushed::Displaced(oldest)
    }

    /// Begins to make room for a message of `memory` bytes that takes the place of many. What is
    /// taken out meanwhile is kept from others, so that it ends however much they send. Returns
    /// false where others are doing so, and theirs are to leave no room for this one, which so
    /// comes and goes at once.
    pub fn begin_large(&mut self, memory: usize) -> bool {
        let pending = self.pending.saturating_add(memory);
        if self.open && pending > self.bytes_max {
            self.count_too_large();
            return false;
        }
        self.pending = pending;
        true
    }

    /// Moves the oldest messages to `displaced`, until there is room for one of `memory` bytes or
    /// no place left to move one to. `held` sums up what they took. Returns whether there is room,
    /// which is kept for this one from then on.
    pub fn make_room(
        &mut self,
        memory: usize,
        held: &mut usize,
        displaced: &mut [Option<T>],
    ) -> bool {
        for place in displaced {
            if self.keep_room(memory, held) {
                return true;
            }
            let Some(message) = self.ring.pop() else {
                break;
            };
            *held += message.memory();
            self.stats.dropped_overflow += 1;
            *place = Some(message);
        }
        self.keep_room(memory, held) || !self.open
    }

    /// Keeps room for `memory` bytes in the place of what is held, if there is as much.
    fn keep_room(&mut self, memory: usize, held: &mut usize) -> bool {
        let bytes = self.bytes - *held + memory;
        if bytes > self.bytes_max {
            return false;
        }
        self.bytes = bytes;
        *held = memory;
        true
    }

    /// Adds a message for which there is room by now, and gives up what was held for it.
    pub fn end_large(&mut self, message: T, held: usize) -> Result<(), Pushed<T>> {
        self.pending -= message.memory();
        self.bytes -= held;
        self.push(message)
    }

    /// Counts a message as received and dropped that finds no room whatever goes for it.
    pub fn count_too_large(&mut self) {
        self.stats.received += 1;
        self.stats.dropped_overflow += 1;
    }

    /// The oldest message.
    #[inline]
    pub fn oldest(&self) -> Option<&T> {
        self.ring.oldest()
    }

    /// Takes the oldest message for a reader.
    pub fn pop(&mut self) -> Option<T> {
        self.pop_if(|_| true)
    }

    /// Takes the oldest message for a reader if that `wants` it.
    #[inline(always)]
    pub fn pop_if(&mut self, wants: impl FnOnce(&T) -> bool) -> Option<T> {
        let message = self.take_if(wants)?;
        self.stats.read += 1;
        Some(message)
    }

    /// Takes back a message that [`Queue::pop`] gave and that could not be delivered. It is the
    /// oldest, so it is the one to go (and is returned) if the queue has filled up or closed since.
    pub fn push_front(&mut self, message: T) -> Option<T> {
        self.stats.read -= 1;
        let memory = message.memory();
        let refused = if self.open && self.bytes + memory <= self.bytes_max {
            self.ring.push_front(message)
        } else {
            Some(message)
        };
        match (&refused, self.open) {
            (None, _) => self.bytes += memory,
            (Some(_), true) => self.stats.dropped_overflow += 1,
            (Some(_), false) => self.stats.dropped_end += 1,
        }
        refused
    }

    /// Takes the oldest message to discard it: in a flush, or because the queue is closed.
    pub fn discard(&mut self) -> Option<T> {
        let message = self.take_if(|_| true)?;
        if self.open {
            self.stats.dropped_flush += 1;
        } else {
            self.stats.dropped_end += 1;
        }
        Some(message)
    }

    #[inline(always)]
    fn take_if(&mut self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        let message = self.ring.pop_if(wanted)?;
        self.bytes -= message.memory();
        Some(message)
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_queue))]
mod tests {
    use super::super::testing::{
        array,
        sample,
        Array, //
    };
    use super::*;

    /// A message of a number and a size.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Message(u32, usize);

    impl Item for Message {
        fn memory(&self) -> usize {
            self.1
        }
    }

    fn queue(capacity: usize, bytes: usize) -> Queue<Array<Option<Message>>> {
        Queue::new(array(capacity, || None), capacity, bytes)
    }

    fn one(number: u32) -> Message {
        Message(number, 1)
    }

    /// Adds a message that takes the place of many, a few at a time; how many went for it.
    fn push_large(queue: &mut Queue<Array<Option<Message>>>, message: Message) -> usize {
        let (mut held, mut gone) = (0, 0);
        if !queue.begin_large(message.memory()) {
            return 0;
        }
        loop {
            let mut displaced = [None; 2];
            let fits = queue.make_room(message.memory(), &mut held, &mut displaced);
            gone += displaced.iter().flatten().count();
            if fits || held == 0 {
                break;
            }
        }
        gone + usize::from(matches!(
            queue.end_large(message, held),
            Err(Pushed::Displaced(_))
        ))
    }

    fn balances(queue: &Queue<Array<Option<Message>>>) -> bool {
        let stats = queue.stats();
        stats.received == stats.read + stats.dropped() + queue.depth() as u64
    }

    /// On the host through all that there are.
    #[test]
    fn the_counters_balance_through_every_short_history() {
        const STEPS: u32 = 7;
        for (capacity, bytes) in [(1, 9), (2, 9), (3, 9), (3, 3), (4, 2), (1, 1)] {
            for history in sample(7_u32.pow(STEPS), 60) {
                let mut queue = queue(capacity, bytes);
                let mut taken = None;
                let mut held = 0;
                let mut rest = history;
                for item in 0..STEPS {
                    match rest % 7 {
                        0 => drop(queue.push(one(item))),
                        1 => {
                            if let Some(message) = queue.pop() {
                                taken = Some(message);
                                held += 1;
                            }
                        }
                        2 => {
                            if let Some(message) = taken.take() {
                                held -= 1;
                                queue.push_front(message);
                            }
                        }
                        3 => drop(queue.discard()),
                        4 => drop(queue.push(Message(item, 2))),
                        5 => drop(push_large(&mut queue, Message(item, 2))),
                        _ => queue.close(),
                    }
                    assert!(balances(&queue));
                    assert_eq!(queue.stats().read, held);
                    assert!(queue.bytes() <= bytes && queue.depth() <= capacity);
                    rest /= 7;
                }
                while let Some(message) = queue.discard() {
                    assert!(message.memory() > 0);
                }
                assert_eq!(queue.bytes(), 0);
            }
        }
    }

    #[test]
    fn a_full_queue_drops_its_oldest_and_counts_it() {
        let mut queue = queue(1, 10);
        assert_eq!(queue.push(one(1)), Ok(()));
        assert_eq!(queue.push(one(2)), Err(Pushed::Displaced(one(1))));
        assert_eq!(queue.stats().dropped_overflow, 1);
        assert_eq!(queue.pop(), Some(one(2)));
    }

    #[test]
    fn a_large_message_costs_as_many_small_ones_as_it_takes() {
        let mut queue = queue(8, 4);
        for number in 0..4 {
            assert_eq!(queue.push(one(number)), Ok(()));
        }
        let large = Message(9, 3);
        assert_eq!(queue.push(large), Err(Pushed::NoRoom(large)));
        assert!(balances(&queue));
        assert_eq!(push_large(&mut queue, large), 3);
        assert_eq!((queue.depth(), queue.bytes()), (2, 4));
        assert_eq!(queue.stats().dropped_overflow, 3);
        assert!(balances(&queue));
    }

    #[test]
    fn room_that_is_being_made_is_kept_from_others() {
        let mut queue = queue(8, 4);
        for number in 0..4 {
            let _ = queue.push(one(number));
        }
        let mut held = 0;
        assert!(queue.begin_large(3));
        assert!(!queue.make_room(3, &mut held, &mut [None; 2]));
        // Somebody else sends meanwhile, which costs one of those that are left, not the room.
        assert_eq!(queue.push(one(8)), Err(Pushed::Displaced(one(2))));
        // Another large one can only come before this, and is gone then.
        assert!(!queue.begin_large(2));
        assert!(queue.make_room(3, &mut held, &mut [None; 2]));
        assert_eq!(queue.end_large(Message(9, 3), held), Ok(()));
        assert_eq!((queue.depth(), queue.bytes()), (2, 4));
        assert!(balances(&queue));
    }

    #[test]
    fn room_that_readers_have_made_is_kept_from_others() {
        let mut queue = queue(8, 4);
        for number in 0..4 {
            let _ = queue.push(one(number));
        }
        let mut held = 0;
        assert!(queue.begin_large(2));
        assert_eq!((queue.pop(), queue.pop()), (Some(one(0)), Some(one(1))));
        assert!(queue.make_room(2, &mut held, &mut [None; 2]));
        assert_eq!(queue.push(one(8)), Err(Pushed::Displaced(one(2))));
        assert_eq!(queue.end_large(Message(9, 2), held), Ok(()));
        assert_eq!((queue.depth(), queue.bytes()), (3, 4));
        assert!(balances(&queue));
    }

    #[test]
    fn what_does_not_fit_into_an_empty_queue_is_refused() {
        let mut queue = queue(8, 4);
        let large = Message(1, 5);
        assert_eq!(queue.push(large), Err(Pushed::TooLarge(large)));
        assert_eq!(queue.stats(), QueueStats::default());
        queue.count_too_large();
        assert_eq!((queue.stats().received, queue.stats().dropped()), (1, 1));
        let _ = queue.push(one(2));
        assert_eq!(queue.push(large), Err(Pushed::TooLarge(large)));
        assert_eq!(queue.depth(), 1);
    }

    #[test]
    fn a_closed_queue_takes_nothing_but_can_be_emptied() {
        let mut queue = queue(2, 10);
        let _ = queue.push(one(1));
        let _ = queue.push(one(2));
        assert_eq!(queue.discard(), Some(one(1)));
        queue.close();
        assert_eq!(queue.push(one(3)), Err(Pushed::Closed(one(3))));
        assert_eq!(queue.stats().received, 2);
        assert_eq!(queue.discard(), Some(one(2)));
        let stats = queue.stats();
        assert_eq!((stats.dropped_flush, stats.dropped_end), (1, 1));
    }

    #[test]
    fn an_undelivered_message_goes_first_if_its_place_is_gone() {
        for (capacity, bytes) in [(1, 10), (5, 1)] {
            let mut queue = queue(capacity, bytes);
            let _ = queue.push(one(1));
            assert_eq!(queue.pop(), Some(one(1)));
            let _ = queue.push(one(2));
            assert_eq!(queue.push_front(one(1)), Some(one(1)));
            assert_eq!(
                queue.stats(),
                QueueStats {
                    received: 2,
                    dropped_overflow: 1,
                    ..QueueStats::default()
                }
            );
        }
    }
}

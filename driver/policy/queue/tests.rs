// SPDX-License-Identifier: GPL-2.0

//! The tests of [`Queue`].

use super::super::{
    line::Growth,
    testing::{
        array,
        sample,
        Heap, //
    }, //
};
use super::*;

/// A message of a number, a size and a priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message(u32, usize, u16);

/// A queue in which numbers wait.
type Numbers = Queue<Message, u32, Heap>;

impl Item for Message {
    fn memory(&self) -> usize {
        self.1
    }

    fn priority(&self) -> u16 {
        self.2
    }

    fn set_sequence(&mut self, _: u64) {}

    fn sequence(&self) -> u64 {
        self.0.into()
    }
}

/// A message that knows its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbered(u64);

impl Item for Numbered {
    fn memory(&self) -> usize {
        1
    }

    fn priority(&self) -> u16 {
        0
    }

    fn set_sequence(&mut self, sequence: u64) {
        self.0 = sequence;
    }

    fn sequence(&self) -> u64 {
        self.0
    }
}

fn queue(capacity: usize, bytes: usize) -> Numbers {
    Queue::new(array(capacity, || None), capacity, bytes)
}

fn one(number: u32) -> Message {
    Message(number, 1, 0)
}

/// Adds a message that takes the place of many, a few at a time; how many went for it.
fn push_large(queue: &mut Numbers, message: Message) -> usize {
    let (mut held, mut gone) = (0, 0);
    if !queue.begin_large(message.memory()) {
        return 0;
    }
    loop {
        let mut displaced = [None; 2];
        let fits = queue.make_room(&message, &mut held, &mut displaced);
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

fn balances(queue: &Numbers) -> bool {
    let stats = queue.stats();
    stats.received == stats.read + stats.dropped() + queue.depth() as u64
}

/// Lets the queue know priorities, at no cost.
fn with_priorities(mut queue: Numbers) -> Numbers {
    if let Some(capacity) = queue.needs_priorities(&Message(0, 0, 1)) {
        let priorities = Priorities::new(capacity).ok().unwrap();
        drop(queue.add_priorities(priorities));
    }
    queue
}

/// Waits with a message, and the number of the message as who waits.
fn wait(queue: &mut Numbers, message: Message) -> Ticket {
    if let Some(chunk) = queue.line().needs_growth() {
        let spare = queue.line().grow(Growth::new(chunk).ok().unwrap());
        drop(spare);
    }
    queue.wait(message, message.0).ok().unwrap()
}

#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_queue))]
mod cases {
    use super::*;

    #[test]
    fn messages_are_numbered_and_what_is_lost_leaves_a_gap() {
        let mut queue: Queue<Numbered, (), Heap> = Queue::new(array(2, || None), 2, 9);
        for _ in 0..3 {
            drop(queue.push(Numbered(0)));
        }
        queue.count_too_large();
        let second = queue.pop().unwrap();
        assert_eq!(second, Numbered(2));
        assert_eq!(queue.put_back(second), None);
        assert_eq!(queue.pop(), Some(Numbered(2)));
        drop(queue.push(Numbered(0)));
        assert_eq!(queue.pop(), Some(Numbered(3)));
        assert_eq!(queue.pop(), Some(Numbered(5)));
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
                                queue.put_back(message);
                            }
                        }
                        3 => drop(queue.discard()),
                        4 => drop(queue.push(Message(item, 2, 0))),
                        5 => drop(push_large(&mut queue, Message(item, 2, 0))),
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
        let large = Message(9, 3, 0);
        assert_eq!(queue.push(large), Err(Pushed::NoRoom(large)));
        assert!(balances(&queue));
        assert_eq!(push_large(&mut queue, large), 3);
        assert_eq!((queue.depth(), queue.bytes()), (2, 4));
        assert_eq!(queue.stats().dropped_overflow, 3);
        assert!(balances(&queue));
    }

    #[test]
    fn room_that_is_being_made_is_kept_from_others() {
        let large = Message(9, 3, 0);
        let mut queue = queue(8, 4);
        for number in 0..4 {
            let _ = queue.push(one(number));
        }
        let mut held = 0;
        assert!(queue.begin_large(3));
        assert!(!queue.make_room(&large, &mut held, &mut [None; 2]));
        // Somebody else sends meanwhile, which costs one of those that are left, not the room.
        assert_eq!(queue.push(one(8)), Err(Pushed::Displaced(one(2))));
        // Another large one can only come before this, and is gone then.
        assert!(!queue.begin_large(2));
        assert!(queue.make_room(&large, &mut held, &mut [None; 2]));
        assert_eq!(queue.end_large(large, held), Ok(()));
        assert_eq!((queue.depth(), queue.bytes()), (2, 4));
        assert!(balances(&queue));
    }

    #[test]
    fn room_that_readers_have_made_is_kept_from_others() {
        let large = Message(9, 2, 0);
        let mut queue = queue(8, 4);
        for number in 0..4 {
            let _ = queue.push(one(number));
        }
        let mut held = 0;
        assert!(queue.begin_large(2));
        assert_eq!((queue.pop(), queue.pop()), (Some(one(0)), Some(one(1))));
        assert!(queue.make_room(&large, &mut held, &mut [None; 2]));
        assert_eq!(queue.push(one(8)), Err(Pushed::Displaced(one(2))));
        assert_eq!(queue.end_large(large, held), Ok(()));
        assert_eq!((queue.depth(), queue.bytes()), (3, 4));
        assert!(balances(&queue));
    }

    #[test]
    fn what_does_not_fit_into_an_empty_queue_is_refused() {
        let mut queue = queue(8, 4);
        let large = Message(1, 5, 0);
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
            assert_eq!(queue.put_back(one(1)), Some(one(1)));
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

    #[test]
    fn a_queue_learns_of_priorities_once() {
        let mut queue = queue(2, 9);
        assert_eq!(queue.needs_priorities(&one(1)), None);
        assert_eq!(queue.needs_priorities(&Message(1, 1, 1)), Some(2));
        let priorities = || Priorities::new(2).ok().unwrap();
        assert!(queue.add_priorities(priorities()).is_none());
        assert!(queue.add_priorities(priorities()).is_some());
        assert_eq!(queue.needs_priorities(&Message(1, 1, 1)), None);
        queue.close();
        assert!(queue.add_priorities(priorities()).is_some());
    }

    #[test]
    fn whoever_arrives_with_the_lowest_priority_goes_first() {
        let mut queue = with_priorities(queue(2, 9));
        let (high, low) = (Message(1, 1, 5), Message(2, 1, 3));
        assert_eq!(queue.push(high), Ok(()));
        assert_eq!(queue.push(high), Ok(()));
        assert_eq!(queue.push(low), Err(Pushed::Displaced(low)));
        assert_eq!(queue.push(one(3)), Err(Pushed::Displaced(one(3))));
        assert_eq!(queue.stats().dropped_overflow, 2);
        // A large one does not push out what is above it, either.
        let large = Message(4, 9, 3);
        assert_eq!(queue.push(large), Err(Pushed::Displaced(large)));
        assert_eq!(queue.depth(), 2);
        assert!(balances(&queue));
    }

    #[test]
    fn those_who_wait_come_in_turn_and_nobody_passes_them() {
        let mut queue = queue(2, 9);
        let _ = queue.push(one(1));
        let _ = queue.push(one(2));
        assert_eq!(queue.push_in_turn(one(3)), Err(Pushed::NoRoom(one(3))));
        let large = Message(3, 9, 0);
        let first = wait(&mut queue, large);
        let second = wait(&mut queue, one(4));
        assert!(!queue.is_plain());
        assert_eq!(queue.pop(), Some(one(1)));
        let mut settled = [None, None];
        queue.settle(&mut settled);
        // There is room for the second, but it is not its turn; nor is it that of others.
        assert!(settled.iter().all(Option::is_none));
        assert_eq!(queue.push_in_turn(one(5)), Err(Pushed::NoRoom(one(5))));
        assert_eq!(queue.leave(first), Ok((large, 3)));
        queue.settle(&mut settled);
        let sent = settled.map(|settled| settled.map(|sent| (sent.who, sent.refused)));
        assert_eq!(sent, [Some((4, None)), None]);
        assert_eq!(queue.leave(second), Err(Outcome::Sent));
        assert!(queue.is_plain() && balances(&queue));
        assert_eq!((queue.depth(), queue.waiting()), (2, 0));
    }

    #[test]
    fn those_who_wait_learn_of_the_end() {
        let mut queue = queue(1, 9);
        let _ = queue.push(one(1));
        let ticket = wait(&mut queue, one(2));
        queue.close();
        let mut settled = [None];
        queue.settle(&mut settled);
        let refused = settled[0].take().and_then(|settled| settled.refused);
        assert_eq!(refused, Some(one(2)));
        assert_eq!(queue.leave(ticket), Err(Outcome::Closed));
        assert_eq!(queue.push_in_turn(one(3)), Err(Pushed::Closed(one(3))));
        assert_eq!(queue.stats().received, 1);
    }
}

#[cfg(test)]
mod model;

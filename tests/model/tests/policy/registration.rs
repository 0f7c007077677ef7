// SPDX-License-Identifier: GPL-2.0

//! What the registry holds here: a registration with its queue, and how the driver uses that.

use std::{convert::Infallible, iter};

use mq_model::{world::ProcessId, Totals};
use mq_policy::{
    message::Stamp,
    name::Name,
    priorities::Priorities,
    queue::{Item, Pushed, Queue as Of},
    registry::Member,
    storage::Storage,
};

use super::waiting::Waiter;

/// Arrays on the heap.
pub struct Heap;

impl Storage for Heap {
    type Array<E> = Vec<E>;
    type Error = Infallible;

    fn array<E>(len: usize, fill: impl FnMut() -> E) -> Result<Vec<E>, Infallible> {
        Ok(iter::repeat_with(fill).take(len).collect())
    }
}

/// A message.
#[derive(Clone)]
pub struct Message {
    pub line: Vec<u8>,
    /// Where in the line the text starts, which ends before the newline.
    pub text_at: usize,
    pub memory: usize,
    pub stamp: Stamp,
    pub sequence: u64,
}

impl Message {
    /// The sender's name.
    pub fn from(&self) -> Name {
        Name::new(&self.line[..self.text_at - 1]).expect("a name")
    }

    pub fn text(&self) -> &[u8] {
        &self.line[self.text_at..self.line.len() - 1]
    }
}

impl Item for Message {
    fn memory(&self) -> usize {
        self.memory
    }

    fn priority(&self) -> u16 {
        self.stamp.priority
    }

    fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// A queue of messages.
pub type Queue = Of<Message, Waiter, Heap>;

/// A registration.
pub struct Registration {
    pub name: Name,
    /// Who is registered, as the registry has it.
    pub owner: u64,
    /// The process that made it.
    pub maker: ProcessId,
    pub user: u32,
    pub reservation: u64,
    pub queue: Queue,
    /// Lost messages that records have told of.
    pub told: u64,
    pub sent: u64,
}

impl Member for Registration {
    fn is_dying(&self) -> bool {
        !self.queue.is_open()
    }
}

/// Lets a queue know priorities, if it needs that for a message, as the driver's
/// `Registration::make_priorities` does.
pub fn make_priorities(queue: &mut Queue, message: &Message) {
    if let Some(capacity) = queue.needs_priorities(message) {
        let Ok(priorities) = Priorities::new(capacity);
        assert!(queue.add_priorities(priorities).is_none());
    }
}

/// Puts a message into a queue, as `Registration::deliver` of the driver does; false where it is
/// larger than the queue.
pub fn deliver(queue: &mut Queue, message: Message) -> bool {
    let message = match queue.push(message) {
        Ok(()) | Err(Pushed::Displaced(_)) => return true,
        Err(Pushed::NoRoom(message)) => message,
        Err(Pushed::TooLarge(_)) => return false,
        Err(Pushed::Closed(_)) => panic!("who has ended is not found"),
    };
    let (memory, mut held) = (message.memory, 0);
    assert!(queue.begin_large(memory), "nobody else makes room");
    // Some at a time, as there.
    while !queue.make_room(&message, &mut held, &mut [None, None]) {}
    let pushed = queue.end_large(message, held);
    assert!(matches!(pushed, Ok(()) | Err(Pushed::Displaced(_))));
    true
}

/// Adds what a queue has counted.
pub fn count(totals: &mut Totals, queue: &Queue) {
    let stats = queue.stats();
    for (name, count) in [
        ("deliveries", stats.received),
        ("reads", stats.read),
        ("dropped_overflow", stats.dropped_overflow),
        ("dropped_flush", stats.dropped_flush),
        ("dropped_end", stats.dropped_end),
    ] {
        totals.add(name, count as usize);
    }
}

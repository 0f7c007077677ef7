// SPDX-License-Identifier: GPL-2.0

//! The messages of a queue in the order in which they are read, and the bytes that they take.
//!
//! Those of priority 0 are in a ring, the others in [`Priorities`], for which memory is made when
//! the first of them comes. How many there may be, and what is counted, is the queue's business.

use super::{
    priorities::Priorities,
    queue::Item,
    ring::Ring,
    storage::Storage, //
};
use core::mem;

/// A message that a walk has come to. It stays usable whatever happens to the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    urgent: bool,
    place: u16,
    sequence: u64,
}

/// How a walk has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// With a message that was wanted.
    Found(Cursor),
    /// After enough steps for one turn of a lock. It can go on from here.
    Pause(Cursor),
    /// With the last message.
    End,
}

/// The messages.
pub struct Backlog<T, S: Storage> {
    ring: Ring<S::Array<Option<T>>>,
    urgent: Option<Priorities<T, S>>,
    bytes: usize,
}

impl<T: Item, S: Storage> Backlog<T, S> {
    /// No messages, over `slots`, all of which are `None`.
    pub fn new(slots: S::Array<Option<T>>) -> Self {
        Self {
            ring: Ring::new(slots),
            urgent: None,
            bytes: 0,
        }
    }

    /// Messages held.
    pub fn len(&self) -> usize {
        self.ring.len() + self.urgent.as_ref().map_or(0, Priorities::len)
    }

    /// Whether no message is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Messages that there is room for.
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Bytes of memory that the messages take.
    #[inline(always)]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is no room for priorities: the ring is all of it.
    pub fn is_plain(&self) -> bool {
        self.urgent.is_none()
    }

    /// Makes room for priorities, or returns what is there already.
    pub fn add_priorities(&mut self, priorities: Priorities<T, S>) -> Option<Priorities<T, S>> {
        if self.urgent.is_some() {
            return Some(priorities);
        }
        self.urgent = Some(priorities);
        None
    }

    /// Adds a message of priority 0 as the newest, where the ring is all that there is; returns it
    /// if that is full.
    #[inline(always)]
    pub fn push_plain(&mut self, message: T, memory: usize) -> Option<T> {
        let Some(slot) = self.ring.free_slot() else {
            return Some(message);
        };
        // What was there is `None`: to drop it would do nothing, and take time.
        mem::forget(slot.replace(message));
        self.bytes += memory;
        None
    }

    /// Adds a message as the newest of its priority, or returns it if there is no room.
    pub fn push(&mut self, message: T) -> Option<T> {
        self.insert(message, Ring::push_free, Priorities::push)
    }

    /// Puts a message back before those of its priority that came after it, or returns it if there is
    /// no room.
    pub fn put_back(&mut self, message: T) -> Option<T> {
        let sequence = message.sequence();
        let is_older = |other: &T| other.sequence() < sequence;
        self.insert(
            message,
            |ring, message| ring.put_back(message, is_older),
            |urgent, priority, message| urgent.put_back(priority, message, is_older),
        )
    }

    fn insert(
        &mut self,
        message: T,
        plain: impl FnOnce(&mut Ring<S::Array<Option<T>>>, T) -> Option<T>,
        urgent: impl FnOnce(&mut Priorities<T, S>, u16, T) -> Option<T>,
    ) -> Option<T> {
        if self.len() == self.capacity() {
            return Some(message);
        }
        self.bytes += message.memory();
        match (message.priority(), &mut self.urgent) {
            (priority @ 1.., Some(priorities)) => urgent(priorities, priority, message),
            _ => plain(&mut self.ring, message),
        }
    }

    /// The message that comes first, where the ring is all that there is.
    #[inline(always)]
    pub fn first_plain(&self) -> Option<&T> {
        self.ring.oldest()
    }

    /// Takes it if it is `wanted`.
    #[inline(always)]
    pub fn pop_plain_if(&mut self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        let message = self.ring.pop_if(wanted)?;
        self.bytes -= message.memory();
        Some(message)
    }

    /// The message that comes first: the oldest of the highest priority.
    pub fn first(&self) -> Option<&T> {
        let urgent = self.urgent.as_ref().and_then(Priorities::first);
        urgent.or_else(|| self.ring.oldest())
    }

    /// Takes it.
    pub fn pop(&mut self) -> Option<T> {
        match self.urgent.as_mut().and_then(Priorities::pop) {
            Some(message) => {
                self.bytes -= message.memory();
                Some(message)
            }
            None => self.pop_plain_if(|_| true),
        }
    }

    /// Takes it if it is `wanted`.
    pub fn pop_if(&mut self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        if self.first().is_some_and(wanted) {
            self.pop()
        } else {
            None
        }
    }

    /// The message that is the first to go: the oldest of the lowest priority.
    pub fn least(&self) -> Option<&T> {
        let plain = self.ring.oldest();
        plain.or_else(|| self.urgent.as_ref()?.least())
    }

    /// Takes it.
    pub fn pop_least(&mut self) -> Option<T> {
        if let Some(message) = self.pop_plain_if(|_| true) {
            return Some(message);
        }
        let message = self.urgent.as_mut()?.pop_least()?;
        self.bytes -= message.memory();
        Some(message)
    }

    /// Walks through the messages in the order in which they are read, up to one that is wanted: on
    /// from a cursor, or from the first one, also where the message of the cursor has gone.
    pub fn walk(&self, from: Option<Cursor>, steps: usize, wanted: impl Fn(&T) -> bool) -> Walk {
        let mut next = match from {
            Some(from) if self.get(from).is_some() => self.after(from),
            _ => self.start(),
        };
        let mut last = from;
        for _ in 0..steps {
            let Some(cursor) = next else {
                return Walk::End;
            };
            if self.get(cursor).is_some_and(&wanted) {
                return Walk::Found(cursor);
            }
            last = next;
            next = self.after(cursor);
        }
        last.map_or(Walk::End, Walk::Pause)
    }

    /// The message of a cursor, if it is still there.
    pub fn get(&self, at: Cursor) -> Option<&T> {
        let message = if at.urgent {
            self.urgent.as_ref()?.get(at.place)?
        } else {
            self.ring.get(at.place.into())?
        };
        (message.sequence() == at.sequence).then_some(message)
    }

    /// Takes it.
    pub fn take(&mut self, at: Cursor) -> Option<T> {
        let message = self.get(at)?;
        let (priority, memory) = (message.priority(), message.memory());
        let message = if at.urgent {
            self.urgent.as_mut()?.take(priority, at.place)?
        } else {
            self.ring.take(at.place.into())?
        };
        self.bytes -= memory;
        Some(message)
    }

    fn start(&self) -> Option<Cursor> {
        let urgent = self.urgent.as_ref().and_then(Priorities::first_place);
        match urgent {
            Some(place) => self.urgent_cursor(place),
            None => self.ring_cursor(self.ring.first_place()?),
        }
    }

    fn after(&self, at: Cursor) -> Option<Cursor> {
        if !at.urgent {
            return self.ring_cursor(self.ring.place_after(at.place.into())?);
        }
        let priority = self.get(at)?.priority();
        match self.urgent.as_ref()?.place_after(priority, at.place) {
            Some(place) => self.urgent_cursor(place),
            None => self.ring_cursor(self.ring.first_place()?),
        }
    }

    fn urgent_cursor(&self, place: u16) -> Option<Cursor> {
        let sequence = self.urgent.as_ref()?.get(place)?.sequence();
        Some(Cursor {
            urgent: true,
            place,
            sequence,
        })
    }

    fn ring_cursor(&self, place: usize) -> Option<Cursor> {
        Some(Cursor {
            urgent: false,
            // CAST: There are no more places than `QUEUE_LEN` can be.
            place: place as u16,
            sequence: self.ring.get(place)?.sequence(),
        })
    }

    /// Gives up all places, and what is in them, for others, all of which are `None`.
    pub fn replace(&mut self, slots: S::Array<Option<T>>) -> Self {
        core::mem::replace(self, Self::new(slots))
    }
}

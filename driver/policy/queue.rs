// SPDX-License-Identifier: GPL-2.0

//! The queue of a registration: messages, limited in number and bytes, those who wait for room for
//! more, and its counters.
//!
//! At any time `received == read + dropped + queued`. What falls out is handed back to be freed by
//! the caller; sleeping and waking are the caller's as well. In which order messages are read is the
//! business of `backlog.rs`.

mod room;

use super::{
    backlog::{
        Backlog,
        Cursor,
        Walk, //
    },
    line::{
        Line,
        Outcome,
        Ticket, //
    },
    priorities::Priorities,
    storage::Storage, //
};

/// What a queue holds.
pub trait Item {
    /// Bytes of memory that it takes.
    fn memory(&self) -> usize;

    /// Its priority: higher ones are read first, and lower ones dropped first.
    fn priority(&self) -> u16;

    /// Takes note of its number in the queue, of which the first is 1.
    fn set_sequence(&mut self, sequence: u64);

    /// That number.
    fn sequence(&self) -> u64;
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

/// A queue of messages, each a `T`, and of those who wait to add one, each a `W`.
pub struct Queue<T, W, S: Storage> {
    backlog: Backlog<T, S>,
    line: Line<T, W, S>,
    /// Messages that it may hold; there can be fewer places, where `bytes_max` allows no more.
    capacity: usize,
    /// Bytes that the messages held may take.
    bytes_max: usize,
    /// Bytes that are held for messages for which room is being made.
    held: usize,
    /// Bytes of these messages.
    pending: usize,
    stats: QueueStats,
    open: bool,
    /// Whether it is open and knows no priorities, nobody waits, and nobody makes room.
    plain: bool,
}

/// What became of a message offered to [`Queue::push`] that could not just be queued.
#[derive(Debug, PartialEq, Eq)]
pub enum Pushed<T> {
    /// It was put into the queue, which cost this message its place: the oldest of the lowest
    /// priority, which may be itself.
    Displaced(T),
    /// It was not: more than one message has to make room, from [`Queue::begin_large`] on.
    NoRoom(T),
    /// It was not: it does not even fit into an empty queue.
    TooLarge(T),
    /// It was not: the queue is closed.
    Closed(T),
}

/// A message that somebody has waited with, and what became of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Settled<T, W> {
    /// Who waits to learn of it.
    pub who: W,
    /// The message, where it was not sent.
    pub refused: Option<T>,
}

impl<T: Item, W, S: Storage> Queue<T, W, S> {
    /// An empty, open queue for up to `capacity` messages of up to `bytes_max` bytes together, over
    /// `slots`, all of which are `None`: as many as [`super::limits::slots`] says.
    pub fn new(slots: S::Array<Option<T>>, capacity: usize, bytes_max: usize) -> Self {
        Self {
            backlog: Backlog::new(slots),
            line: Line::new(),
            capacity,
            bytes_max,
            held: 0,
            pending: 0,
            stats: QueueStats::default(),
            open: true,
            plain: true,
        }
    }

    /// Messages queued now.
    pub fn depth(&self) -> usize {
        self.backlog.len()
    }

    /// Messages that the queue holds at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes of memory that the messages queued now take.
    pub fn bytes(&self) -> usize {
        self.backlog.bytes()
    }

    /// How many wait for room.
    pub fn waiting(&self) -> usize {
        self.line.len()
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

    /// Whether it is open and knows no priorities, nobody waits, and nobody makes room.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Takes no more messages from now on. Those who wait learn of it by [`Queue::settle`].
    pub fn close(&mut self) {
        self.open = false;
        self.note_change();
    }

    /// Gives up the places of a closed queue, for `none`: an array without any.
    pub fn replace_slots(&mut self, none: S::Array<Option<T>>) -> Backlog<T, S> {
        debug_assert!(!self.open && none.is_empty());
        self.backlog.replace(none)
    }

    /// Whether it is open, and knows no priorities.
    pub fn lacks_priorities(&self) -> bool {
        self.open && self.backlog.is_plain()
    }

    /// The places of [`Queue::add_priorities`] that there must be before `message` can be added.
    pub fn needs_priorities(&self, message: &T) -> Option<usize> {
        let needs = message.priority() > 0 && self.lacks_priorities();
        needs.then(|| self.backlog.capacity())
    }

    /// Lets the queue know priorities. Returns what is not needed, to be freed where that is allowed.
    pub fn add_priorities(&mut self, priorities: Priorities<T, S>) -> Option<Priorities<T, S>> {
        if !self.open {
            return Some(priorities);
        }
        let spare = self.backlog.add_priorities(priorities);
        self.note_change();
        spare
    }

    /// Adds a message as the newest of its priority.
    ///
    /// # Errors
    ///
    /// [`Pushed`], where others are to be told of, or the message could not be added.
    #[inline(always)]
    pub fn push(&mut self, mut message: T) -> Result<(), Pushed<T>> {
        debug_assert!(self.needs_priorities(&message).is_none());
        let memory = message.memory();
        if !self.plain || self.backlog.bytes() + memory > self.bytes_max {
            return self.push_slowly(message, memory);
        }
        message.set_sequence(self.stats.received + 1);
        match self.backlog.push_plain(message, memory) {
            None => {
                self.stats.received += 1;
                Ok(())
            }
            Some(message) => self.push_slowly(message, memory),
        }
    }

    /// Adds a message for which there may be no room as it is.
    #[cold]
    #[inline(never)]
    fn push_slowly(&mut self, message: T, memory: usize) -> Result<(), Pushed<T>> {
        if !self.open {
            return Err(Pushed::Closed(message));
        }
        if self.has_room_for(memory) {
            self.add(message);
            return Ok(());
        }
        if memory > self.bytes_max {
            return Err(Pushed::TooLarge(message));
        }
        let Some(least) = self.backlog.least() else {
            return Err(Pushed::NoRoom(message));
        };
        if least.priority() > message.priority() {
            self.count_too_large();
            return Err(Pushed::Displaced(message));
        }
        if self.used() - least.memory() + memory > self.bytes_max {
            return Err(Pushed::NoRoom(message));
        }
        let least = self.backlog.pop_least();
        self.stats.dropped_overflow += 1;
        self.add(message);
        least.map_or(Ok(()), |least| Err(Pushed::Displaced(least)))
    }

    /// Adds a message for which nobody is to lose a place, if nobody waits for one.
    ///
    /// # Errors
    ///
    /// [`Pushed`], but for `Displaced`; where it is `NoRoom`, one can [`Queue::wait`].
    pub fn push_in_turn(&mut self, message: T) -> Result<(), Pushed<T>> {
        let memory = message.memory();
        if !self.open {
            Err(Pushed::Closed(message))
        } else if memory > self.bytes_max {
            Err(Pushed::TooLarge(message))
        } else if !self.line.is_empty() || !self.has_room_for(memory) {
            Err(Pushed::NoRoom(message))
        } else {
            self.add(message);
            Ok(())
        }
    }

    /// The line of those who wait.
    pub fn line(&mut self) -> &mut Line<T, W, S> {
        &mut self.line
    }

    /// Waits for room for a message, behind all who do so already.
    ///
    /// # Errors
    ///
    /// Where the line must grow first.
    pub fn wait(&mut self, message: T, who: W) -> Result<Ticket, (T, W)> {
        let ticket = self.line.join(message, who);
        self.note_change();
        ticket
    }

    /// Waits no longer. There may be room for those behind, then: [`Queue::settle`].
    ///
    /// # Errors
    ///
    /// What has become of the message before.
    pub fn leave(&mut self, ticket: Ticket) -> Result<(T, W), Outcome> {
        let left = self.line.leave(ticket);
        self.note_change();
        left
    }

    /// Adds the messages of those who wait, first come, first served, as far as there is room; all
    /// of them learn of the end of the queue. Stops where `settled` has no place left.
    pub fn settle(&mut self, settled: &mut [Option<Settled<T, W>>]) {
        for place in settled {
            let Some(memory) = self.line.first().map(Item::memory) else {
                break;
            };
            let outcome = if !self.open {
                Outcome::Closed
            } else if self.has_room_for(memory) {
                Outcome::Sent
            } else {
                break;
            };
            let Some((message, who)) = self.line.settle_first(outcome) else {
                break;
            };
            let refused = match outcome {
                Outcome::Sent => {
                    self.add(message);
                    None
                }
                Outcome::Closed => Some(message),
            };
            *place = Some(Settled { who, refused });
        }
        self.note_change();
    }

    /// Counts a message as received and dropped that finds no room whatever goes for it.
    pub fn count_too_large(&mut self) {
        self.stats.received += 1;
        self.stats.dropped_overflow += 1;
    }

    /// The message that comes first.
    #[inline(always)]
    pub fn first(&self) -> Option<&T> {
        if self.plain {
            self.backlog.first_plain()
        } else {
            self.backlog.first()
        }
    }

    /// Takes the message that comes first, for a reader.
    pub fn pop(&mut self) -> Option<T> {
        self.pop_if(|_| true)
    }

    /// Takes the message that comes first, for a reader, if that `wants` it.
    #[inline(always)]
    pub fn pop_if(&mut self, wants: impl FnOnce(&T) -> bool) -> Option<T> {
        let message = if self.plain {
            self.backlog.pop_plain_if(wants)?
        } else {
            self.backlog.pop_if(wants)?
        };
        self.stats.read += 1;
        Some(message)
    }

    /// Walks through the messages: see [`Backlog::walk`].
    pub fn walk(&self, from: Option<Cursor>, steps: usize, wanted: impl Fn(&T) -> bool) -> Walk {
        self.backlog.walk(from, steps, wanted)
    }

    /// The message that a walk has come to, if it is still there.
    pub fn at(&self, cursor: Cursor) -> Option<&T> {
        self.backlog.get(cursor)
    }

    /// Takes it, for a reader.
    pub fn pop_at(&mut self, cursor: Cursor) -> Option<T> {
        let message = self.backlog.take(cursor)?;
        self.stats.read += 1;
        Some(message)
    }

    /// Takes back a message that a reader took and that could not be delivered, to where it was. Where
    /// the queue has filled up since, one message goes and is returned: the first to go, if that
    /// comes before this one and makes room enough, or else this one; it is this one, too, if the
    /// queue has been closed.
    pub fn put_back(&mut self, message: T) -> Option<T> {
        self.stats.read -= 1;
        if !self.open {
            self.stats.dropped_end += 1;
            return Some(message);
        }
        let memory = message.memory();
        let mut gone = None;
        if !self.has_room_for(memory) {
            self.stats.dropped_overflow += 1;
            gone = match self.backlog.least() {
                Some(least)
                    if (least.priority(), least.sequence())
                        < (message.priority(), message.sequence())
                        && self.used() - least.memory() + memory <= self.bytes_max =>
                {
                    self.backlog.pop_least()
                }
                _ => return Some(message),
            };
        }
        // There is room now.
        let _ = self.backlog.put_back(message);
        gone
    }

    /// Takes the message that comes first to discard it: in a flush, or because the queue is closed.
    pub fn discard(&mut self) -> Option<T> {
        let message = self.backlog.pop()?;
        if self.open {
            self.stats.dropped_flush += 1;
        } else {
            self.stats.dropped_end += 1;
        }
        Some(message)
    }

    /// Bytes that are not to be had: of messages, and held for others.
    fn used(&self) -> usize {
        self.backlog.bytes() + self.held
    }

    /// Whether a message of as many bytes fits without another losing its place.
    fn has_room_for(&self, memory: usize) -> bool {
        self.depth() < self.backlog.capacity() && self.used() + memory <= self.bytes_max
    }

    /// Adds a message for which there is room.
    fn add(&mut self, mut message: T) {
        self.stats.received += 1;
        message.set_sequence(self.stats.received);
        let _ = self.backlog.push(message);
    }

    fn note_change(&mut self) {
        self.plain =
            self.open && self.pending == 0 && self.line.is_empty() && self.backlog.is_plain();
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
mod tests;

// SPDX-License-Identifier: GPL-2.0

//! Those who wait for room in a queue, in the order in which they came, each with its message.
//!
//! Whoever waits has a place until it has learned what became of its message, and may leave before.
//! When there is room is the queue's business; sleeping and waking are the caller's.

use super::{
    chunks::{
        chunk_len,
        Chunks,
        CHUNKS, //
    },
    hash_index::NONE,
    storage::Storage, //
};
use core::mem;

/// What became of a message that somebody waited with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was put into the queue.
    Sent,
    /// It was not: the queue has been closed.
    Closed,
}

/// A place in the line, until its owner leaves it.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket(u32);

enum Place<T, W> {
    Free {
        /// The next free place.
        next: u32,
    },
    Waiting {
        message: T,
        who: W,
        /// The neighbours in the line.
        before: u32,
        behind: u32,
    },
    Settled(Outcome),
}

/// Memory by which a line grows, made before any lock is taken.
pub struct Growth<T, W, S: Storage> {
    chunk: usize,
    places: S::Array<Place<T, W>>,
}

impl<T, W, S: Storage> Growth<T, W, S> {
    /// The memory of the chunk with this number: see [`Line::needs_growth`].
    ///
    /// # Errors
    ///
    /// Where there is not enough memory.
    pub fn new(chunk: usize) -> Result<Self, S::Error> {
        let places = S::array(chunk_len(chunk), || Place::Free { next: NONE })?;
        Ok(Self { chunk, places })
    }
}

/// The line; a `W` is who waits.
pub struct Line<T, W, S: Storage> {
    places: Chunks<Place<T, W>, S>,
    /// The free places that were taken before.
    free: u32,
    /// Places that were taken before: those from here on never were.
    used: u32,
    first: u32,
    last: u32,
    len: usize,
}

impl<T, W, S: Storage> Line<T, W, S> {
    /// Nobody.
    pub fn new() -> Self {
        Self {
            places: Chunks::new(),
            free: NONE,
            used: 0,
            first: NONE,
            last: NONE,
            len: 0,
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The chunk to grow by with [`Line::grow`], where the next [`Line::join`] needs it.
    pub fn needs_growth(&self) -> Option<usize> {
        let full = self.free == NONE && self.used as usize == self.places.len();
        let chunk = self.places.next_chunk();
        (full && chunk < CHUNKS).then_some(chunk)
    }

    /// Grows, or returns memory that is not needed any more, to be freed where that is allowed.
    pub fn grow(&mut self, growth: Growth<T, W, S>) -> Option<Growth<T, W, S>> {
        if growth.chunk != self.places.next_chunk() {
            return Some(growth);
        }
        self.places.push_chunk(growth.places);
        None
    }

    /// Joins the line as the last. Gives the message and who would wait back where there is no
    /// place.
    ///
    /// # Errors
    ///
    /// Where the line is as long as it can be, or would have to grow first.
    pub fn join(&mut self, message: T, who: W) -> Result<Ticket, (T, W)> {
        let at = match self.places.get(self.free as usize) {
            Some(&Place::Free { next }) => mem::replace(&mut self.free, next),
            _ => self.used,
        };
        let Some(place) = self.places.get_mut(at as usize) else {
            return Err((message, who));
        };
        *place = Place::Waiting {
            message,
            who,
            before: self.last,
            behind: NONE,
        };
        self.used = self.used.max(at + 1);
        self.link(self.last, at);
        self.last = at;
        self.len += 1;
        Ok(Ticket(at))
    }

    /// The message of whoever comes first.
    pub fn first(&self) -> Option<&T> {
        match self.places.get(self.first as usize)? {
            Place::Waiting { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Takes the message of whoever comes first, who is to learn of the outcome.
    pub fn settle_first(&mut self, outcome: Outcome) -> Option<(T, W)> {
        let place = self.places.get_mut(self.first as usize)?;
        match mem::replace(place, Place::Settled(outcome)) {
            Place::Waiting {
                message,
                who,
                before,
                behind,
            } => {
                self.link(before, behind);
                self.len -= 1;
                Some((message, who))
            }
            other => {
                *place = other;
                None
            }
        }
    }

    /// Whether the outcome is known.
    pub fn is_settled(&self, ticket: &Ticket) -> bool {
        matches!(self.places.get(ticket.0 as usize), Some(Place::Settled(_)))
    }

    /// Leaves the line, with the message, if it is still there.
    ///
    /// # Errors
    ///
    /// The outcome, where it is known.
    pub fn leave(&mut self, ticket: Ticket) -> Result<(T, W), Outcome> {
        let free = Place::Free { next: self.free };
        let place = self.places.get_mut(ticket.0 as usize);
        let left = place.map(|place| mem::replace(place, free));
        self.free = ticket.0;
        match left {
            Some(Place::Waiting {
                message,
                who,
                before,
                behind,
            }) => {
                self.link(before, behind);
                self.len -= 1;
                Ok((message, who))
            }
            Some(Place::Settled(outcome)) => Err(outcome),
            _ => Err(Outcome::Closed),
        }
    }

    /// Makes two places neighbours; `NONE` stands for the end of the line.
    fn link(&mut self, first: u32, second: u32) {
        match self.places.get_mut(first as usize) {
            Some(Place::Waiting { behind, .. }) => *behind = second,
            _ => self.first = second,
        }
        match self.places.get_mut(second as usize) {
            Some(Place::Waiting { before, .. }) => *before = first,
            _ => self.last = first,
        }
    }
}

impl<T, W, S: Storage> Default for Line<T, W, S> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_line))]
mod tests {
    use super::super::testing::{
        sample,
        Heap, //
    };
    use super::*;

    type Numbers = Line<u32, u32, Heap>;

    fn join(line: &mut Numbers, number: u32) -> Ticket {
        if let Some(chunk) = line.needs_growth() {
            let spare = line.grow(Growth::new(chunk).ok().unwrap());
            drop(spare);
        }
        line.join(number, number).ok().unwrap()
    }

    #[test]
    fn a_line_grows_with_those_who_wait() {
        let mut line = Numbers::new();
        assert!(line.join(1, 1).is_err());
        for number in 0..100 {
            join(&mut line, number);
        }
        for number in 0..100 {
            let first = line.settle_first(Outcome::Sent);
            assert_eq!(first, Some((number, number)));
        }
        assert_eq!(line.settle_first(Outcome::Sent), None);
    }

    #[test]
    fn growth_that_comes_too_late_is_given_back() {
        let mut line = Numbers::new();
        let early = Growth::new(0).ok().unwrap();
        let late = Growth::new(0).ok().unwrap();
        assert!(line.grow(early).is_none());
        assert!(line.grow(late).is_some());
    }

    #[test]
    fn whoever_leaves_too_late_learns_the_outcome() {
        let mut line = Numbers::new();
        let ticket = join(&mut line, 7);
        assert!(!line.is_settled(&ticket));
        assert_eq!(line.settle_first(Outcome::Closed), Some((7, 7)));
        assert!(line.is_settled(&ticket));
        assert_eq!(line.leave(ticket), Err(Outcome::Closed));
        // The place is free again.
        assert_eq!(join(&mut line, 8), Ticket(0));
    }

    /// On the host all histories of eight steps, against a list.
    #[test]
    fn short_histories_agree_with_a_list() {
        const STEPS: u32 = 8;
        for history in sample(4_u32.pow(STEPS), 100) {
            let mut line = Numbers::new();
            // The numbers of those who wait, in order, and the tickets of all, by their numbers.
            let (mut list, mut waiting) = ([0; STEPS as usize], 0);
            let mut tickets = [const { None }; STEPS as usize];
            let mut rest = history;
            for number in 0..STEPS {
                let leaver = match rest % 4 {
                    0 | 1 => {
                        tickets[number as usize] = Some(join(&mut line, number));
                        list[waiting] = number;
                        waiting += 1;
                        None
                    }
                    2 => {
                        let first = (waiting > 0).then(|| (list[0], list[0]));
                        assert_eq!(line.settle_first(Outcome::Sent), first);
                        if waiting > 0 {
                            list.copy_within(1.., 0);
                            waiting -= 1;
                        }
                        None
                    }
                    // Somebody from the middle, or, if settled before, from nowhere any more.
                    _ => tickets.iter().flatten().nth(1).map(|ticket| ticket.0),
                };
                if let Some(at) = leaver {
                    let owner = tickets
                        .iter()
                        .position(|ticket| ticket == &Some(Ticket(at)))
                        .unwrap();
                    let place = list[..waiting].iter().position(|&n| n == owner as u32);
                    let left = line.leave(tickets[owner].take().unwrap());
                    match place {
                        Some(place) => {
                            assert_eq!(left, Ok((owner as u32, owner as u32)));
                            list.copy_within(place + 1.., place);
                            waiting -= 1;
                        }
                        None => assert_eq!(left, Err(Outcome::Sent)),
                    }
                }
                assert_eq!(line.len(), waiting);
                assert_eq!(line.first(), list[..waiting].first());
                rest /= 4;
            }
        }
    }
}

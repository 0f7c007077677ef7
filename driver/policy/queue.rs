// SPDX-License-Identifier: GPL-2.0

//! The queue of a registration: a ring of messages and its account.
//!
//! At any time `received == read + dropped + queued`. Messages that fall out are handed back to be
//! freed by the caller; waiting and waking are the caller's as well.

use super::ring::Ring;
use core::ops::DerefMut;

/// What has happened to a queue's messages so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Messages put into the queue.
    pub received: u64,
    /// Messages taken out by a reader.
    pub read: u64,
    /// Messages lost because the queue was full.
    pub overflowed: u64,
    /// Messages lost to a flush.
    pub flushed: u64,
    /// Messages lost to the end of the registration.
    pub orphaned: u64,
}

impl Account {
    /// Messages lost, for whatever cause.
    pub fn dropped(&self) -> u64 {
        self.overflowed + self.flushed + self.orphaned
    }
}

/// A queue of messages, oldest first, of a fixed capacity.
pub struct Queue<A> {
    ring: Ring<A>,
    account: Account,
    open: bool,
}

/// What became of a message offered to [`Queue::push`].
#[derive(Debug, PartialEq, Eq)]
pub enum Pushed<T> {
    /// It was put into the queue.
    Queued,
    /// It was put into the queue, which cost this oldest message its place.
    Displaced(T),
    /// The queue is closed; here it is again.
    Closed(T),
}

impl<T, A: DerefMut<Target = [Option<T>]>> Queue<A> {
    /// An empty, open queue over `slots`, all of which are `None`.
    pub fn new(slots: A) -> Self {
        Self {
            ring: Ring::new(slots),
            account: Account::default(),
            open: true,
        }
    }

    /// Messages queued now.
    pub fn depth(&self) -> usize {
        self.ring.len()
    }

    /// Messages that the queue holds.
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// What has happened so far.
    pub fn account(&self) -> Account {
        self.account
    }

    /// Whether messages are taken: until [`Queue::close`].
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Takes no more messages from now on.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Adds a message as the newest.
    pub fn push(&mut self, message: T) -> Pushed<T> {
        if !self.open {
            return Pushed::Closed(message);
        }
        self.account.received += 1;
        match self.ring.push(message) {
            None => Pushed::Queued,
            Some(oldest) => {
                self.account.overflowed += 1;
                Pushed::Displaced(oldest)
            }
        }
    }

    /// The oldest message.
    pub fn oldest(&self) -> Option<&T> {
        self.ring.oldest()
    }

    /// Takes the oldest message for a reader.
    pub fn pop(&mut self) -> Option<T> {
        let message = self.ring.pop()?;
        self.account.read += 1;
        Some(message)
    }

    /// Takes back a message that [`Queue::pop`] gave and that could not be delivered. It is the
    /// oldest, so it is the one to go (and is returned) if the queue has filled up or closed since.
    pub fn unpop(&mut self, message: T) -> Option<T> {
        self.account.read -= 1;
        let refused = if self.open {
            self.ring.unpop(message)
        } else {
            Some(message)
        };
        if refused.is_some() {
            if self.open {
                self.account.overflowed += 1;
            } else {
                self.account.orphaned += 1;
            }
        }
        refused
    }

    /// Takes the oldest message to discard it: in a flush, or because the queue is closed.
    pub fn discard(&mut self) -> Option<T> {
        let message = self.ring.pop()?;
        if self.open {
            self.account.flushed += 1;
        } else {
            self.account.orphaned += 1;
        }
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(capacity: usize) -> Queue<Vec<Option<u32>>> {
        Queue::new((0..capacity).map(|_| None).collect())
    }

    #[test]
    fn the_account_balances_through_every_short_history() {
        const STEPS: u32 = 8;
        for capacity in 1..=3 {
            for history in 0..5_u32.pow(STEPS) {
                let mut queue = queue(capacity);
                let mut taken = None;
                let mut held = 0;
                let mut rest = history;
                for item in 0..STEPS {
                    match rest % 5 {
                        0 => drop(queue.push(item)),
                        1 => {
                            if let Some(message) = queue.pop() {
                                taken = Some(message);
                                held += 1;
                            }
                        }
                        2 => {
                            if let Some(message) = taken.take() {
                                held -= 1;
                                queue.unpop(message);
                            }
                        }
                        3 => drop(queue.discard()),
                        _ => queue.close(),
                    }
                    let account = queue.account();
                    assert_eq!(
                        account.received,
                        account.read + account.dropped() + queue.depth() as u64
                    );
                    assert_eq!(account.read, held);
                    rest /= 5;
                }
            }
        }
    }

    #[test]
    fn a_full_queue_drops_its_oldest_and_counts_it() {
        let mut queue = queue(1);
        assert_eq!(queue.push(1), Pushed::Queued);
        assert_eq!(queue.push(2), Pushed::Displaced(1));
        assert_eq!(queue.account().overflowed, 1);
        assert_eq!(queue.pop(), Some(2));
    }

    #[test]
    fn a_closed_queue_takes_nothing_but_can_be_emptied() {
        let mut queue = queue(2);
        queue.push(1);
        queue.push(2);
        assert_eq!(queue.discard(), Some(1));
        queue.close();
        assert_eq!(queue.push(3), Pushed::Closed(3));
        assert_eq!(queue.account().received, 2);
        assert_eq!(queue.discard(), Some(2));
        let account = queue.account();
        assert_eq!((account.flushed, account.orphaned), (1, 1));
    }

    #[test]
    fn an_undelivered_message_goes_first_if_its_place_is_gone() {
        let mut queue = queue(1);
        queue.push(1);
        let undelivered = queue.pop().unwrap();
        queue.push(2);
        assert_eq!(queue.unpop(undelivered), Some(1));
        assert_eq!(
            queue.account(),
            Account {
                received: 2,
                overflowed: 1,
                ..Account::default()
            }
        );
    }
}

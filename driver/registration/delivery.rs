// SPDX-License-Identifier: GPL-2.0

//! Putting messages into the queue of a registration without waiting: where it is full, others go.

use super::Registration;
use crate::{
    ffi::{
        trace::{
            self,
            DropReason, //
        }, //
    },
    message::Message,
    policy::{
        priorities::Priorities,
        queue::{
            Item,
            Pushed, //
        }, //
    }, //
};
use kernel::prelude::*;

/// Why a message is in no queue.
pub(crate) enum Undelivered {
    /// It is larger than the queue.
    TooLarge,
    /// The registration has ended.
    Closed,
}

/// Messages that are freed at a time where a large one takes the place of many.
const BATCH: usize = 16;

impl Registration {
    /// Puts a message into the queue, and leaves it to the caller to wake a reader, and to trace it.
    ///
    /// # Errors
    ///
    /// What is to be handed to [`Registration::make_room_for`] before that.
    #[inline(always)]
    pub(crate) fn push(&self, message: Message) -> Result<(), Pushed<Message>> {
        self.queue.lock().queue.push(message)
    }

    /// The same with several, in order, as long as they are just queued: counts those in `pushed`.
    ///
    /// # Errors
    ///
    /// Those of [`Registration::push`], for the first that was not just queued, and is not counted.
    pub(crate) fn push_many(
        &self,
        messages: &mut impl Iterator<Item = Message>,
        pushed: &mut u16,
    ) -> Result<(), Pushed<Message>> {
        let mut inner = self.queue.lock();
        for message in messages {
            inner.queue.push(message)?;
            *pushed += 1;
        }
        Ok(())
    }

    /// Traces that a message of `sender` has been put into the queue.
    #[inline(always)]
    pub(crate) fn trace_send(&self, sender: &Self, bytes: impl FnOnce() -> usize) {
        trace::send(|| {
            (
                sender.name().key(),
                sender.pid(),
                self.name().key(),
                self.pid(),
                bytes(),
            )
        });
    }

    /// Makes the best of a message that was not just queued. Returns how many others have lost their
    /// places.
    ///
    /// # Errors
    ///
    /// [`Undelivered`].
    #[cold]
    #[inline(never)]
    pub(crate) fn make_room_for(&self, pushed: Pushed<Message>) -> Result<u64, Undelivered> {
        let dropped = match pushed {
            Pushed::Displaced(_) => Ok(1),
            Pushed::NoRoom(message) => self.push_large(message),
            Pushed::TooLarge(_) => Err(Undelivered::TooLarge),
            Pushed::Closed(_) => Err(Undelivered::Closed),
        };
        if let Ok(dropped) = dropped {
            self.trace_drop(DropReason::Overflow, dropped);
        }
        self.settle_waiting();
        dropped
    }

    /// Puts a message into the queue that takes the place of more than one, which are freed some at
    /// a time, without the lock.
    fn push_large(&self, mut message: Message) -> Result<u64, Undelivered> {
        let mut dropped = 0;
        loop {
            if !self.queue.lock().queue.begin_large(message.memory()) {
                return Ok(dropped + 1);
            }
            let mut held = 0;
            let mut fits = false;
            while !fits {
                let mut displaced = [const { None }; BATCH];
                fits = self
                    .queue
                    .lock()
                    .queue
                    .make_room(&message, &mut held, &mut displaced);
                dropped += displaced.iter().flatten().count() as u64;
            }
            let pushed = self.queue.lock().queue.end_large(message, held);
            match pushed {
                Ok(()) => return Ok(dropped),
                Err(Pushed::Displaced(_)) => return Ok(dropped + 1),
                // What was of a higher priority has been read, and others have come that are not.
                Err(Pushed::NoRoom(refused)) => message = refused,
                Err(Pushed::TooLarge(_)) => return Err(Undelivered::TooLarge),
                Err(Pushed::Closed(_)) => return Err(Undelivered::Closed),
            }
        }
    }

    /// Counts a message as received and dropped that is larger than the queue.
    pub(crate) fn count_too_large(&self) {
        self.queue.lock().queue.count_too_large();
        self.trace_drop(DropReason::Overflow, 1);
    }

    /// Whether the queue has to be made to know priorities before a message with one can be put into
    /// it.
    pub(crate) fn lacks_priorities(&self) -> bool {
        self.queue.lock().queue.lacks_priorities()
    }

    /// Makes the queue know priorities, if it needs that for a message. Sleeps, unless `nowait` is
    /// set.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EAGAIN` with `nowait`.
    pub(crate) fn make_priorities(&self, message: &Message, nowait: bool) -> Result {
        let needed = self.queue.lock().queue.needs_priorities(message);
        let Some(capacity) = needed else {
            return Ok(());
        };
        if nowait {
            return Err(EAGAIN);
        }
        let priorities = Priorities::new(capacity)?;
        let spare = self.queue.lock().queue.add_priorities(priorities);
        drop(spare);
        Ok(())
    }
}

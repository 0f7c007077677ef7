// SPDX-License-Identifier: GPL-2.0

//! Sending through an open file: to one queue, or to all.

use crate::{
    directory::Hint,
    ffi::{
        buffer::Shares,
        published::{
            Batch,
            Walked, //
        },
        wait_queue::{
            self,
            PollMask,
            Wake, //
        }, //
    },
    identity::Identity,
    message::CommandBuffer,
    policy::{
        name::Word,
        refusal::Refusal, //
    },
    registrar::Registrar,
    registration::{
        Registration,
        Undelivered, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        rcu,
        Arc, //
    },
    task::might_sleep, //
};

/// Guesses that an open file keeps of where its receivers are.
const HINTS: usize = 8;

/// What an open file remembers of those it has sent to.
pub(crate) struct Receivers([Hint; HINTS]);

impl Receivers {
    /// Nobody.
    pub(crate) fn new() -> Self {
        Self([const { Hint::new() }; HINTS])
    }

    #[inline(always)]
    fn hint(&self, to: Word) -> &Hint {
        // Fibonacci hashing: the high bits of the product depend on all bytes of the name.
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let hash = to.key().wrapping_mul(GOLDEN) >> (u64::BITS - HINTS.ilog2());
        &self.0[hash as usize % HINTS]
    }
}

/// What sending through an open file needs.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) registrar: &'a Registrar,
    pub(crate) identity: &'a Identity,
    pub(crate) receivers: &'a Receivers,
}

impl Sender<'_> {
    /// Puts the text of a command that starts at `text_at` into the queue of `to`.
    ///
    /// # Errors
    ///
    /// [`Refusal::SenderNotRegistered`], [`Refusal::NoSuchName`], [`Refusal::TooLarge`].
    #[inline(always)]
    pub(crate) fn send(
        self,
        command: CommandBuffer,
        to: Word,
        text_at: usize,
    ) -> Result<(), Refusal> {
        let directory = &self.registrar.directory;
        let guard = rcu::read_lock();
        let sender = self
            .identity
            .acting(directory, &guard)
            .ok_or(Refusal::SenderNotRegistered)?;
        let receiver = directory
            .by_word(to, self.receivers.hint(to), &guard)
            .ok_or(Refusal::NoSuchName)?;
        let message = command.into_message(sender.name(), text_at);
        match receiver.deliver(&sender, message, Wake::OneSync) {
            Ok(0) => {}
            Ok(dropped) => self.log_overflow(&receiver, dropped),
            Err(Undelivered::TooLarge) => return Err(Refusal::TooLarge),
            Err(Undelivered::Closed) => return Err(Refusal::NoSuchName),
        }
        sender.count_send();
        Ok(())
    }

    /// Puts the text of a command that starts at `text_at` into every other queue.
    ///
    /// # Errors
    ///
    /// [`Refusal::SenderNotRegistered`].
    pub(crate) fn broadcast(self, command: CommandBuffer, text_at: usize) -> Result<(), Refusal> {
        let directory = &self.registrar.directory;
        let sender: Arc<Registration> = {
            let guard = rcu::read_lock();
            let sender = self.identity.acting(directory, &guard);
            sender.ok_or(Refusal::SenderNotRegistered)?.into()
        };
        let mut text = Shares::of(command.into_message(sender.name(), text_at));
        // Who registers from now on is not reached.
        let last = directory.latest();
        let mut walked = Walked::default();
        loop {
            let guard = rcu::read_lock();
            let Some(receivers) = directory.batch(&mut walked, sender.handle(), &guard) else {
                break;
            };
            text = self.deliver_batch(&sender, last, text, receivers);
            drop(guard);
            might_sleep();
        }
        sender.count_broadcast();
        Ok(())
    }

    /// A function of its own, whose loops have the processor's registers to themselves.
    #[inline(never)]
    fn deliver_batch(
        self,
        sender: &Registration,
        last: u64,
        mut text: Shares,
        mut receivers: Batch<'_, Registration>,
    ) -> Shares {
        receivers.retain(|receiver| {
            if !receiver.is_alive_up_to(last) {
                return false;
            }
            match receiver.enqueue(text.share()) {
                Ok(0) => {}
                Ok(dropped) => self.log_overflow(receiver, dropped),
                Err(Undelivered::Closed) => return false,
                Err(Undelivered::TooLarge) => {
                    receiver.count_too_large();
                    self.log_overflow(receiver, 1);
                    return false;
                }
            }
            receiver.trace_send(sender, || text.len());
            true
        });
        wait_queue::order();
        receivers.for_each(|receiver| {
            // Who has come to the place of one that has ended meanwhile has no message of this.
            if receiver.is_alive_up_to(last) {
                receiver
                    .waiters()
                    .wake_ordered(Wake::One, PollMask::READABLE);
            }
        });
        text
    }

    #[cold]
    #[inline(never)]
    fn log_overflow(self, receiver: &Registration, dropped: u64) {
        let name = receiver.name();
        self.registrar.log.note_overflow(name.as_str(), dropped);
    }
}

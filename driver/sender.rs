// SPDX-License-Identifier: GPL-2.0

//! Sending through an open file: to one queue, or to all.

use crate::{
    directory::Hint,
    errors::Failure,
    ffi::{
        buffer::Shares,
        published::{
            Batch,
            Walked, //
        },
        stock::Stock,
        wait_queue::{
            self,
            PollMask,
            Wake, //
        }, //
    },
    identity::Identity,
    message::{
        CommandBuffer,
        Message, //
    },
    policy::{
        message::Stamp,
        name::Word,
        queue::Pushed,
        refusal::Refusal,
        registry::Handle, //
    },
    registrar::Registrar,
    registration::{
        Registration,
        Undelivered, //
    }, //
};
use core::num::NonZero;
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

/// How a record is sent that is more than a text.
pub(crate) struct Sending {
    /// Its priority.
    pub(crate) priority: u16,
    /// Nanoseconds that it waits for room at most, 0 for without end; `None`: not at all, and the
    /// oldest message is dropped.
    pub(crate) timeout: Option<u64>,
    /// Whether the file waits, where there is no room.
    pub(crate) waits: bool,
    /// Whether it must not sleep for anything.
    pub(crate) nowait: bool,
}

/// What sending through an open file needs.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) registrar: &'a Registrar,
    pub(crate) identity: &'a Identity,
    pub(crate) receivers: &'a Receivers,
}

impl Sender<'_> {
    /// Puts the text of a command that starts at `text_at` into the queue of `to`. It is sent `now`.
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
        now: impl FnOnce() -> u64,
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
        let stamp = stamp(&sender, 0, now());
        let message = command.into_message(sender.label(), text_at, stamp);
        self.deliver(&sender, &receiver, message)?;
        sender.count_send();
        Ok(())
    }

    #[inline(always)]
    fn deliver(
        &self,
        sender: &Registration,
        receiver: &Registration,
        message: Message,
    ) -> Result<(), Refusal> {
        let bytes = message.len();
        if let Err(pushed) = receiver.push(message) {
            make_room(self.registrar, receiver, pushed)?;
        }
        receiver.waiters().wake(Wake::OneSync, PollMask::READABLE);
        receiver.trace_send(sender, || bytes);
        Ok(())
    }

    /// Puts texts into the queue of `to`, in order, up to the first that is refused; at most
    /// [`Stock::MAX`] of them. Returns how many were sent, and why not all were.
    ///
    /// Reasons are those of [`Sender::send`].
    pub(crate) fn send_many(
        self,
        texts: impl Iterator<Item = CommandBuffer>,
        to: Word,
        now: u64,
    ) -> (usize, Option<Refusal>) {
        let directory = &self.registrar.directory;
        let guard = rcu::read_lock();
        let Some(sender) = self.identity.acting(directory, &guard) else {
            return (0, Some(Refusal::SenderNotRegistered));
        };
        let Some(receiver) = directory.by_word(to, self.receivers.hint(to), &guard) else {
            return (0, Some(Refusal::NoSuchName));
        };
        let stamp = stamp(&sender, 0, now);
        let mut messages = [const { None }; Stock::MAX];
        let mut lens = [0; Stock::MAX];
        for ((place, len), text) in messages.iter_mut().zip(&mut lens).zip(texts) {
            let message = text.into_message(sender.label(), 0, stamp);
            *len = message.len();
            *place = Some(message);
        }
        let mut messages = messages.iter_mut().map_while(Option::take);
        let mut sent = 0;
        let refusal = loop {
            let Err(pushed) = receiver.push_many(&mut messages, &mut sent) else {
                break None;
            };
            if let Err(refusal) = make_room(self.registrar, &receiver, pushed) {
                break Some(refusal);
            }
            sent += 1;
        };
        if let Some(woken) = NonZero::new(sent) {
            let how = Wake::Some(woken);
            receiver.waiters().wake(how, PollMask::READABLE);
        }
        for len in &lens[..sent.into()] {
            receiver.trace_send(&sender, || *len);
        }
        sender.count_sends(sent.into());
        (sent.into(), refusal)
    }

    /// Puts a text into the queue of `to`, with a priority, or once there is room.
    ///
    /// # Errors
    ///
    /// Those of [`Sender::send`]; `ENOMEM`; `EAGAIN` where it would have to wait and does not;
    /// `ETIMEDOUT`; `ERESTARTSYS`. It has not been sent then.
    #[inline(never)]
    pub(crate) fn send_as(
        &self,
        text: CommandBuffer,
        to: Word,
        how: Sending,
        now: u64,
    ) -> Result<(), Failure> {
        // To be kept over what sleeps.
        let (sender, receiver): (Arc<Registration>, Arc<Registration>) = {
            let directory = &self.registrar.directory;
            let guard = rcu::read_lock();
            let sender = self.identity.acting(directory, &guard);
            let sender = sender.ok_or(Refusal::SenderNotRegistered)?;
            let receiver = directory.by_word(to, self.receivers.hint(to), &guard);
            (sender.into(), receiver.ok_or(Refusal::NoSuchName)?.into())
        };
        let stamp = stamp(&sender, how.priority, now);
        let message = text.into_message(sender.label(), 0, stamp);
        receiver.make_priorities(&message, how.nowait)?;
        match how.timeout {
            None => self.deliver(&sender, &receiver, message)?,
            Some(timeout) => receiver.deliver_in_turn(&sender, message, timeout, how.waits)?,
        }
        sender.count_late_send(&self.registrar.stats);
        Ok(())
    }

    /// Puts the text of a command that starts at `text_at` into every other queue.
    ///
    /// # Errors
    ///
    /// [`Refusal::SenderNotRegistered`].
    pub(crate) fn broadcast(
        self,
        command: CommandBuffer,
        text_at: usize,
        priority: u16,
        now: u64,
    ) -> Result<(), Refusal> {
        let directory = &self.registrar.directory;
        let sender: Arc<Registration> = {
            let guard = rcu::read_lock();
            let sender = self.identity.acting(directory, &guard);
            sender.ok_or(Refusal::SenderNotRegistered)?.into()
        };
        let stamp = Stamp {
            broadcast: true,
            ..stamp(&sender, priority, now)
        };
        let message = command.into_message(sender.label(), text_at, stamp);
        // Who registers from now on is not reached.
        let last = directory.latest();
        if priority > 0 {
            self.make_priorities(&message, last);
        }
        let mut text = message.into_shares();
        let mut walked = Walked::default();
        loop {
            let guard = rcu::read_lock();
            let Some(receivers) = directory.batch(&mut walked, sender.handle(), &guard) else {
                break;
            };
            text = deliver_batch(self.registrar, &sender, last, text, priority > 0, receivers);
            drop(guard);
            might_sleep();
        }
        sender.count_late_broadcast(&self.registrar.stats);
        Ok(())
    }

    /// Makes what the receivers with numbers up to `last` need for the priority of a message. Whom
    /// there is no memory for loses it.
    fn make_priorities(&self, message: &Message, last: u64) {
        let mut place = Handle::START;
        while let Some(receiver) = self.registrar.directory.after(place) {
            place = receiver.handle();
            if place.sequence() > last {
                break;
            }
            let _ = receiver.make_priorities(message, false);
        }
    }
}

/// A function of its own, whose loops have the processor's registers to themselves.
#[inline(never)]
fn deliver_batch(
    registrar: &Registrar,
    sender: &Registration,
    last: u64,
    mut text: Shares,
    is_urgent: bool,
    mut receivers: Batch<'_, Registration>,
) -> Shares {
    if is_urgent {
        lose_without_priorities(registrar, last, &mut receivers);
    }
    receivers.retain(|receiver| {
        if !receiver.is_alive_up_to(last) {
            return false;
        }
        if let Err(pushed) = receiver.push(Message::of_share(text.share())) {
            if !make_room_or_lose(registrar, receiver, pushed) {
                return false;
            }
        }
        receiver.trace_send(sender, || text.len());
        true
    });
    wait_queue::order();
    receivers.for_each(|receiver| {
        // Who has come to the place of one that has ended meanwhile looks, and finds no message:
        // that is rare, and to ask would cost all the others.
        receiver
            .waiters()
            .wake_ordered(Wake::One, PollMask::READABLE);
    });
    text
}

/// What goes with a message to one receiver.
#[inline(always)]
fn stamp(sender: &Registration, priority: u16, now: u64) -> Stamp {
    Stamp {
        origin: sender.origin(),
        time: now,
        priority,
        broadcast: false,
    }
}

/// Makes the best of a message that was not just queued.
#[cold]
#[inline(never)]
fn make_room(
    registrar: &Registrar,
    receiver: &Registration,
    pushed: Pushed<Message>,
) -> Result<(), Refusal> {
    match receiver.make_room_for(pushed) {
        Ok(0) => {}
        Ok(dropped) => log_overflow(registrar, receiver, dropped),
        Err(Undelivered::TooLarge) => return Err(Refusal::TooLarge),
        Err(Undelivered::Closed) => return Err(Refusal::NoSuchName),
    }
    Ok(())
}

/// The same for a message to all, which is lost where it is too large. Returns whether it has been
/// put into the queue.
#[cold]
#[inline(never)]
fn make_room_or_lose(
    registrar: &Registrar,
    receiver: &Registration,
    pushed: Pushed<Message>,
) -> bool {
    match make_room(registrar, receiver, pushed) {
        Ok(()) => true,
        Err(Refusal::TooLarge) => {
            lose(registrar, receiver);
            false
        }
        Err(_) => false,
    }
}

/// Leaves out the receivers for whose priorities there was no memory; they lose the message.
#[cold]
#[inline(never)]
fn lose_without_priorities(
    registrar: &Registrar,
    last: u64,
    receivers: &mut Batch<'_, Registration>,
) {
    receivers.retain(|receiver| {
        let is_lost = receiver.is_alive_up_to(last) && receiver.lacks_priorities();
        if is_lost {
            lose(registrar, receiver);
        }
        !is_lost
    });
}

/// Counts a message to all as lost.
fn lose(registrar: &Registrar, receiver: &Registration) {
    receiver.count_too_large();
    log_overflow(registrar, receiver, 1);
}

#[cold]
#[inline(never)]
fn log_overflow(registrar: &Registrar, receiver: &Registration, dropped: u64) {
    let name = receiver.name();
    registrar.log.note_overflow(name.as_str(), dropped);
}

// SPDX-License-Identifier: GPL-2.0

//! Taking messages out of the queue of a registration as records, which tell what was lost.

use super::{
    Inner,
    Registration, //
};
use core::mem;

use crate::{
    ffi::trace,
    message::Message,
    policy::{
        backlog::{
            Cursor,
            Walk, //
        },
        records,
        uapi::{
            ReceivedHeader,
            ALIGN,
            NAME_SIZE, //
        }, //
    }, //
};

/// What [`Registration::receive`] gave.
pub(crate) enum Received {
    /// A message.
    Message(First),
    /// Nothing: the record of the message is too long, and stays.
    TooLong,
    /// Nothing: there is none.
    Nothing,
    /// Nothing, nor will there be: the registration has ended.
    Ended,
}

/// The first message, or the first that is wanted.
pub(crate) struct First {
    pub(crate) message: Message,
    /// How many were lost of which nobody has been told.
    pub(crate) lost: u64,
    /// Whether there may be another that fits.
    pub(crate) more: bool,
}

/// The smallest record.
const RECORD_MIN: usize = ReceivedHeader::SIZE + ALIGN;

/// Messages that are looked at in one turn of the lock.
const STEPS: usize = 64;

impl Inner {
    /// Makes a record of a message that has at most `max` bytes as one, and that `get` gives.
    #[inline(always)]
    fn receive(
        &mut self,
        max: usize,
        peek: bool,
        get: impl Fn(&Self) -> Option<&Message>,
        take: impl FnOnce(&mut Self) -> Option<Message>,
    ) -> Received {
        let Some(message) = get(self) else {
            return Received::Nothing;
        };
        let size = records::received_size(message.text_len());
        if size > max {
            return Received::TooLong;
        }
        let (message, lost) = if peek {
            let dropped = self.queue.stats().dropped();
            (message.share(), dropped - self.told)
        } else {
            match take(self) {
                Some(message) => (message, self.tell_lost()),
                None => return Received::Nothing,
            }
        };
        Received::Message(First {
            message,
            lost,
            more: max - size >= RECORD_MIN,
        })
    }

    /// How many messages were lost of which nobody has been told, as somebody is now.
    #[inline(always)]
    fn tell_lost(&mut self) -> u64 {
        let dropped = self.queue.stats().dropped();
        dropped - mem::replace(&mut self.told, dropped)
    }
}

impl Registration {
    /// Takes the first message, if its record has at most `max` bytes, and nothing else is to be done;
    /// otherwise [`Registration::receive`] does that.
    #[inline(always)]
    pub(crate) fn receive_plain(&self, max: usize) -> Option<First> {
        let mut size = 0;
        let (message, lost, more) = {
            let mut inner = self.queue.lock();
            let message = if inner.queue.is_plain() {
                inner.queue.pop_if(|first| {
                    size = records::received_size(first.text_len());
                    size <= max
                })
            } else {
                None
            };
            let message = message?;
            let more = max - size >= RECORD_MIN && inner.queue.first().is_some();
            (message, inner.tell_lost(), more)
        };
        self.trace_receive(&message);
        Some(First {
            message,
            lost,
            more,
        })
    }

    /// Takes the first message, if its record has at most `max` bytes.
    pub(crate) fn receive(&self, max: usize) -> Received {
        self.receive_first(max, false)
    }

    /// Takes the first messages into the places of `batch`, as long as their records have at most
    /// `max` bytes together. Returns how many, how many were lost of which the first is to tell, and
    /// whether there may be more.
    pub(crate) fn receive_many(
        &self,
        mut max: usize,
        batch: &mut [Option<Message>],
    ) -> (usize, u64, bool) {
        let mut taken = 0;
        let (lost, is_awaited) = {
            let mut inner = self.queue.lock();
            if !inner.queue.is_open() {
                return (0, 0, false);
            }
            for place in &mut *batch {
                let mut size = 0;
                let message = inner.queue.pop_if(|first| {
                    size = records::received_size(first.text_len());
                    size <= max
                });
                if message.is_none() {
                    break;
                }
                // Not freed under the lock: it was `None`.
                mem::forget(mem::replace(place, message));
                max -= size;
                taken += 1;
            }
            let lost = if taken > 0 { inner.tell_lost() } else { 0 };
            (lost, inner.queue.waiting() > 0)
        };
        if is_awaited {
            self.settle_waiting();
        }
        for message in batch[..taken].iter().flatten() {
            self.trace_receive(message);
        }
        // Those who have waited for the room are in the queue now.
        let more = taken == batch.len() || is_awaited && taken > 0;
        (taken, lost, more)
    }

    /// Takes the first message, or the first that a name has sent; or a copy of it, to `peek`.
    pub(crate) fn receive_from(
        &self,
        from: Option<[u8; NAME_SIZE]>,
        max: usize,
        peek: bool,
    ) -> Received {
        let Some(from) = from else {
            return self.receive_first(max, peek);
        };
        let mut place: Option<Cursor> = None;
        loop {
            let mut inner = self.queue.lock();
            if !inner.queue.is_open() {
                return Received::Ended;
            }
            match inner
                .queue
                .walk(place, STEPS, |message| message.from() == from)
            {
                Walk::Found(at) => {
                    let received = inner.receive(
                        max,
                        peek,
                        |inner| inner.queue.at(at),
                        |inner| inner.queue.pop_at(at),
                    );
                    let is_awaited = inner.queue.waiting() > 0;
                    drop(inner);
                    return self.note_received(received, peek, is_awaited);
                }
                Walk::Pause(at) => place = Some(at),
                Walk::End => return Received::Nothing,
            }
        }
    }

    fn receive_first(&self, max: usize, peek: bool) -> Received {
        let mut inner = self.queue.lock();
        let is_plain = inner.queue.is_plain();
        if !is_plain && !inner.queue.is_open() {
            return Received::Ended;
        }
        let received = inner.receive(
            max,
            peek,
            |inner| inner.queue.first(),
            |inner| inner.queue.pop(),
        );
        let is_awaited = !is_plain && inner.queue.waiting() > 0;
        drop(inner);
        self.note_received(received, peek, is_awaited)
    }

    /// Does what is to be done after a message has been received, without the lock.
    fn note_received(&self, received: Received, peek: bool, is_awaited: bool) -> Received {
        if is_awaited {
            self.settle_waiting();
        }
        match &received {
            Received::Message(first) if !peek => self.trace_receive(&first.message),
            _ => {}
        }
        received
    }

    #[inline(always)]
    fn trace_receive(&self, message: &Message) {
        trace::receive(|| (self.name().key(), self.pid(), message.len()));
    }

    /// Takes note that nobody has been told of lost messages after all.
    pub(crate) fn take_back_lost(&self, lost: u64) {
        self.queue.lock().told -= lost;
    }
}

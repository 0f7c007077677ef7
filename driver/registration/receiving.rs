// SPDX-License-Identifier: GPL-2.0

//! Taking messages out of the queue of a registration as records, which tell what was lost.

use super::{
    Inner,
    Registration, //
};
use crate::{
    ffi::trace,
    message::Message,
    policy::{
        backlog::{
            Cursor,
            Walk, //
        },
        records,
        uapi::NAME_SIZE, //
    }, //
};

/// What [`Registration::receive`] gave.
pub(crate) enum Received {
    /// A message, how many were lost of which nobody has been told, and whether there are more.
    Message(Message, u64, bool),
    /// Nothing: the record of the message is too long, and stays.
    TooLong,
    /// Nothing: there is none.
    Nothing,
    /// Nothing, nor will there be: the registration has ended.
    Ended,
}

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
        if records::received_size(message.text_len()) > max {
            return Received::TooLong;
        }
        let dropped = self.queue.stats().dropped();
        let lost = dropped - self.told;
        if peek {
            return Received::Message(message.share(), lost, true);
        }
        match take(self) {
            Some(message) => {
                self.told = dropped;
                Received::Message(message, lost, self.queue.first().is_some())
            }
            None => Received::Nothing,
        }
    }
}

impl Registration {
    /// Takes the first message, if its record has at most `max` bytes.
    #[inline(always)]
    pub(crate) fn receive(&self, max: usize) -> Received {
        self.receive_first(max, false)
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

    #[inline(always)]
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
    #[inline(always)]
    fn note_received(&self, received: Received, peek: bool, is_awaited: bool) -> Received {
        if is_awaited {
            self.settle_waiting();
        }
        match &received {
            Received::Message(message, ..) if !peek => {
                trace::receive(|| (self.name().key(), self.pid(), message.len()));
            }
            _ => {}
        }
        received
    }

    /// Takes note that nobody has been told of lost messages after all.
    pub(crate) fn take_back_lost(&self, lost: u64) {
        self.queue.lock().told -= lost;
    }
}

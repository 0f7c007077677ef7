// SPDX-License-Identifier: GPL-2.0

//! A message, from what was written to what is read: one allocation and one copy in, however many
//! queues it is put into.
//!
//! What a line looks like is policy's (`policy/message.rs`).

use crate::{
    errors::Failure,
    ffi::{
        buffer::{
            Buffer,
            Bytes,
            Shares, //
        },
        stock::Stock,
        user_memory::Source, //
    },
    policy::{
        command::{
            self,
            Command, //
        },
        limits,
        message::{
            self,
            Stamp,
            AFTER,
            BEFORE, //
        },
        name::{
            Label,
            Word,
            NAME_MAX, //
        },
        queue::Item,
        refusal::Refusal,
        segments, //
    }, //
};
use core::ops::Deref;

/// A finished message, as a reader gets it.
pub(crate) struct Message {
    line: Bytes,
    /// Its number in the queue that it has been put into.
    sequence: u64,
}

const _: () = assert!(size_of::<Option<Message>>() == limits::SLOT);

impl Message {
    /// The same message once more.
    pub(crate) fn share(&self) -> Self {
        Self {
            line: self.line.clone(),
            sequence: self.sequence,
        }
    }

    /// Gives it up; where nobody else has it, its memory goes into the stock.
    #[inline(always)]
    pub(crate) fn drop_into(self, stock: &mut Stock) {
        self.line.drop_into(stock);
    }

    /// The line of a message that is in no queue yet, to be put into many.
    pub(crate) fn into_shares(self) -> Shares {
        Shares::of(self.line)
    }

    /// A message for one of those queues.
    #[inline(always)]
    pub(crate) fn of_share(line: Bytes) -> Self {
        Self { line, sequence: 0 }
    }

    /// The name of who sent it, with zero bytes behind it.
    #[inline(always)]
    pub(crate) fn from(&self) -> [u8; NAME_MAX] {
        message::name_before(self.line.before_text())
    }

    /// Bytes of the text.
    #[inline(always)]
    pub(crate) fn text_len(&self) -> usize {
        self.line.len() - self.line.text_at() - AFTER
    }

    /// The text, if all of it is in one piece of memory.
    #[inline(always)]
    pub(crate) fn text(&self) -> Option<&[u8]> {
        let text_and_rest = self.line.text_and_rest()?;
        text_and_rest.get(..text_and_rest.len().checked_sub(AFTER)?)
    }

    /// Its number in the queue that it has been put into.
    #[inline(always)]
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl Deref for Message {
    type Target = Bytes;

    #[inline(always)]
    fn deref(&self) -> &Bytes {
        &self.line
    }
}

impl Item for Message {
    #[inline(always)]
    fn memory(&self) -> usize {
        self.line.memory()
    }

    #[inline(always)]
    fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    #[inline]
    fn sequence(&self) -> u64 {
        self.sequence
    }

    #[inline]
    fn priority(&self) -> u16 {
        self.line.stamp().priority
    }
}

/// What was written, copied in.
pub(crate) struct CommandBuffer {
    /// The command at `BEFORE`, and behind it `AFTER` bytes.
    buffer: Buffer,
    /// Bytes of the command.
    len: usize,
}

impl CommandBuffer {
    /// Copies in what is written, of which the command may have `max` bytes; `nowait`: without
    /// sleeping for memory.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooLong`]; `EFAULT`; `ENOMEM`, or `EAGAIN` with `nowait`.
    #[inline(always)]
    pub(crate) fn copy_in(from: impl Source, max: usize, nowait: bool) -> Result<Self, Failure> {
        let written = from.len();
        if written > max + command::TRAILER_MAX {
            return Err(Refusal::TooLong.into());
        }
        let buffer = Buffer::copy_in::<BEFORE, AFTER>(from, nowait, None)?;
        let end = BEFORE + written;
        let trailer = match buffer.head().get(BEFORE..end) {
            Some(all) => command::trailer(all),
            None => command::trailer(&[buffer.get(end - 2), buffer.get(end - 1)]),
        };
        let len = written - trailer;
        if len > max {
            return Err(Refusal::TooLong.into());
        }
        Ok(Self { buffer, len })
    }

    /// Copies in a text, as that of a command without a command word; `nowait`: without sleeping for
    /// memory, where that is not in the stock.
    ///
    /// # Errors
    ///
    /// `EFAULT`; `ENOMEM`, or `EAGAIN` with `nowait`.
    #[inline(always)]
    pub(crate) fn copy_text_in(
        from: impl Source,
        nowait: bool,
        stock: Option<&mut Stock>,
    ) -> Result<Self, Failure> {
        let len = from.len();
        let buffer = Buffer::copy_in::<BEFORE, AFTER>(from, nowait, stock)?;
        Ok(Self { buffer, len })
    }

    /// The number of the size of the memory that a text of `len` bytes takes, if it takes one piece.
    #[inline(always)]
    pub(crate) fn size_number(len: usize) -> usize {
        segments::first(BEFORE + len + AFTER)
    }

    /// The buffer, and the bytes of the command.
    #[inline(always)]
    pub(crate) fn into_parts(self) -> (Buffer, usize) {
        (self.buffer, self.len)
    }

    /// The reverse of [`CommandBuffer::into_parts`].
    pub(crate) fn from_parts(buffer: Buffer, len: usize) -> Self {
        Self { buffer, len }
    }

    /// Who is to get the message and where its text starts, if the command is a plain `/msg`.
    #[inline(always)]
    pub(crate) fn plain_send(&self) -> Option<(Word, usize)> {
        command::plain_send(self.buffer.head().get(BEFORE..)?, self.len)
    }

    /// The command.
    pub(crate) fn command(&self) -> Result<Command, Refusal> {
        let head = self.buffer.head();
        let head = &head[BEFORE..head.len().min(BEFORE + self.len)];
        command::parse_head(head, self.len, || {
            let (at, _) = self.buffer.find(BEFORE + head.len(), |byte| byte == b' ')?;
            (at < BEFORE + self.len).then_some(at - BEFORE)
        })
    }

    /// The message from `sender` whose text starts at `text_at` in the command.
    #[inline(always)]
    pub(crate) fn into_message(self, sender: &Label, text_at: usize, stamp: Stamp) -> Message {
        let mut buffer = self.buffer;
        let line = message::stamp(buffer.head_mut(), sender, text_at, self.len);
        buffer.set(line.end - 1, b'\n');
        Message {
            line: buffer.share(line, stamp),
            sequence: 0,
        }
    }
}

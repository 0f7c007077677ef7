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
            Bytes, //
        },
        user_memory::Source, //
    },
    policy::{
        command::{
            self,
            Command, //
        },
        message::{
            self,
            AFTER,
            BEFORE, //
        },
        name::{
            Name,
            Word, //
        },
        queue::Item,
        refusal::Refusal, //
    }, //
};

/// A finished message, as a reader gets it.
pub(crate) type Message = Bytes;

impl Item for Message {
    #[inline]
    fn memory(&self) -> usize {
        Bytes::memory(self)
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
        let buffer = Buffer::copy_in::<BEFORE, AFTER>(from, nowait)?;
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
    pub(crate) fn into_message(self, sender: Name, text_at: usize) -> Message {
        let mut buffer = self.buffer;
        let line = message::stamp(buffer.head_mut(), sender, text_at, self.len);
        buffer.set(line.end - 1, b'\n');
        buffer.share(line)
    }
}

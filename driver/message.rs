// SPDX-License-Identifier: GPL-2.0

//! A message: one line, `SENDER TEXT\n`, made in the very memory that the command was copied into.
//!
//! In front of the command is room for the longest sender's name and a blank, and behind it for the
//! newline. Once the command has been read, the sender's name goes right before the text, over
//! what was the command word. So a message costs one allocation and one copy in, however many
//! queues it is put into.

use crate::{
    ffi::bytes::{
        Bytes,
        BytesMut, //
    },
    policy::{
        command::{
            self,
            Command, //
        },
        limits::NAME_MAX,
        name::Name,
        refusal::Refusal, //
    }, //
};
use kernel::{
    iov::IovIterSource,
    prelude::*, //
};

/// A finished message, as a reader gets it.
pub(crate) type Message = Bytes;

const BEFORE: usize = NAME_MAX + 1;
const AFTER: usize = 1;

/// What was written, copied in.
pub(crate) struct Draft {
    bytes: BytesMut,
    /// Bytes of the command, which stands at `BEFORE`.
    len: usize,
}

impl Draft {
    /// Copies in what is written, of which the command may have `max` bytes.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooLong`]; `EFAULT`; `ENOMEM`.
    pub(crate) fn copy_in(
        from: &mut IovIterSource<'_>,
        max: usize,
    ) -> Result<Self, crate::errors::Failure> {
        if from.len() > max + command::TRAILER_MAX {
            return Err(Refusal::TooLong.into());
        }
        let written = from.len();
        let bytes = BytesMut::new::<BEFORE, AFTER>(from)?;
        let len = command::length(&bytes[BEFORE..BEFORE + written]);
        if len > max {
            return Err(Refusal::TooLong.into());
        }
        Ok(Self { bytes, len })
    }

    /// The command.
    pub(crate) fn command(&self) -> Result<Command, Refusal> {
        command::parse(&self.bytes[BEFORE..BEFORE + self.len])
    }

    /// The message from `sender` whose text starts at `text_at` in the command.
    pub(crate) fn into_message(mut self, sender: Name, text_at: usize) -> Message {
        let text = BEFORE + text_at;
        let end = BEFORE + self.len;
        let name = sender.as_bytes();
        let start = text - 1 - name.len();
        self.bytes[start..text - 1].copy_from_slice(name);
        self.bytes[text - 1] = b' ';
        self.bytes[end] = b'\n';
        self.bytes.share(start..end + 1)
    }
}

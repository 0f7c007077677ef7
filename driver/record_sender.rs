// SPDX-License-Identifier: GPL-2.0

//! Writing records through an open file: one or many, in order.
//!
//! What makes a record valid is policy's (`policy/records.rs`); sending is `sender.rs`.

use crate::{
    errors::Failure,
    ffi::user_memory::{
        self,
        Part,
        Source, //
    },
    message::CommandBuffer,
    policy::{
        records::{
            Plain,
            Receivers,
            Sent, //
        },
        refusal::Refusal,
        uapi::{
            SendHeader,
            ALIGN, //
        }, //
    },
    sender::{
        Sender,
        Sending, //
    }, //
};
use kernel::prelude::*;

/// What writing records through an open file needs.
pub(crate) struct RecordSender<'a> {
    pub(crate) sender: Sender<'a>,
    /// The time that the messages say they were sent.
    pub(crate) now: u64,
    /// Bytes that a text may have.
    pub(crate) text_max: usize,
    /// Whether the file waits for room, where a record asks for that.
    pub(crate) waits: bool,
}

impl RecordSender<'_> {
    /// Carries out one record after the other. Returns the bytes of those that were carried out:
    /// fewer than there are where one of them failed, or a signal has come: all that
    /// there are may take minutes.
    ///
    /// # Errors
    ///
    /// Those of the first record: what policy says; `EFAULT`; `E2BIG`; `ENOMEM`; `EAGAIN` with
    /// `nowait`, and for want of room where the file does not wait; `ETIMEDOUT`; `ERESTARTSYS`.
    pub(crate) fn write(&self, rest: Rest<impl Source>, nowait: bool) -> Result<usize, Failure> {
        let Rest {
            mut from,
            mut header,
            mut written,
        } = rest;
        while header.is_some() || from.len() > 0 {
            match self.carry_out(header.take(), &mut from, nowait) {
                Ok(bytes) => written += bytes,
                Err(failure) => return stop(written, failure),
            }
            if current!().signal_pending() {
                break;
            }
        }
        Ok(written)
    }

    /// Carries out the next record, whose header may have been read already. Returns its bytes.
    fn carry_out(
        &self,
        header: Option<SendHeader>,
        from: &mut impl Source,
        nowait: bool,
    ) -> Result<usize, Failure> {
        let header = match header {
            Some(header) => header,
            None if from.len() < SendHeader::SIZE => return Err(Refusal::BadRecord.into()),
            None => from.send_header().ok_or(EFAULT)?,
        };
        let left = SendHeader::SIZE + from.len();
        let sent = Sent::new(&header, left, self.text_max)?;
        if sent.unknown > 0 {
            demand_zero(&mut Part::new(from, sent.unknown))?;
        }
        let text = CommandBuffer::copy_text_in(Part::new(from, sent.text), nowait)?;
        skip(from, sent.padding)?;
        match sent.to {
            Receivers::One { name, wait: None } if sent.priority == 0 => {
                self.sender.send(text, name, 0, || self.now)?;
            }
            Receivers::One { name, wait } => {
                let how = Sending {
                    priority: sent.priority,
                    timeout: wait,
                    waits: self.waits,
                    nowait,
                };
                self.sender.send_as(text, name, how, self.now)?;
            }
            // Priorities may need memory that has to be waited for.
            Receivers::All if nowait && sent.priority > 0 => return Err(EAGAIN.into()),
            Receivers::All => self.sender.broadcast(text, 0, sent.priority, self.now)?,
        }
        Ok(sent.size())
    }
}

/// What is left to be carried out of what is written.
pub(crate) struct Rest<S> {
    from: S,
    /// The header of the next record, if it has been read.
    header: Option<SendHeader>,
    /// Bytes of the records that have been carried out.
    written: usize,
}

/// Sends one plain record after the other, and leaves the others to `carry_out`, which has to do with
/// [`RecordSender::write`]. Returns what that does.
///
/// # Errors
///
/// Those of [`RecordSender::write`].
#[inline(always)]
pub(crate) fn write_plain<S: Source>(
    sender: Sender<'_>,
    mut from: S,
    text_max: usize,
    now: u64,
    nowait: bool,
    carry_out: impl FnOnce(Rest<S>) -> Result<usize, Failure>,
) -> Result<usize, Failure> {
    let mut written = 0;
    loop {
        let left = from.len();
        if left == 0 {
            return Ok(written);
        }
        let header = if left < SendHeader::SIZE {
            None
        } else {
            match from.send_header() {
                None => return stop(written, EFAULT.into()),
                header => header,
            }
        };
        let plain = header.and_then(|header| Plain::new(&header, left, text_max));
        let Some(plain) = plain else {
            return carry_out(Rest {
                from,
                header,
                written,
            });
        };
        if let Err(failure) = send_plain(sender, &mut from, plain, now, nowait) {
            return stop(written, failure);
        }
        written += plain.size();
        if from.len() > 0 && current!().signal_pending() {
            return Ok(written);
        }
    }
}

#[inline(always)]
fn send_plain(
    sender: Sender<'_>,
    from: &mut impl Source,
    plain: Plain,
    now: u64,
    nowait: bool,
) -> Result<(), Failure> {
    let text = CommandBuffer::copy_text_in(Part::new(from, plain.text), nowait)?;
    skip(from, plain.padding)?;
    Ok(sender.send(text, plain.to, 0, || now)?)
}

/// What a call returns that a failure ends: who writes the rest gets the error.
fn stop(written: usize, failure: Failure) -> Result<usize, Failure> {
    if written == 0 {
        Err(failure)
    } else {
        Ok(written)
    }
}

/// Passes over padding.
#[inline(always)]
fn skip(from: &mut impl Source, padding: usize) -> Result {
    if padding == 0 {
        return Ok(());
    }
    user_memory::fill(from, &mut [0; ALIGN][..padding])
}

/// Refuses bytes that mean something to a later version.
#[cold]
fn demand_zero(from: &mut impl Source) -> Result {
    let mut bytes = [0; ALIGN];
    while from.len() > 0 {
        user_memory::fill(from, &mut bytes)?;
        if bytes != [0; ALIGN] {
            return Err(E2BIG);
        }
    }
    Ok(())
}

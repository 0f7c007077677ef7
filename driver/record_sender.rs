// SPDX-License-Identifier: GPL-2.0

//! Writing records through an open file: one or many, in order.
//!
//! What makes a record valid is policy's (`policy/records.rs`); sending is `sender.rs`.

use crate::{
    errors::Failure,
    ffi::{
        stock::Stock,
        user_memory::{
            self,
            Part,
            Source, //
        }, //
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
    record_batch::RecordBatch,
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
    /// fewer than there are where one of them failed, or a signal has come, since all that there are
    /// may take minutes.
    ///
    /// # Errors
    ///
    /// Those of the first record: what policy says; `EFAULT`; `E2BIG`; `ENOMEM`; `EAGAIN` with
    /// `nowait`, and for want of room where the file does not wait; `ETIMEDOUT`; `ERESTARTSYS`.
    pub(crate) fn write(&self, rest: Rest<impl Source>, nowait: bool) -> Result<usize, Failure> {
        let Rest {
            mut from,
            mut header,
        } = rest;
        let mut written = 0;
        let mut stock = Stock::new();
        while header.is_some() || from.len() > 0 {
            let next = self.next(&mut header, &mut from, nowait, &mut stock);
            let (carried_out, failure) = next.unwrap_or_else(|failure| (0, Some(failure)));
            written += carried_out;
            match failure {
                Some(failure) if written == 0 => return Err(failure),
                // Who writes the rest gets the error.
                Some(_) => break,
                None if current!().signal_pending() => break,
                None => {}
            }
        }
        Ok(written)
    }

    /// Carries out the next record, whose header may have been read already, or some that can be sent
    /// together. Returns the bytes of those that were carried out, and why not all of them were.
    fn next(
        &self,
        header: &mut Option<SendHeader>,
        from: &mut impl Source,
        nowait: bool,
        stock: &mut Stock,
    ) -> Result<(usize, Option<Failure>), Failure> {
        let next = match header.take() {
            Some(header) => header,
            None if from.len() < SendHeader::SIZE => return Err(Refusal::BadRecord.into()),
            None => from.send_header().ok_or(EFAULT)?,
        };
        let left = SendHeader::SIZE + from.len();
        match Plain::new(&next, left, self.text_max) {
            Some(plain) if RecordBatch::takes(&plain) => {
                let mut batch = RecordBatch::new(plain.to);
                let copied = batch.copy_in(plain, from, self.text_max, nowait, stock);
                let (bytes, refusal) = batch.send(self.sender, self.now);
                let failure = match copied {
                    Ok(next) => {
                        *header = next;
                        None
                    }
                    Err(failure) => Some(failure),
                };
                Ok((bytes, refusal.map(Failure::from).or(failure)))
            }
            _ => Ok((self.carry_out(&next, left, from, nowait)?, None)),
        }
    }

    /// Carries out the record with this header, which is followed by `from`; from the header on there
    /// are `left` bytes. Returns its bytes.
    fn carry_out(
        &self,
        header: &SendHeader,
        left: usize,
        from: &mut impl Source,
        nowait: bool,
    ) -> Result<usize, Failure> {
        let sent = Sent::new(header, left, self.text_max)?;
        if sent.unknown > 0 {
            demand_zero(&mut Part::new(from, sent.unknown))?;
        }
        let text = CommandBuffer::copy_text_in(Part::new(from, sent.text), nowait, None)?;
        user_memory::skip_padding(from, sent.padding)?;
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
}

/// Sends the record, if it is the only one and a plain one, and leaves all others to `carry_out`, which
/// has to do with them what [`RecordSender::write`] does. Returns what that returns.
///
/// # Errors
///
/// Those of [`RecordSender::write`].
#[inline(always)]
pub(crate) fn write_one<S: Source>(
    sender: Sender<'_>,
    mut from: S,
    text_max: usize,
    now: u64,
    nowait: bool,
    carry_out: impl FnOnce(Rest<S>) -> Result<usize, Failure>,
) -> Result<usize, Failure> {
    let left = from.len();
    if left < SendHeader::SIZE {
        return carry_out(Rest { from, header: None });
    }
    let header = from.send_header().ok_or(EFAULT)?;
    match Plain::new(&header, left, text_max) {
        Some(plain) if plain.size() == left => {
            let text = CommandBuffer::copy_text_in(Part::new(&mut from, plain.text), nowait, None)?;
            user_memory::skip_padding(&mut from, plain.padding)?;
            sender.send(text, plain.to, 0, || now)?;
            Ok(left)
        }
        _ => carry_out(Rest {
            from,
            header: Some(header),
        }),
    }
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

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
    /// fewer than there are where one of them failed.
    ///
    /// # Errors
    ///
    /// Those of the first record: what policy says; `EFAULT`; `E2BIG`; `ENOMEM`; `EAGAIN` with
    /// `nowait`, and for want of room where the file does not wait; `ETIMEDOUT`; `ERESTARTSYS`.
    #[inline(always)]
    pub(crate) fn write(&self, from: &mut impl Source, nowait: bool) -> Result<usize, Failure> {
        let mut written = 0;
        while from.len() > 0 {
            match self.carry_out(from, nowait) {
                Ok(bytes) => written += bytes,
                Err(failure) if written == 0 => return Err(failure),
                // Who writes the rest gets the error.
                Err(_) => break,
            }
        }
        Ok(written)
    }

    /// Carries out the next record. Returns its bytes.
    #[inline(always)]
    fn carry_out(&self, from: &mut impl Source, nowait: bool) -> Result<usize, Failure> {
        let left = from.len();
        if left < SendHeader::SIZE {
            return Err(Refusal::BadRecord.into());
        }
        let header = user_memory::array(from).ok_or(EFAULT)?;
        let sent = Sent::new(&SendHeader::from_bytes(&header), left, self.text_max)?;
        if sent.unknown > 0 {
            demand_zero(&mut Part::new(from, sent.unknown))?;
        }
        let text = CommandBuffer::copy_text_in(Part::new(from, sent.text), nowait)?;
        if sent.padding > 0 {
            let mut padding = [0; ALIGN];
            user_memory::fill(from, &mut padding[..sent.padding])?;
        }
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

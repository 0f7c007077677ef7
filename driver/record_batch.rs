// SPDX-License-Identifier: GPL-2.0

//! Writing many records of one kind at a time: one look-up, one turn of the lock and one wake-up for
//! all of them.
//!
//! They are plain ones for one receiver, with short texts. Every other record, and the order among
//! all of them, is the business of `record_sender.rs`.

use crate::{
    errors::Failure,
    ffi::{
        buffer::Buffer,
        stock::Stock,
        user_memory::{
            self,
            Part,
            Source, //
        }, //
    },
    message::CommandBuffer,
    policy::{
        name::Word,
        records::Plain,
        refusal::Refusal,
        uapi::SendHeader, //
    },
    sender::Sender, //
};
use kernel::prelude::*;

/// Texts that wait to be sent together.
const MAX: usize = Stock::MAX;

/// The bytes of the longest of them: what all of them take stays small.
const TEXT_MAX: usize = 512;

/// Texts for one receiver that have been copied in, in order.
pub(crate) struct RecordBatch {
    to: Word,
    count: usize,
    buffers: [Option<Buffer>; MAX],
    lens: [u16; MAX],
}

impl RecordBatch {
    /// None, for this receiver.
    #[inline(always)]
    pub(crate) fn new(to: Word) -> Self {
        Self {
            to,
            count: 0,
            buffers: [const { None }; MAX],
            lens: [0; MAX],
        }
    }

    /// Whether a record is one of those that are sent together.
    #[inline(always)]
    pub(crate) fn takes(plain: &Plain) -> bool {
        plain.text <= TEXT_MAX
    }

    /// Copies in the text of a record that it takes, and those of the records behind it, as long as
    /// they are like it. `text_max`: bytes that a text may have; `nowait`: without sleeping for
    /// memory; `stock`: what is left of that goes to the next batch. Returns the header of the record
    /// that comes next, where that has been read.
    ///
    /// # Errors
    ///
    /// `EFAULT`; `ENOMEM`, or `EAGAIN` with `nowait`. Those before are there to be sent.
    pub(crate) fn copy_in(
        &mut self,
        first: Plain,
        from: &mut impl Source,
        text_max: usize,
        nowait: bool,
        stock: &mut Stock,
    ) -> Result<Option<SendHeader>, Failure> {
        let number = CommandBuffer::size_number(first.text);
        let is_like_it = |plain: &Plain| {
            plain.to == first.to
                && Self::takes(plain)
                && CommandBuffer::size_number(plain.text) == number
        };
        stock.fill(number, 1 + from.len() / first.size(), nowait);
        let mut plain = first;
        loop {
            self.add(plain, from, nowait, stock)?;
            let left = from.len();
            if self.count == MAX || left < SendHeader::SIZE {
                return Ok(None);
            }
            let header = from.send_header().ok_or(EFAULT)?;
            match Plain::new(&header, left, text_max) {
                Some(next) if is_like_it(&next) => plain = next,
                _ => return Ok(Some(header)),
            }
        }
    }

    #[inline(always)]
    fn add(
        &mut self,
        plain: Plain,
        from: &mut impl Source,
        nowait: bool,
        stock: &mut Stock,
    ) -> Result<(), Failure> {
        let text = CommandBuffer::copy_text_in(Part::new(from, plain.text), nowait, Some(stock))?;
        user_memory::skip_padding(from, plain.padding)?;
        let (buffer, len) = text.into_parts();
        if let (Some(place), Some(len_place)) = (
            self.buffers.get_mut(self.count),
            self.lens.get_mut(self.count),
        ) {
            *place = Some(buffer);
            // CAST: It is at most `TEXT_MAX`.
            *len_place = len as u16;
            self.count += 1;
        }
        Ok(())
    }

    /// Sends them all, or those before the first that is refused. Returns the bytes of the records
    /// that were sent, and why not all were.
    pub(crate) fn send(&mut self, sender: Sender<'_>, now: u64) -> (usize, Option<Refusal>) {
        // Where nothing could be copied in, that is the failure, and not that of a look-up.
        if self.count == 0 {
            return (0, None);
        }
        let lens = self.lens[..self.count].iter().copied().map(usize::from);
        let texts = self.buffers.iter_mut().map_while(Option::take);
        let texts = texts.zip(lens.clone());
        let texts = texts.map(|(buffer, len)| CommandBuffer::from_parts(buffer, len));
        let (sent, refusal) = sender.send_many(texts, self.to, now);
        (lens.take(sent).map(Plain::size_of).sum(), refusal)
    }
}

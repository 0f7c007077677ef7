// SPDX-License-Identifier: GPL-2.0

//! Writing and reading records, and a file's format.

use std::{collections::VecDeque, mem};

use mq_model::{
    limits::Parameter,
    records::padded,
    world::{File, Process},
    How, Received,
};
use mq_policy::{
    backlog::{Cursor, Walk},
    records::{self, Plain, Receivers, Sent, Wanted},
    refusal::Refusal,
    registry::Handle,
    uapi::{
        Format, Receive, SendHeader, FORMAT_RECORDS, FORMAT_TEXT, RECEIVE_DONTWAIT, RECEIVE_FROM,
        RECEIVE_PEEK,
    },
};
use nix::errno::Errno;

use super::{
    machine::{number, Policy},
    registration::{Message, Registration},
    writing::Text,
};

/// Messages that are looked at in one turn: few, so that walks pause.
const STEPS: usize = 2;

impl Policy {
    pub fn set_format(&mut self, file: File, format: u32, flags: u32) -> Result<(), Errno> {
        let asked = Format::from_bytes(&Format { format, flags }.to_bytes());
        if !matches!(asked.format, FORMAT_TEXT | FORMAT_RECORDS) || asked.flags != 0 {
            return Err(number(Refusal::BadRequest));
        }
        let is_half_read = self.rests.keys().any(|&(number, _)| number == file.number);
        if asked.format == FORMAT_RECORDS && is_half_read {
            return Err(number(Refusal::HalfRead));
        }
        let is_records = asked.format == FORMAT_RECORDS;
        self.world.set_records(file, is_records);
        Ok(())
    }

    pub fn write_records(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        let there = &bytes[..how.there(bytes.len())];
        let mut written = 0;
        while written < bytes.len() {
            let left = bytes.len() - written;
            let there = there.get(written..).unwrap_or_default();
            match self.write_record(caller, file, how, left, there) {
                Ok(size) => written += size,
                Err(errno) if written == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(written)
    }

    /// Carries out the next record, at the start of `left` bytes, of which some are `there`.
    fn write_record(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        left: usize,
        there: &[u8],
    ) -> Result<usize, Errno> {
        if left < SendHeader::SIZE {
            return Err(number(Refusal::BadRecord));
        }
        let (header, behind) = there.split_first_chunk().ok_or(Errno::EFAULT)?;
        let header = SendHeader::from_bytes(header);
        let text_max = self.value(Parameter::CmdBufSize) as usize;
        let text = |written, priority, waits| Text {
            written,
            at: 0,
            end: written.len(),
            priority,
            waits,
        };
        if let Some(plain) = Plain::new(&header, left, text_max) {
            let whole = behind.get(..plain.text + plain.padding);
            let written = &whole.ok_or(Errno::EFAULT)?[..plain.text];
            self.send(caller, file, how, plain.to.name(), text(written, 0, false))?;
            return Ok(plain.size());
        }
        let sent = Sent::new(&header, left, text_max).map_err(number)?;
        let unknown = behind.get(..sent.unknown).ok_or(Errno::EFAULT)?;
        if unknown.iter().any(|&byte| byte != 0) {
            return Err(Errno::E2BIG);
        }
        let whole = behind[sent.unknown..].get(..sent.text + sent.padding);
        let written = &whole.ok_or(Errno::EFAULT)?[..sent.text];
        match sent.to {
            Receivers::One { name, wait } => {
                let text = text(written, sent.priority, wait.is_some());
                self.send(caller, file, how, name.name(), text)?;
            }
            Receivers::All if how == How::WithoutSleep && sent.priority > 0 => {
                return Err(Errno::EAGAIN);
            }
            Receivers::All => self.broadcast(caller, file, text(written, sent.priority, false))?,
        }
        Ok(sent.size())
    }

    pub fn read_records(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        size: usize,
    ) -> Result<Vec<Received>, Errno> {
        if size == 0 {
            return Ok(Vec::new());
        }
        let acting = self.acting(caller.id, file);
        let acting = acting.ok_or(number(Refusal::NotRegistered))?;
        let place = self.at(acting).place(None);
        let first = self.take_record(acting, place, size, how.there(size), false)?;
        let (mut room, mut there) = (size - first.size(), how.there(size) - first.size());
        let mut read = vec![first];
        loop {
            let (mut batch, mut lost) = self.take_many(acting, room);
            if batch.is_empty() {
                return Ok(read);
            }
            while let Some(message) = batch.pop_front() {
                let size = records::received_size(message.text().len());
                if size > there {
                    batch.push_front(message);
                    while let Some(message) = batch.pop_back() {
                        self.put_back(acting, message);
                    }
                    self.at(acting).told -= lost;
                    return Ok(read);
                }
                (room, there) = (room - size, there - size);
                read.push(record(&message, mem::take(&mut lost)));
            }
        }
    }

    /// Takes all messages whose records fit into so many bytes; and how many were lost, which the
    /// first is to tell of.
    fn take_many(&mut self, from: Handle, mut room: usize) -> (VecDeque<Message>, u64) {
        let of = self.at(from);
        let (mut taken, mut size) = (VecDeque::new(), 0);
        while let Some(message) = of.queue.pop_if(|first| {
            size = records::received_size(first.text().len());
            size <= room
        }) {
            room -= size;
            taken.push_back(message);
        }
        let lost = if taken.is_empty() { 0 } else { of.tell_lost() };
        self.settle(from);
        (taken, lost)
    }

    pub fn receive(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        size: usize,
        peek: bool,
        from: &[u8],
    ) -> Result<Vec<Received>, Errno> {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let asked = Receive {
            buffer: 0,
            size: size as u32,
            flags: flag(peek, RECEIVE_PEEK)
                | flag(!from.is_empty(), RECEIVE_FROM)
                | flag(how == How::WithoutSleep, RECEIVE_DONTWAIT),
            from: padded(from),
            timeout: flag(how == How::Waiting, 1_000_000).into(),
        };
        let asked = Receive::from_bytes(&asked.to_bytes());
        let wanted = Wanted::new(&asked).map_err(number)?;
        if !self.world.is_records(file) {
            return Err(number(Refusal::BadRequest));
        }
        let acting = self.acting(caller.id, file);
        let acting = acting.ok_or(number(Refusal::NotRegistered))?;
        let place = self.at(acting).place(wanted.from);
        match self.take_record(acting, place, size, how.there(size), wanted.peek) {
            Err(Errno::EAGAIN) if wanted.waits && wanted.timeout > 0 => Err(Errno::ETIMEDOUT),
            received => received.map(|record| vec![record]),
        }
    }

    /// Reads the message that a walk has come to.
    fn take_record(
        &mut self,
        from: Handle,
        place: Option<Cursor>,
        room: usize,
        there: usize,
        peek: bool,
    ) -> Result<Received, Errno> {
        let of = self.at(from);
        let place = place.ok_or(Errno::EAGAIN)?;
        let message = of.queue.at(place).expect("nobody else takes it");
        let size = records::received_size(message.text().len());
        if size > room {
            return Err(number(Refusal::NoRoom));
        }
        if peek {
            let record = record(message, of.queue.stats().dropped() - of.told);
            return (size <= there).then_some(record).ok_or(Errno::EFAULT);
        }
        let message = of.queue.pop_at(place).expect("nobody else takes it");
        let lost = of.tell_lost();
        self.settle(from);
        if size > there {
            self.at(from).told -= lost;
            self.put_back(from, message);
            return Err(Errno::EFAULT);
        }
        Ok(record(&message, lost))
    }
}

impl Registration {
    fn tell_lost(&mut self) -> u64 {
        let dropped = self.queue.stats().dropped();
        dropped - mem::replace(&mut self.told, dropped)
    }

    /// Where the message is that comes first, or the first that a name has sent. Reading as text does
    /// without a walk.
    fn place(&self, from: Option<[u8; 8]>) -> Option<Cursor> {
        let is_wanted = |message: &Message| from.is_none_or(|from| message.from().padded() == from);
        let mut place = None;
        loop {
            match self.queue.walk(place, STEPS, is_wanted) {
                Walk::Found(found) => return Some(found),
                Walk::Pause(at) => place = Some(at),
                Walk::End => return None,
            }
        }
    }
}

/// The record of a message, by way of its bytes.
fn record(message: &Message, lost: u64) -> Received {
    let (from, text) = (message.from().padded(), message.text());
    let header = records::received(from, text.len(), message.stamp, message.sequence, lost);
    let mut bytes = [&header.to_bytes(), text].concat();
    bytes.resize(header.size as usize, 0);
    let mut records = Received::all_from_bytes(&bytes, u64::from);
    records.pop().expect("a record")
}

// SPDX-License-Identifier: GPL-2.0

//! Sections 11 and 12 of the contract: a file's format, and writing and reading records.
//!
//! What goes for messages whichever way they are sent is in `writing.rs`.

use nix::errno::Errno::{self, E2BIG, EAGAIN, EBUSY, EFAULT, EINVAL, EMSGSIZE, ENOENT, ETIMEDOUT};

use super::{queue::Message, writing::Text, Model};
use crate::{
    limits::{self, Parameter::CmdBufSize},
    operation::How,
    records::{self, Received, SendHeader, PRIORITY_MAX, SEND, SEND_BROADCAST, SEND_WAIT},
    world::{File, Process},
    Bytes,
};

/// Where a record is received to, and which.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Bytes of room, and how many of these are there.
    pub room: usize,
    pub there: usize,
    /// Leave it in the queue.
    pub peek: bool,
    /// Only from this sender.
    pub from: Option<&'a [u8]>,
}

impl Model {
    pub(super) fn set_format(&mut self, file: File, format: u32, flags: u32) -> Result<(), Errno> {
        if format > 1 || flags != 0 {
            return Err(EINVAL);
        }
        let is_half_read = self.rests.iter().any(|rest| rest.file == file.number);
        if format == 1 && is_half_read {
            return Err(EBUSY);
        }
        self.world.set_records(file, format == 1);
        Ok(())
    }

    /// Carries out one record after the other. The first that fails ends it; there is an error only
    /// if it is the first of all.
    pub(super) fn write_records(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        let there = how.there(bytes.len());
        let mut written = 0;
        while written < bytes.len() {
            let there = there.saturating_sub(written);
            match self.write_record(caller, file, how, &bytes[written..], there) {
                Ok(size) => written += size,
                Err(errno) if written == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(written)
    }

    /// Carries out the first record of those that are left, and returns its bytes.
    fn write_record(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        left: &[u8],
        there: usize,
    ) -> Result<usize, Errno> {
        if left.len() < SEND {
            return Err(EINVAL);
        }
        if there < SEND {
            return Err(EFAULT);
        }
        let header = SendHeader::from_bytes(left);
        let (begin, len) = (usize::from(header.header_size), header.text_size as usize);
        let has = |flag| header.flags & flag != 0;
        let is_valid = begin >= SEND
            && begin.is_multiple_of(8)
            && len > 0
            && header.size as usize == records::size(begin, len)
            && begin + len <= left.len()
            && header.flags & !(SEND_WAIT | SEND_BROADCAST) == 0
            && header.priority <= PRIORITY_MAX
            && has(SEND_BROADCAST) == (header.to == [0; 8])
            && !(has(SEND_BROADCAST) && has(SEND_WAIT))
            && (has(SEND_WAIT) || header.timeout == 0);
        if !is_valid {
            return Err(EINVAL);
        }
        if len > self.limits.get(CmdBufSize) {
            return Err(EMSGSIZE);
        }
        if there < begin {
            return Err(EFAULT);
        }
        if left[SEND..begin].iter().any(|&byte| byte != 0) {
            return Err(E2BIG);
        }
        // The padding of the last may be missing.
        let size = left.len().min(header.size as usize);
        if there < size {
            return Err(EFAULT);
        }
        let text = Text {
            bytes: &left[begin..begin + len],
            memory: limits::memory(len),
            priority: header.priority,
            waits: has(SEND_WAIT),
        };
        if !has(SEND_BROADCAST) {
            self.send(caller, file, how, records::name(&header.to), text)?;
        } else if how == How::WithoutSleep && text.priority > 0 {
            // Memory may have to be waited for.
            return Err(EAGAIN);
        } else {
            self.broadcast(caller, file, text)?;
        }
        Ok(size)
    }

    /// As many records as are there and fit, at least one.
    pub(super) fn read_records(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        size: usize,
    ) -> Result<Vec<Received>, Errno> {
        if size == 0 {
            return Ok(Vec::new());
        }
        let acting = self.acting(caller.id, file).ok_or(ENOENT)?;
        let wanted = Wanted {
            room: size,
            there: how.there(size),
            peek: false,
            from: None,
        };
        let first = self.take_record(acting, wanted)?;
        let mut read = first.size();
        let mut all = vec![first];
        // The others at once, as many as there are. Those that waited for their room are behind them.
        loop {
            let (messages, mut lost) = self.take_many(acting, size - read);
            if messages.is_empty() {
                return Ok(all);
            }
            let mut messages = messages.into_iter();
            while let Some(message) = messages.next() {
                let record = Received::of(&message, lost);
                if read + record.size() > how.there(size) {
                    let back = std::iter::once(message).chain(messages);
                    back.rev()
                        .for_each(|message| self.put_back(acting, message));
                    self.registrations[acting].queue.take_back_lost(lost);
                    return Ok(all);
                }
                lost = 0;
                read += record.size();
                self.totals.add("reads", 1);
                all.push(record);
            }
        }
    }

    /// Takes all messages whose records fit into so many bytes; and how many were lost, which the
    /// first is to tell of.
    fn take_many(&mut self, from: usize, mut room: usize) -> (Vec<Message>, u64) {
        let queue = &mut self.registrations[from].queue;
        let (mut taken, mut lost) = (Vec::new(), 0);
        while let Some(size) = queue.first(None).map(|first| Received::of(first, 0).size()) {
            if size > room {
                break;
            }
            room -= size;
            taken.extend(queue.take(None));
        }
        if !taken.is_empty() {
            lost = queue.tell_lost();
        }
        self.settle(from);
        (taken, lost)
    }

    /// `MQ_IOC_RECEIVE`: one record.
    pub(super) fn receive(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        wanted: Wanted,
    ) -> Result<Received, Errno> {
        if !self.world.is_records(file) {
            return Err(EINVAL);
        }
        let acting = self.acting(caller.id, file).ok_or(ENOENT)?;
        match self.take_record(acting, wanted) {
            Err(EAGAIN) if how == How::Waiting => Err(ETIMEDOUT),
            other => other,
        }
    }

    fn take_record(&mut self, from: usize, wanted: Wanted) -> Result<Received, Errno> {
        let queue = &mut self.registrations[from].queue;
        let message = queue.first(wanted.from).ok_or(EAGAIN)?;
        let record = Received::of(message, queue.lost());
        if record.size() > wanted.room {
            return Err(EMSGSIZE);
        }
        if wanted.peek {
            return match record.size() > wanted.there {
                true => Err(EFAULT),
                false => Ok(record),
            };
        }
        let message = queue.take(wanted.from).ok_or(EAGAIN)?;
        let lost = queue.tell_lost();
        self.settle(from);
        if record.size() > wanted.there {
            self.registrations[from].queue.take_back_lost(lost);
            self.put_back(from, message);
            return Err(EFAULT);
        }
        self.totals.add("reads", 1);
        Ok(record)
    }
}

impl Received {
    fn of(message: &Message, lost: u64) -> Self {
        Self {
            from: Bytes(message.from.clone()),
            process: message.process,
            user: message.user,
            broadcast: message.broadcast,
            priority: message.priority,
            sequence: message.sequence,
            lost,
            has_time: message.has_time,
            text: Bytes(message.text.clone()),
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Sections 11 and 12 of the contract: a file's format, and writing and reading records.
//!
//! What goes for messages whichever way they are sent is in `writing.rs`.

use nix::errno::Errno::{self, E2BIG, EAGAIN, EBUSY, EFAULT, EINVAL, EMSGSIZE, ENOENT, ETIMEDOUT};

use super::{writing::Text, Model};
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
        let (mut read, mut all) = (0, Vec::new());
        loop {
            let wanted = Wanted {
                room: size - read,
                there: how.there(size).saturating_sub(read),
                peek: false,
                from: None,
            };
            match self.take_record(acting, wanted) {
                Ok(record) => {
                    read += record.size();
                    all.push(record);
                }
                Err(errno) if all.is_empty() => return Err(errno),
                Err(_) => return Ok(all),
            }
        }
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
        let record = Received {
            from: Bytes(message.from.clone()),
            process: message.process,
            user: message.user,
            broadcast: message.broadcast,
            priority: message.priority,
            sequence: message.sequence,
            lost: queue.lost(),
            has_time: message.has_time,
            text: Bytes(message.text.clone()),
        };
        if record.size() > wanted.room {
            return Err(EMSGSIZE);
        }
        if record.size() > wanted.there {
            return Err(EFAULT);
        }
        if !wanted.peek {
            queue.take(wanted.from);
            queue.tell_lost();
            self.totals.add("reads", 1);
        }
        Ok(record)
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Section 4 of the contract: commands, and sending. What is said of priorities and of waiting for
//! room is section 12.

use nix::errno::Errno::{self, EACCES, EAGAIN, EFAULT, EMSGSIZE, ENOENT, ETIMEDOUT};

use super::{queue::Message, Model};
use crate::{
    command::{self, Command},
    limits::{self, Parameter::CmdBufSize},
    operation::How,
    world::{File, Process},
};

/// A text that is to be sent.
pub struct Text<'a> {
    pub bytes: &'a [u8],
    /// Bytes of the kernel's memory that it takes.
    pub memory: usize,
    pub priority: u32,
    /// Whether it waits for room, so that nothing is lost.
    pub waits: bool,
}

impl Model {
    pub(super) fn write(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        // To write nothing in this way is over before the driver is asked.
        if how == How::WithoutSleep && bytes.is_empty() {
            return Ok(0);
        }
        if self.world.is_records(file) {
            return self.write_records(caller, file, how, bytes);
        }
        self.carry_out(caller, file, how, bytes)?;
        Ok(bytes.len())
    }

    fn carry_out(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        bytes: &[u8],
    ) -> Result<(), Errno> {
        let max = self.limits.get(CmdBufSize);
        let command = command::without_trailer(bytes);
        // The longest trailer has two bytes. Whether there is one cannot be seen in bad memory.
        if bytes.len() > max + 2 {
            return Err(EMSGSIZE);
        }
        if how.there(bytes.len()) < bytes.len() {
            return Err(EFAULT);
        }
        if command.len() > max {
            return Err(EMSGSIZE);
        }
        let text = |text| Text {
            bytes: text,
            memory: limits::memory(bytes.len()),
            priority: 0,
            waits: false,
        };
        match command::parse(command)? {
            Command::Send { to, text: sent } => self.send(caller, file, how, to, text(sent)),
            Command::Broadcast { text: sent } => self.broadcast(caller, file, text(sent)),
            _ if how == How::WithoutSleep => Err(EAGAIN),
            Command::Register(name) => self.register(caller, file, name),
            Command::Unregister => self.unregister(caller, file, None),
            Command::UnregisterAs(name) => self.unregister(caller, file, Some(name)),
        }
    }

    pub(super) fn send(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        to: &[u8],
        text: Text,
    ) -> Result<(), Errno> {
        let sender = self.acting(caller.id, file).ok_or(EACCES)?;
        let receiver = self.named(to).ok_or(ENOENT)?;
        let message = self.message(sender, &text, false);
        let queue = &mut self.registrations[receiver].queue;
        if text.priority > 0 && !queue.has_priorities {
            // Memory may have to be waited for.
            if how == How::WithoutSleep {
                return Err(EAGAIN);
            }
            queue.has_priorities = true;
        }
        if !queue.can_take(text.memory) {
            return Err(EMSGSIZE);
        }
        if text.waits && !(queue.line.is_empty() && queue.has_room(text.memory)) {
            return Err(match how {
                How::Waiting => ETIMEDOUT,
                _ => EAGAIN,
            });
        }
        self.deliver(receiver, message);
        self.count_send(self.registrations[sender].number);
        Ok(())
    }

    pub(super) fn broadcast(
        &mut self,
        caller: Process,
        file: File,
        text: Text,
    ) -> Result<(), Errno> {
        let sender = self.acting(caller.id, file).ok_or(EACCES)?;
        let message = self.message(sender, &text, true);
        for receiver in 0..self.registrations.len() {
            self.registrations[receiver].queue.has_priorities |= text.priority > 0;
            if receiver != sender {
                self.deliver(receiver, message.clone());
            }
        }
        self.registrations[sender].sent += 1;
        self.totals.add("broadcasts", 1);
        Ok(())
    }

    pub(super) fn message(&self, sender: usize, text: &Text, broadcast: bool) -> Message {
        let of = &self.registrations[sender];
        Message {
            from: of.name.clone(),
            text: text.bytes.to_vec(),
            memory: text.memory,
            priority: text.priority,
            broadcast,
            process: of.maker,
            user: of.user,
            has_time: self.world.has_records(),
            sequence: 0,
        }
    }

    pub(super) fn deliver(&mut self, receiver: usize, message: Message) {
        let dropped = self.registrations[receiver].queue.put(message);
        self.totals.add("deliveries", 1);
        self.totals.add("dropped_overflow", dropped);
        // A large one may have taken the place of several.
        self.settle(receiver);
    }
}

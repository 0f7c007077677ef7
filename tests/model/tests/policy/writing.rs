// SPDX-License-Identifier: GPL-2.0

//! Writing commands, and sending, whichever way it is asked for.

use mq_model::{
    limits::Parameter,
    world::{File, Process},
    How,
};
use mq_policy::{
    command::{self, Command, TRAILER_MAX},
    message::{self, Origin, Stamp, AFTER, BEFORE},
    name::Name,
    queue::Pushed,
    refusal::Refusal,
    registry::Handle,
    segments,
};
use nix::errno::Errno;

use super::{
    machine::{number, Policy},
    registration::{deliver, make_priorities, Message},
};

/// A text that is to be sent, in what was written.
pub struct Text<'a> {
    pub written: &'a [u8],
    /// Where it starts and ends.
    pub at: usize,
    pub end: usize,
    pub priority: u16,
    /// Whether it waits for room.
    pub waits: bool,
}

impl Policy {
    pub fn write(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        written: &[u8],
    ) -> Result<usize, Errno> {
        // The kernel does not ask the driver for this.
        if how == How::WithoutSleep && written.is_empty() {
            return Ok(0);
        }
        if self.world.is_records(file) {
            return self.write_records(caller, file, how, written);
        }
        self.carry_out(caller, file, how, written)?;
        Ok(written.len())
    }

    fn carry_out(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        written: &[u8],
    ) -> Result<(), Errno> {
        let max = self.value(Parameter::CmdBufSize) as usize;
        if written.len() > max + TRAILER_MAX {
            return Err(number(Refusal::TooLong));
        }
        if how.there(written.len()) < written.len() {
            return Err(Errno::EFAULT);
        }
        let command = &written[..command::length(written)];
        if command.len() > max {
            return Err(number(Refusal::TooLong));
        }
        let text = |at| Text {
            written,
            at,
            end: command.len(),
            priority: 0,
            waits: false,
        };
        match command::parse(command).map_err(number)? {
            Command::Send { to, text_at } => self.send(caller, file, how, to, text(text_at)),
            Command::Broadcast { text_at } => self.broadcast(caller, file, text(text_at)),
            _ if how == How::WithoutSleep => Err(Errno::EAGAIN),
            Command::Register(name) => self.register(caller, file, name).map_err(number),
            Command::Unregister => self.unregister(caller, file, |_| true).map_err(number),
            Command::UnregisterAs(name) => {
                let ended = self.unregister(caller, file, |own| Some(own) == name);
                ended.map_err(number)
            }
        }
    }

    pub fn send(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        to: Option<Name>,
        text: Text,
    ) -> Result<(), Errno> {
        let sender = self.acting(caller.id, file);
        let sender = sender.ok_or(number(Refusal::SenderNotRegistered))?;
        let to = to.and_then(|to| self.registry.by_name(to));
        let to = to.ok_or(number(Refusal::NoSuchName))?;
        let message = self.message(sender, &text, false);
        let queue = &mut self.at(to).queue;
        if how == How::WithoutSleep && queue.needs_priorities(&message).is_some() {
            return Err(Errno::EAGAIN);
        }
        make_priorities(queue, &message);
        if !text.waits {
            if !deliver(queue, message) {
                return Err(number(Refusal::TooLarge));
            }
            self.settle(to);
        } else {
            match queue.push_in_turn(message) {
                Ok(()) => {}
                Err(Pushed::TooLarge(_)) => return Err(number(Refusal::TooLarge)),
                Err(Pushed::NoRoom(_)) if how == How::Waiting => return Err(Errno::ETIMEDOUT),
                Err(Pushed::NoRoom(_)) => return Err(Errno::EAGAIN),
                Err(Pushed::Displaced(_) | Pushed::Closed(_)) => panic!("neither can be"),
            }
        }
        self.at(sender).sent += 1;
        self.totals.add("sends", 1);
        Ok(())
    }

    pub fn broadcast(&mut self, caller: Process, file: File, text: Text) -> Result<(), Errno> {
        let sender = self.acting(caller.id, file);
        let sender = sender.ok_or(number(Refusal::SenderNotRegistered))?;
        let message = self.message(sender, &text, true);
        for to in self.handles() {
            make_priorities(&mut self.at(to).queue, &message);
            if to != sender && !deliver(&mut self.at(to).queue, message.clone()) {
                self.at(to).queue.count_too_large();
            }
            self.settle(to);
        }
        self.at(sender).sent += 1;
        self.totals.add("broadcasts", 1);
        Ok(())
    }

    pub fn message(&mut self, sender: Handle, text: &Text, broadcast: bool) -> Message {
        let has_time = self.world.has_records();
        let of = self.at(sender);
        let stamp = Stamp {
            origin: Origin::new(of.maker as u32, of.user),
            time: has_time.into(),
            priority: text.priority,
            broadcast,
        };
        let mut buffer = [&[0; BEFORE], &text.written[..text.end], &[0; AFTER]].concat();
        let line = message::stamp(&mut buffer, &of.name.into(), text.at, text.end);
        buffer[line.end - 1] = b'\n';
        Message {
            text_at: usize::from(line.text - line.start),
            line: buffer[line.start.into()..line.end].to_vec(),
            memory: segments::memory(BEFORE + text.written.len() + AFTER),
            stamp,
            sequence: 0,
        }
    }
}

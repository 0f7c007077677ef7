// SPDX-License-Identifier: GPL-2.0

//! The contract of `/dev/mq`: what comes of each operation.
//!
//! Sections 3, 4 and 7 are here, section 5 is in `reading.rs`. The command language is in
//! `command.rs`, what follows from the parameters in `limits.rs`, and which process has which file
//! open in `world.rs`.

mod dispatch;
mod reading;

use std::collections::{BTreeSet, VecDeque};

use nix::errno::Errno::{
    self, EACCES, EAGAIN, EDQUOT, EEXIST, EFAULT, EMSGSIZE, ENOENT, ENOSPC, EPERM,
};

use crate::{
    command::{self, Command},
    limits::{self, Limits, Parameter::*},
    machine::Totals,
    operation::How,
    world::{File, Process, ProcessId, World},
};

/// The user who is bound by no share.
const ROOT: u32 = 0;

/// The driver, as the contract describes it.
#[derive(Default)]
pub struct Model {
    limits: Limits,
    world: World,
    /// In the order of registration.
    registrations: Vec<Registration>,
    rests: Vec<Rest>,
    /// Which processes have registered through which file, by its number.
    registered: BTreeSet<(u64, ProcessId)>,
    ended: Vec<Ended>,
    pub(crate) totals: Totals,
}

/// A process known under a name.
struct Registration {
    name: Vec<u8>,
    process: ProcessId,
    /// As which user it was made.
    user: u32,
    size: limits::QueueSize,
    /// The oldest message first.
    queue: VecDeque<Message>,
    sent: u64,
    received: u64,
    dropped: u64,
}

#[derive(Clone)]
struct Message {
    line: Vec<u8>,
    memory: usize,
}

/// What is left of a message that was read in part. It belongs to the open file, and to the process
/// that was acted for, even after its registration has ended.
struct Rest {
    file: u64,
    process: ProcessId,
    /// Against whose share it counts, and with how much.
    user: u32,
    memory: usize,
    line: Vec<u8>,
}

/// A registration that has ended.
struct Ended {
    process: ProcessId,
    user: u32,
    /// The last file that had been opened by then.
    last_file: u64,
}

// Section 3: who is acting.
impl Model {
    /// The registration that a file acts for: made by the user who opened it, it is that of the
    /// calling process, or else of the process that opened the file.
    fn acting(&self, caller: ProcessId, file: File) -> Option<usize> {
        [caller, file.opener].into_iter().find_map(|process| {
            let mut all = self.registrations.iter();
            all.position(|of| of.process == process && of.user == file.user)
        })
    }

    /// `/reg`, which always registers the caller.
    fn register(&mut self, caller: Process, file: File, name: &[u8]) -> Result<(), Errno> {
        if caller.user != file.user {
            return Err(EPERM);
        }
        let mut all = self.registrations.iter();
        let own = all.position(|of| of.process == caller.id);
        // What was made under another user id is to go for this one.
        if own.is_some_and(|own| self.registrations[own].user == caller.user) {
            return Err(EEXIST);
        }
        if self.named(name).is_some_and(|holder| own != Some(holder)) {
            return Err(EEXIST);
        }
        let others = self.registrations.len() - usize::from(own.is_some());
        if others >= self.limits.get(MaxDevices) {
            return Err(ENOSPC);
        }
        let size = self.limits.queue();
        if caller.user != ROOT {
            let held = || {
                self.registrations
                    .iter()
                    .filter(|of| of.user == caller.user)
            };
            let reserved: u64 = held().map(|of| of.size.reservation).sum();
            if held().count() >= self.limits.registrations_per_user()
                || reserved + size.reservation > self.limits.bytes_per_user()
            {
                return Err(EDQUOT);
            }
        }
        if let Some(own) = own {
            self.end(own);
        }
        self.registrations.push(Registration {
            name: name.to_vec(),
            process: caller.id,
            user: caller.user,
            size,
            queue: VecDeque::new(),
            sent: 0,
            received: 0,
            dropped: 0,
        });
        self.registered.insert((file.number, caller.id));
        Ok(())
    }

    /// Ends a registration: what is queued is discarded and counted.
    fn end(&mut self, number: usize) {
        self.discard(number, "dropped_end");
        let of = self.registrations.remove(number);
        self.ended.push(Ended {
            process: of.process,
            user: of.user,
            last_file: self.world.last_file(),
        });
    }

    /// What happens when a process has ended: its registration ends, and files may be open nowhere.
    fn process_ended(&mut self, process: ProcessId) {
        let mut all = self.registrations.iter();
        if let Some(number) = all.position(|of| of.process == process) {
            self.end(number);
        }
        self.discard_rests(|world, rest| !world.is_open(rest.file));
    }
}

// Section 4: writing.
impl Model {
    fn write(&mut self, caller: Process, file: File, how: How, bytes: &[u8]) -> Result<(), Errno> {
        let max = self.limits.get(CmdBufSize);
        let command = command::without_trailer(bytes);
        // The longest trailer has two bytes. Whether there is one cannot be seen in bad memory.
        if bytes.len() > max + 2 {
            return Err(EMSGSIZE);
        }
        if how == How::BadMemory && !bytes.is_empty() {
            return Err(EFAULT);
        }
        if command.len() > max {
            return Err(EMSGSIZE);
        }
        let memory = limits::memory(bytes.len());
        let command = command::parse(command)?;
        match command {
            Command::Send { to, text } => self.send(caller, file, to, text, memory),
            Command::Broadcast { text } => self.broadcast(caller, file, text, memory),
            _ if how == How::WithoutSleep => Err(EAGAIN),
            Command::Register(name) => self.register(caller, file, name),
            Command::Unregister => self.unregister(caller, file, None),
            Command::UnregisterAs(name) => self.unregister(caller, file, Some(name)),
        }
    }

    fn unregister(
        &mut self,
        caller: Process,
        file: File,
        name: Option<&[u8]>,
    ) -> Result<(), Errno> {
        let own = self.acting(caller.id, file).ok_or(ENOENT)?;
        if name.is_some_and(|name| name != self.registrations[own].name) {
            return Err(EPERM);
        }
        self.end(own);
        Ok(())
    }

    fn send(
        &mut self,
        caller: Process,
        file: File,
        to: &[u8],
        text: &[u8],
        memory: usize,
    ) -> Result<(), Errno> {
        let sender = self.acting(caller.id, file).ok_or(EACCES)?;
        let receiver = self.named(to).ok_or(ENOENT)?;
        if memory > self.registrations[receiver].size.bytes {
            return Err(EMSGSIZE);
        }
        let message = self.message(sender, text, memory);
        self.deliver(receiver, message);
        self.registrations[sender].sent += 1;
        self.totals.add("sends", 1);
        Ok(())
    }

    fn broadcast(
        &mut self,
        caller: Process,
        file: File,
        text: &[u8],
        memory: usize,
    ) -> Result<(), Errno> {
        let sender = self.acting(caller.id, file).ok_or(EACCES)?;
        let message = self.message(sender, text, memory);
        for receiver in (0..self.registrations.len()).filter(|&other| other != sender) {
            self.deliver(receiver, message.clone());
        }
        self.registrations[sender].sent += 1;
        self.totals.add("broadcasts", 1);
        Ok(())
    }

    /// A line: the sender's name, a blank, the text, a newline.
    fn message(&self, sender: usize, text: &[u8], memory: usize) -> Message {
        let name = &self.registrations[sender].name;
        let line = [name, b" ".as_slice(), text, b"\n"].concat();
        Message { line, memory }
    }

    /// Puts a message into a queue. One that is full drops its oldest, as many as it takes; what
    /// does not fit even then is dropped itself.
    fn deliver(&mut self, receiver: usize, message: Message) {
        let of = &mut self.registrations[receiver];
        of.received += 1;
        let mut dropped = 0;
        if message.memory > of.size.bytes {
            dropped = 1;
        } else {
            of.queue.push_back(message);
            while of.queue.len() > of.size.messages || of.bytes() > of.size.bytes {
                of.queue.pop_front();
                dropped += 1;
            }
        }
        of.dropped += dropped as u64;
        self.totals.add("deliveries", 1);
        self.totals.add("dropped_overflow", dropped);
    }
}

// Section 7: what an administrator does.
impl Model {
    fn flush(&mut self, name: &[u8]) -> Result<(), Errno> {
        if name == b"*" {
            (0..self.registrations.len()).for_each(|number| self.discard(number, "dropped_flush"));
            return Ok(());
        }
        let number = self.named(name).ok_or(ENOENT)?;
        self.discard(number, "dropped_flush");
        Ok(())
    }

    fn discard(&mut self, number: usize, total: &str) {
        let of = &mut self.registrations[number];
        let discarded = of.queue.drain(..).count();
        of.dropped += discarded as u64;
        self.totals.add(total, discarded);
    }

    fn named(&self, name: &[u8]) -> Option<usize> {
        self.registrations.iter().position(|of| of.name == name)
    }
}

impl Registration {
    fn bytes(&self) -> usize {
        self.queue.iter().map(|message| message.memory).sum()
    }
}

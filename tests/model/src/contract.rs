// SPDX-License-Identifier: GPL-2.0

//! The contract of `/dev/mq`: what comes of each operation.
//!
//! Sections 3 and 7 are here, and who can be registered (12.3). Section 4 is in `writing.rs`, 5 in
//! `reading.rs`, records (11, 12) in `records.rs`, waiting for room (12.2) in `waiting.rs`, and in
//! which order a queue is read and loses messages in `queue.rs`. The command language is in `command.rs`, what follows from the parameters
//! in `limits.rs`, and which process has which file open in `world.rs`.

mod dispatch;
mod queue;
mod reading;
mod records;
mod waiting;
mod writing;

use std::collections::BTreeSet;

use nix::errno::Errno::{self, EDQUOT, EEXIST, ENOENT, ENOSPC, EPERM};

use crate::{
    command,
    limits::{Limits, Parameter::*},
    machine::{Outcome, Totals},
    world::{File, Process, ProcessId, World},
};
use queue::Queue;

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
    /// The files that have been registered themselves, by their numbers.
    themselves: BTreeSet<u64>,
    ended: Vec<Ended>,
    /// The number of the last registration.
    last: u64,
    /// Those who wait no longer, and of whom that has not been said.
    over: Vec<(usize, Outcome)>,
    pub(crate) totals: Totals,
}

/// Who can be registered, and has what is left of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Process(ProcessId),
    /// An open file, by its number.
    File(u64),
}

/// A process or an open file known under a name.
struct Registration {
    /// A number that no other has or had.
    number: u64,
    name: Vec<u8>,
    owner: Owner,
    /// The process that made it, and as which user.
    maker: ProcessId,
    user: u32,
    reservation: u64,
    queue: Queue,
    sent: u64,
}

/// What is left of a message that was read in part. It belongs to the open file, and to whoever was
/// acted for, even after that registration has ended.
struct Rest {
    file: u64,
    owner: Owner,
    /// Against whose share it counts, and with how much.
    user: u32,
    memory: usize,
    line: Vec<u8>,
}

/// A registration that has ended.
struct Ended {
    owner: Owner,
    user: u32,
    /// The last file that had been opened by then.
    last_file: u64,
}

// Section 3: who is acting.
impl Model {
    /// Whom a file may act for: itself alone once it has been registered itself, or else the calling
    /// process, or else the process that opened the file.
    fn owners(&self, caller: ProcessId, file: File) -> [Owner; 2] {
        if self.themselves.contains(&file.number) {
            return [Owner::File(file.number); 2];
        }
        [caller, file.opener].map(Owner::Process)
    }

    /// The registration that a file acts for: made by the user who opened it.
    fn acting(&self, caller: ProcessId, file: File) -> Option<usize> {
        self.owners(caller, file).into_iter().find_map(|owner| {
            let mut all = self.registrations.iter();
            all.position(|of| of.owner == owner && of.user == file.user)
        })
    }

    /// `/reg`, which registers the caller; or the file, where that acts for itself.
    fn register(&mut self, caller: Process, file: File, name: &[u8]) -> Result<(), Errno> {
        if self.themselves.contains(&file.number) {
            return self.register_file(caller, file, name);
        }
        self.register_as(Owner::Process(caller.id), caller, file, name)?;
        self.registered.insert((file.number, caller.id));
        Ok(())
    }

    fn register_file(&mut self, caller: Process, file: File, name: &[u8]) -> Result<(), Errno> {
        self.register_as(Owner::File(file.number), caller, file, name)?;
        self.themselves.insert(file.number);
        Ok(())
    }

    fn register_as(
        &mut self,
        owner: Owner,
        caller: Process,
        file: File,
        name: &[u8],
    ) -> Result<(), Errno> {
        if caller.user != file.user {
            return Err(EPERM);
        }
        let mut all = self.registrations.iter();
        let own = all.position(|of| of.owner == owner);
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
            let all = self.registrations.iter();
            let held = all.filter(|of| of.user == caller.user);
            let reserved: u64 = held.clone().map(|of| of.reservation).sum();
            if held.count() >= self.limits.registrations_per_user()
                || reserved + size.reservation > self.limits.bytes_per_user()
            {
                return Err(EDQUOT);
            }
        }
        if let Some(own) = own {
            self.end(own);
        }
        self.last += 1;
        self.registrations.push(Registration {
            number: self.last,
            name: name.to_vec(),
            owner,
            maker: caller.id,
            user: caller.user,
            reservation: size.reservation,
            queue: Queue::new(size),
            sent: 0,
        });
        Ok(())
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

    /// `MQ_IOC_UNREGISTER`, which is about files that act for themselves alone.
    fn unregister_file(&mut self, caller: Process, file: File) -> Result<(), Errno> {
        if !self.themselves.contains(&file.number) {
            return Err(ENOENT);
        }
        self.unregister(caller, file, None)
    }

    /// Ends a registration: what is queued is discarded and counted.
    fn end(&mut self, number: usize) {
        let discarded = self.registrations[number].queue.discard();
        self.totals.add("dropped_end", discarded);
        let mut of = self.registrations.remove(number);
        self.refuse_all(of.queue.line.drain(..));
        self.ended.push(Ended {
            owner: of.owner,
            user: of.user,
            last_file: self.world.last_file(),
        });
    }

    /// Ends the registration of a process that has ended.
    fn process_ended(&mut self, process: ProcessId) {
        self.leave(process);
        let mut all = self.registrations.iter();
        if let Some(number) = all.position(|of| of.owner == Owner::Process(process)) {
            self.end(number);
        }
    }

    /// Ends what belongs to files that nobody has open any more: their registrations, and the rests
    /// of messages.
    fn end_with_files(&mut self) {
        let is_over = |of: &Registration, world: &World| match of.owner {
            Owner::File(file) => !world.is_open(file),
            Owner::Process(_) => false,
        };
        while let Some(number) = {
            let mut all = self.registrations.iter();
            all.position(|of| is_over(of, &self.world))
        } {
            self.end(number);
        }
        self.discard_rests(|world, rest| !world.is_open(rest.file));
    }
}

// Section 7: what an administrator does.
impl Model {
    fn flush(&mut self, name: &[u8]) -> Result<(), Errno> {
        if name == b"*" {
            (0..self.registrations.len()).for_each(|number| self.discard(number));
            return Ok(());
        }
        let number = self.named(name).ok_or(ENOENT)?;
        self.discard(number);
        Ok(())
    }

    fn discard(&mut self, number: usize) {
        let discarded = self.registrations[number].queue.discard();
        self.totals.add("dropped_flush", discarded);
        self.settle(number);
    }

    fn named(&self, name: &[u8]) -> Option<usize> {
        self.registrations.iter().position(|of| of.name == name)
    }
}

/// Whether these bytes are a name, or else `EINVAL`.
fn demand_name(name: &[u8]) -> Result<(), Errno> {
    match command::is_name(name) {
        true => Ok(()),
        false => Err(Errno::EINVAL),
    }
}

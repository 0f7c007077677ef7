// SPDX-License-Identifier: GPL-2.0

//! Section 5 of the contract: reading, the rests of messages, and polling.

use nix::errno::Errno::{self, EAGAIN, EDQUOT, EFAULT, ENOENT};

use super::{queue::Message, Model, Owner, Registration, Rest, ROOT};
use crate::{
    machine::Answer,
    operation::How,
    world::{File, Process, ProcessId, World},
};

impl Model {
    pub(super) fn read_text(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        size: usize,
    ) -> Result<Vec<u8>, Errno> {
        if size == 0 {
            return Ok(Vec::new());
        }
        let acting = self.acting(caller.id, file);
        let owner = match acting {
            Some(acting) => self.registrations[acting].owner,
            None => self.first_rest(caller.id, file).ok_or(ENOENT)?,
        };
        if self.rest(file, owner).is_none() {
            self.begin(caller, file, how, size, acting.ok_or(ENOENT)?)?;
        }
        let number = self.rest(file, owner).ok_or(ENOENT)?;
        let line = &mut self.rests[number].line;
        let len = size.min(line.len());
        if how.there(len) < len {
            return Err(EFAULT);
        }
        let read = line.drain(..len).collect();
        if line.is_empty() {
            self.rests.remove(number);
        }
        Ok(read)
    }

    /// Takes the oldest message, all of which is left to read now.
    fn begin(
        &mut self,
        caller: Process,
        file: File,
        how: How,
        size: usize,
        from: usize,
    ) -> Result<(), Errno> {
        let of = &self.registrations[from];
        let (owner, user) = (of.owner, of.user);
        let message = of.queue.first(None).ok_or(EAGAIN)?;
        let (line, memory) = (message.line(), message.memory);
        if line.len() > size {
            // A message that is read in part counts against its reader's share. Those that nobody
            // can read on any more are forgotten before.
            self.discard_rests(|world, rest| {
                let has_ended = match rest.owner {
                    Owner::Process(process) => world.place(process).is_none(),
                    Owner::File(_) => false,
                };
                rest.file == file.number && rest.owner != Owner::Process(file.opener) && has_ended
            });
            let held = self.rests.iter().filter(|rest| rest.user == user);
            let held: u64 = held.map(|rest| rest.memory as u64).sum();
            let exceeds = held + memory as u64 > self.limits.bytes_per_user();
            if held > 0 && exceeds && caller.user != ROOT {
                return Err(EDQUOT);
            }
        }
        let len = size.min(line.len());
        let queue = &mut self.registrations[from].queue;
        let message = queue.take(None).ok_or(EAGAIN)?;
        self.settle(from);
        if how.there(len) < len {
            self.put_back(from, message);
            return Err(EFAULT);
        }
        self.totals.add("reads", 1);
        self.rests.push(Rest {
            file: file.number,
            owner,
            user,
            memory,
            line,
        });
        Ok(())
    }

    /// Puts back a message that could not be copied to its reader.
    pub(super) fn put_back(&mut self, from: usize, message: Message) {
        let dropped = self.registrations[from].queue.put_back(message);
        self.totals.add("dropped_overflow", dropped);
        self.settle(from);
    }

    fn rest(&self, file: File, owner: Owner) -> Option<usize> {
        let mut rests = self.rests.iter();
        rests.position(|rest| rest.file == file.number && rest.owner == owner)
    }

    /// Of those whom the file may act for, the first for whom something is left to read.
    fn first_rest(&self, caller: ProcessId, file: File) -> Option<Owner> {
        let mut owners = self.owners(caller, file).into_iter();
        owners.find(|&owner| self.rest(file, owner).is_some())
    }

    /// Readable: a message waits, or the rest of one that can be read. Hang-up: the registration has
    /// ended that the caller has made through the file, or else that of the opener, and there is no
    /// new one; or that of the file, where it acts for itself.
    pub(super) fn poll(&self, caller: ProcessId, file: File) -> Answer {
        let acting = self.acting(caller, file);
        let acting = acting.map(|acting| &self.registrations[acting]);
        let has_rest = match acting {
            _ if self.world.is_records(file) => false,
            Some(of) => self.rest(file, of.owner).is_some(),
            None => self.first_rest(caller, file).is_some(),
        };
        Answer::Events {
            readable: has_rest || acting.is_some_and(|of| of.queue.depth() > 0),
            writable: true,
            hung_up: self.has_hung_up(caller, file, acting),
        }
    }

    fn has_hung_up(&self, caller: ProcessId, file: File, acting: Option<&Registration>) -> bool {
        if self.themselves.contains(&file.number) {
            return acting.is_none();
        }
        let registered = |process| self.registered.contains(&(file.number, process));
        // That of the opener is the last that it has had: made by the file's user, and there after
        // the file had been opened.
        let opener_has_ended = || {
            let mut ended = self.ended.iter().rev();
            let last = ended.find(|of| of.owner == Owner::Process(file.opener));
            last.is_some_and(|of| of.user == file.user && of.last_file >= file.number)
        };
        match acting {
            Some(of) => of.owner != Owner::Process(caller) && registered(caller),
            None => registered(caller) || registered(file.opener) || opener_has_ended(),
        }
    }

    /// Discards what is left to read, and will not be.
    pub(super) fn discard_rests(&mut self, is_over: impl Fn(&World, &Rest) -> bool) {
        let before = self.rests.len();
        self.rests.retain(|rest| !is_over(&self.world, rest));
        self.totals.add("truncated", before - self.rests.len());
    }
}

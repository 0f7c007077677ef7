// SPDX-License-Identifier: GPL-2.0

//! Section 5 of the contract: reading, the rests of messages, and polling.

use nix::errno::Errno::{self, EAGAIN, EDQUOT, EFAULT, ENOENT};

use super::{Model, Rest, ROOT};
use crate::{
    machine::Answer,
    operation::How,
    world::{File, Process, ProcessId, World},
};

impl Model {
    pub(super) fn read(
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
        let process = match acting {
            Some(acting) => self.registrations[acting].process,
            None => self.first_rest(caller.id, file).ok_or(ENOENT)?,
        };
        if self.rest(file, process).is_none() {
            self.begin(caller, file, how, size, acting.ok_or(ENOENT)?)?;
        }
        if how == How::BadMemory {
            return Err(EFAULT);
        }
        let number = self.rest(file, process).ok_or(ENOENT)?;
        let line = &mut self.rests[number].line;
        let read = line.drain(..size.min(line.len())).collect();
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
        let (process, user) = (of.process, of.user);
        let message = of.queue.front().cloned().ok_or(EAGAIN)?;
        if message.line.len() > size {
            // A message that is read in part counts against its reader's share. Those that nobody
            // can read on any more are forgotten before.
            self.discard_rests(|world, rest| {
                let is_alive = world.place(rest.process).is_some();
                rest.file == file.number && rest.process != file.opener && !is_alive
            });
            let held = self.rests.iter().filter(|rest| rest.user == user);
            let held: u64 = held.map(|rest| rest.memory as u64).sum();
            let exceeds = held + message.memory as u64 > self.limits.bytes_per_user();
            if held > 0 && exceeds && caller.user != ROOT {
                return Err(EDQUOT);
            }
        }
        if how == How::BadMemory {
            return Err(EFAULT);
        }
        self.registrations[from].queue.pop_front();
        self.totals.add("reads", 1);
        self.rests.push(Rest {
            file: file.number,
            process,
            user,
            memory: message.memory,
            line: message.line,
        });
        Ok(())
    }

    fn rest(&self, file: File, process: ProcessId) -> Option<usize> {
        let mut rests = self.rests.iter();
        rests.position(|rest| rest.file == file.number && rest.process == process)
    }

    /// Of the caller and the opener, the first for whom something is left to read.
    fn first_rest(&self, caller: ProcessId, file: File) -> Option<ProcessId> {
        let mut processes = [caller, file.opener].into_iter();
        processes.find(|&process| self.rest(file, process).is_some())
    }

    /// Readable: a message, or the rest of one, waits. Hang-up: the registration has ended that the
    /// caller has made through the file, or else that of the opener, and there is no new one.
    pub(super) fn poll(&self, caller: ProcessId, file: File) -> Answer {
        let acting = self
            .acting(caller, file)
            .map(|acting| &self.registrations[acting]);
        let registered = |process| self.registered.contains(&(file.number, process));
        // That of the opener is the last that it has had: made by the file's user, and there after
        // the file had been opened.
        let opener_has_ended = || {
            let mut ended = self.ended.iter().rev();
            let last = ended.find(|of| of.process == file.opener);
            last.is_some_and(|of| of.user == file.user && of.last_file >= file.number)
        };
        let (readable, hung_up) = match acting {
            Some(of) => (
                !of.queue.is_empty() || self.rest(file, of.process).is_some(),
                of.process != caller && registered(caller),
            ),
            None => (
                self.first_rest(caller, file).is_some(),
                registered(caller) || registered(file.opener) || opener_has_ended(),
            ),
        };
        Answer::Events {
            readable,
            writable: true,
            hung_up,
        }
    }

    /// Discards what is left to read, and will not be.
    pub(super) fn discard_rests(&mut self, is_over: impl Fn(&World, &Rest) -> bool) {
        let before = self.rests.len();
        self.rests.retain(|rest| !is_over(&self.world, rest));
        self.totals.add("truncated", before - self.rests.len());
    }
}

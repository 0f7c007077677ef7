// SPDX-License-Identifier: GPL-2.0

//! The processes, their users, and which files each has open: what the kernel keeps, not the driver.
//! Beside that only what one has to know of a file to tell what was read through it: its format.

use std::collections::BTreeSet;

use nix::errno::Errno;

use crate::operation::{Operation, FILES, PROCESSES, STARTS_AS};

/// A process, by a number that no other has or had.
pub type ProcessId = u64;

/// An open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// A number that no other has or had; files opened later have larger ones.
    pub number: u64,
    /// Who opened it.
    pub opener: ProcessId,
    /// The effective user id with which it was opened.
    pub user: u32,
}

/// A process.
#[derive(Clone, Copy)]
pub struct Process {
    /// Which it is.
    pub id: ProcessId,
    /// Its effective user id.
    pub user: u32,
    /// Whether it waits, and does nothing else.
    pub waits: bool,
    files: [Option<File>; FILES],
}

/// The processes, by their places.
pub struct World {
    processes: [Process; PROCESSES],
    last_process: ProcessId,
    last_file: u64,
    /// The files that are in the format of records, by their numbers.
    records: BTreeSet<u64>,
}

impl World {
    /// The processes with which a sequence begins.
    pub fn new() -> Self {
        let nobody = Process {
            id: 0,
            user: 0,
            waits: false,
            files: [None; FILES],
        };
        let mut world = Self {
            processes: [nobody; PROCESSES],
            last_process: 0,
            last_file: 0,
            records: BTreeSet::new(),
        };
        for place in 0..PROCESSES {
            world.restart(place);
        }
        world
    }

    /// The process at a place.
    pub fn process(&self, place: usize) -> Process {
        self.processes[place]
    }

    /// The place of a process, while it lives.
    pub fn place(&self, process: ProcessId) -> Option<usize> {
        self.processes.iter().position(|at| at.id == process)
    }

    /// The process at a place, and a file that it has open.
    ///
    /// # Errors
    ///
    /// `EBADF`.
    pub fn caller(&self, place: usize, file: usize) -> Result<(Process, File), Errno> {
        let process = self.processes[place];
        let file = process.files[file].ok_or(Errno::EBADF)?;
        Ok((process, file))
    }

    /// Whether any process has a file open.
    pub fn is_open(&self, number: u64) -> bool {
        let mut files = self.processes.iter().flat_map(|at| at.files);
        files.any(|file| file.is_some_and(|file| file.number == number))
    }

    /// Whether a file is in the format of records.
    pub fn is_records(&self, file: File) -> bool {
        self.records.contains(&file.number)
    }

    /// Whether any open file is.
    pub fn has_records(&self) -> bool {
        self.records.iter().any(|&number| self.is_open(number))
    }

    /// Takes note of the format that a file has been switched to.
    pub fn set_records(&mut self, file: File, records: bool) {
        if records {
            self.records.insert(file.number);
        } else {
            self.records.remove(&file.number);
        }
    }

    /// Takes note of whether the process at a place waits.
    pub fn set_waits(&mut self, place: usize, waits: bool) {
        self.processes[place].waits = waits;
    }

    /// Whether those who are to do something can.
    ///
    /// # Errors
    ///
    /// `EBUSY`, where one of them waits.
    pub fn demand_free(&self, operation: &Operation) -> Result<(), Errno> {
        let mut actors = operation.actors();
        match actors.any(|place| self.processes[place].waits) {
            true => Err(Errno::EBUSY),
            false => Ok(()),
        }
    }

    /// The number of the file that was opened last.
    pub fn last_file(&self) -> u64 {
        self.last_file
    }

    /// Does an operation as far as it is about processes, users, and which files are open: whatever
    /// the kernel does before the driver comes to know of it. Returns the process that has ended.
    ///
    /// # Errors
    ///
    /// `EBUSY`; `EBADF`.
    pub fn perform(&mut self, operation: &Operation) -> Result<Option<ProcessId>, Errno> {
        self.demand_free(operation)?;
        match *operation {
            Operation::Open { process, file } => self.open(process, file),
            Operation::Close { process, file } => {
                self.caller(process, file)?;
                self.processes[process].files[file] = None;
            }
            Operation::Pass { process, file, to } => {
                let (_, passed) = self.caller(process, file)?;
                self.processes[to].files[file] = Some(passed);
            }
            Operation::Become { process, user } => self.processes[process].user = user,
            Operation::Restart { process } => return Ok(Some(self.restart(process))),
            Operation::Fork { process, child } => return Ok(Some(self.fork(process, child))),
            // The process stays the same, and its files open.
            Operation::Execute { .. } => {}
            Operation::Write { .. }
            | Operation::Read { .. }
            | Operation::Send { .. }
            | Operation::SendWaiting { .. }
            | Operation::Receive { .. }
            | Operation::SetFormat { .. }
            | Operation::Register { .. }
            | Operation::Unregister { .. }
            | Operation::Poll { .. }
            | Operation::Set { .. }
            | Operation::Flush { .. }
            | Operation::Evict { .. } => {}
        }
        Ok(None)
    }

    fn open(&mut self, place: usize, file: usize) {
        self.last_file += 1;
        let process = &mut self.processes[place];
        process.files[file] = Some(File {
            number: self.last_file,
            opener: process.id,
            user: process.user,
        });
    }

    /// Ends a process, and starts another in its place, with the device open at each place of a file.
    fn restart(&mut self, place: usize) -> ProcessId {
        let ended = self.processes[place].id;
        self.last_process += 1;
        self.processes[place] = Process {
            id: self.last_process,
            user: STARTS_AS[place],
            waits: false,
            files: [None; FILES],
        };
        (0..FILES).for_each(|file| self.open(place, file));
        ended
    }

    /// Ends a process, and starts a child of the one at `parent` in its place.
    fn fork(&mut self, parent: usize, place: usize) -> ProcessId {
        let ended = self.processes[place].id;
        self.last_process += 1;
        self.processes[place] = Process {
            id: self.last_process,
            ..self.processes[parent]
        };
        ended
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

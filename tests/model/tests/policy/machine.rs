// SPDX-License-Identifier: GPL-2.0

//! Policy as a machine that can be compared with the model: its parser, limits, quota,
//! registry, queues, records and listing, put together as the driver does it.
//!
//! Polling is no part of policy, and left out. What policy does not hold, such as the rests of
//! messages, is kept here as simply as can be.

use std::collections::{BTreeMap, BTreeSet};

use mq_model::{
    limits::{Parameter, PARAMETERS},
    world::{File, ProcessId, World},
    Answer, Bytes, Machine, Operation, Outcome, Row, Totals,
};
use mq_policy::{
    hash_index::HashSeed,
    limits,
    line::Ticket,
    listing,
    name::Name,
    quota::{Quota, QuotaLimits},
    refusal::Refusal,
    registry::{Handle, Registry, Walk},
};
use nix::errno::Errno;

use super::registration::{count, Heap, Message, Registration};

/// Policy, put together.
pub struct Policy {
    pub values: [u32; PARAMETERS.len()],
    pub world: World,
    pub registry: Registry<Registration, Heap>,
    pub quotas: BTreeMap<u32, Quota>,
    /// The files that act for themselves.
    pub themselves: BTreeSet<u64>,
    /// By file and owner: what is left, its memory, and whose quota it counts against.
    pub rests: BTreeMap<(u64, u64), (Message, u32)>,
    /// Those who wait: for room in which queue, and at which place of its line.
    pub tickets: BTreeMap<ProcessId, (Handle, Ticket)>,
    /// Those who wait no longer, and of whom that has not been said.
    pub over: Vec<(usize, Outcome)>,
    /// But for the counters of queues that are there.
    pub totals: Totals,
}

/// As whom the registry knows an open file. Processes have smaller numbers.
pub fn file_key(file: u64) -> u64 {
    file | 1 << 63
}

impl Policy {
    pub fn new() -> Self {
        Self {
            values: PARAMETERS.map(|(.., value)| value),
            world: World::new(),
            registry: Registry::new(HashSeed::new(1, 2)),
            quotas: BTreeMap::new(),
            themselves: BTreeSet::new(),
            rests: BTreeMap::new(),
            tickets: BTreeMap::new(),
            over: Vec::new(),
            totals: Totals::default(),
        }
    }

    pub fn value(&self, parameter: Parameter) -> u32 {
        self.values[parameter as usize]
    }

    /// What binds a user, unless it is root.
    pub fn limits_of(&self, user: u32) -> Option<QuotaLimits> {
        let registrations = limits::user_registrations(
            self.value(Parameter::MaxDevices),
            self.value(Parameter::MaxPerUser),
        );
        // With as much memory as the machine would have to have for it never to decide.
        let bytes = limits::user_bytes(self.value(Parameter::MaxBytesPerUser), u64::MAX);
        (user != 0).then_some(QuotaLimits {
            registrations,
            bytes,
        })
    }

    /// For whom a file may act.
    pub fn owners(&self, caller: ProcessId, file: File) -> [u64; 2] {
        if self.themselves.contains(&file.number) {
            return [file_key(file.number); 2];
        }
        [caller, file.opener]
    }

    pub fn acting(&self, caller: ProcessId, file: File) -> Option<Handle> {
        self.owners(caller, file).into_iter().find_map(|owner| {
            let handle = self.registry.by_owner(owner)?;
            (self.registry.get(handle)?.user == file.user).then_some(handle)
        })
    }

    pub fn at(&mut self, handle: Handle) -> &mut Registration {
        self.registry.get_mut(handle).expect("it is there")
    }

    /// All that are registered, in order.
    pub fn handles(&self) -> Vec<Handle> {
        let (mut place, mut all) = (Handle::START, Vec::new());
        loop {
            match self.registry.walk(place, place.sequence()) {
                Walk::Found(found, _) => {
                    place = found;
                    all.push(found);
                }
                Walk::Pause(near) => place = near,
                Walk::End => return all,
            }
        }
    }

    fn named(&self, name: &Bytes) -> Result<Handle, Errno> {
        let name = Name::new(&name.0).ok();
        let found = name.and_then(|name| self.registry.by_name(name));
        found.ok_or(number(Refusal::NoSuchName))
    }

    /// Does what is no business of the kernel's alone.
    fn carry_out_any(&mut self, operation: &Operation) -> Outcome {
        let done = |()| Answer::Done;
        match *operation {
            Operation::Open { .. }
            | Operation::Close { .. }
            | Operation::Pass { .. }
            | Operation::Fork { .. }
            | Operation::Execute { .. }
            | Operation::Become { .. }
            | Operation::Restart { .. } => Ok(Answer::Done),
            Operation::Write {
                process,
                file,
                how,
                ref bytes,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                self.write(caller, file, how, &bytes.0).map(Answer::Written)
            }
            Operation::Send {
                process,
                file,
                how,
                ref records,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let bytes = records.to_bytes();
                self.write(caller, file, how, &bytes).map(Answer::Written)
            }
            Operation::SendWaiting {
                process,
                file,
                ref record,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                self.send_waiting(caller, file, record)
            }
            Operation::Read {
                process,
                file,
                how,
                size,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                if self.world.is_records(file) {
                    let read = self.read_records(caller, file, how, size);
                    return read.map(Answer::Records);
                }
                let read = self.read(caller, file, how, size);
                read.map(|read| Answer::Bytes(Bytes(read)))
            }
            Operation::Receive {
                process,
                file,
                how,
                size,
                peek,
                ref from,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let received = self.receive(caller, file, how, size, peek, &from.0);
                received.map(Answer::Records)
            }
            Operation::SetFormat {
                process,
                file,
                format,
                flags,
            } => {
                let (_, file) = self.world.caller(process, file)?;
                self.set_format(file, format, flags).map(done)
            }
            Operation::Register {
                process,
                file,
                ref name,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let registered = self.register_by(caller, file, &name.0);
                registered.map(done).map_err(number)
            }
            Operation::Unregister { process, file } => {
                let (caller, file) = self.world.caller(process, file)?;
                self.unregister_file(caller, file).map(done).map_err(number)
            }
            Operation::Poll { .. } => unreachable!("it does not"),
            Operation::Set { parameter, value } => {
                let of = limits::PARAMETERS[parameter as usize];
                assert_eq!(of.attribute, parameter.attribute());
                let value = of.parse(value.to_string().as_bytes());
                self.values[parameter as usize] = value.map_err(|_| Errno::EINVAL)?;
                Ok(Answer::Done)
            }
            Operation::Flush { ref name } => {
                let all = if name.0 == b"*" {
                    self.handles()
                } else {
                    vec![self.named(name)?]
                };
                for handle in all {
                    while self.at(handle).queue.discard().is_some() {}
                    self.settle(handle);
                }
                Ok(Answer::Done)
            }
            Operation::Evict { ref name } => {
                let handle = self.named(name)?;
                self.end(handle);
                Ok(Answer::Done)
            }
        }
    }
}

/// The number for a reason, as in the driver's `errors.rs`.
pub fn number(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::TooLong | Refusal::TooLarge | Refusal::NoRoom => Errno::EMSGSIZE,
        Refusal::NoCommand | Refusal::BadName => Errno::EINVAL,
        Refusal::BadRecord | Refusal::BadRequest => Errno::EINVAL,
        Refusal::NoRequest => Errno::ENOTTY,
        Refusal::HalfRead => Errno::EBUSY,
        Refusal::AlreadyRegistered | Refusal::NameTaken => Errno::EEXIST,
        Refusal::TableFull => Errno::ENOSPC,
        Refusal::RegistrationsExceeded | Refusal::BytesExceeded => Errno::EDQUOT,
        Refusal::NotRegistered | Refusal::NoSuchName => Errno::ENOENT,
        Refusal::SenderNotRegistered => Errno::EACCES,
        Refusal::NotYours | Refusal::ForeignFile => Errno::EPERM,
    }
}

impl Machine for Policy {
    fn does(&self, operation: &Operation) -> bool {
        !matches!(operation, Operation::Poll { .. })
    }

    fn perform(&mut self, operation: &Operation) -> Outcome {
        if let Some(ended) = self.world.perform(operation)? {
            self.process_ended(ended);
        }
        self.end_with_files();
        let outcome = self.carry_out_any(operation);
        if operation.is_call() {
            return self.totals.note(outcome);
        }
        outcome
    }

    fn over(&mut self, _awaited: &[(usize, Outcome)]) -> Vec<(usize, Outcome)> {
        let mut over = std::mem::take(&mut self.over);
        over.sort_by_key(|(place, _)| *place);
        over
    }

    fn rows(&mut self) -> Vec<Row> {
        let registrations = self
            .handles()
            .into_iter()
            .filter_map(|handle| self.registry.get(handle));
        let rows = registrations.map(|of| {
            let stats = of.queue.stats();
            let has_exited = self.world.place(of.maker).is_none();
            let line = listing::Line::of(
                of.name,
                listing::Row {
                    pid: if has_exited { 0 } else { of.maker },
                    uid: of.user.into(),
                    depth: of.queue.depth() as u64,
                    len: of.queue.capacity() as u64,
                    sent: of.sent,
                    received: stats.received,
                    dropped: stats.dropped(),
                    bytes: of.queue.bytes() as u64,
                    waiting: of.queue.waiting() as u64,
                },
            );
            let line = String::from_utf8(line.as_ref().to_vec()).expect("text");
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |word: usize| words[word].parse().expect("a number");
            Row {
                name: words[0].to_owned(),
                process: self.world.place(number(1)),
                user: number(2) as u32,
                depth: number(3),
                len: number(4),
                sent: number(5),
                received: number(6),
                dropped: number(7),
                bytes: number(8),
                waiting: number(9),
            }
        });
        rows.collect()
    }

    fn totals(&mut self, _awaited: &Totals) -> Totals {
        let mut totals = self.totals;
        for handle in self.handles() {
            count(&mut totals, &self.at(handle).queue);
        }
        totals
    }
}

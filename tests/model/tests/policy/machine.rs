// SPDX-License-Identifier: GPL-2.0

//! Policy as a machine that can be compared with the model: its parser, limits, quota,
//! registry, queues and listing, put together as the driver does it.
//!
//! Polling is no part of policy, and left out. What policy does not hold, such as the rests of
//! messages, is kept here as simply as can be.

use std::collections::BTreeMap;

use mq_model::{
    limits::{Parameter, PARAMETERS},
    world::{File, Process, ProcessId, World},
    Answer, Bytes, How, Machine, Operation, Outcome, Row, Totals,
};
use mq_policy::{
    command::{self, Command, TRAILER_MAX},
    hash_index::HashSeed,
    limits, listing,
    message::{self, AFTER, BEFORE},
    name::Name,
    queue::Queue,
    quota::{Exceeded, Quota, QuotaLimits},
    refusal::Refusal,
    registry::{Applicant, Denied, Growth, Handle, Limits, Registry, Walk},
    segments,
    storage::Storage,
};
use nix::errno::Errno;

use super::registration::{count, deliver, Heap, Message, Registration};

/// Policy, put together.
pub struct Policy {
    values: [u32; PARAMETERS.len()],
    pub world: World,
    registry: Registry<Registration, Heap>,
    pub quotas: BTreeMap<u32, Quota>,
    /// By file and process: what is left, its memory, and whose quota it counts against.
    pub rests: BTreeMap<(u64, ProcessId), (Message, u32)>,
    /// But for the counters of queues that are there.
    pub totals: Totals,
}

impl Policy {
    pub fn new() -> Self {
        Self {
            values: PARAMETERS.map(|(.., value)| value),
            world: World::new(),
            registry: Registry::new(HashSeed::new(1, 2)),
            quotas: BTreeMap::new(),
            rests: BTreeMap::new(),
            totals: Totals::default(),
        }
    }

    fn value(&self, parameter: Parameter) -> u32 {
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

    pub fn acting(&self, caller: ProcessId, file: File) -> Option<Handle> {
        [caller, file.opener].into_iter().find_map(|process| {
            let handle = self.registry.by_owner(process)?;
            (self.registry.get(handle)?.user == file.user).then_some(handle)
        })
    }

    pub fn at(&mut self, handle: Handle) -> &mut Registration {
        self.registry.get_mut(handle).expect("it is there")
    }

    /// All that are registered, in order.
    fn handles(&self) -> Vec<Handle> {
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

    fn write(
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
        if how == How::BadMemory && !written.is_empty() {
            return Err(Errno::EFAULT);
        }
        let command = &written[..command::length(written)];
        if command.len() > max {
            return Err(number(Refusal::TooLong));
        }
        let memory = segments::memory(BEFORE + written.len() + AFTER);
        match command::parse(command).map_err(number)? {
            Command::Send { to, text_at } => {
                let sender = self.acting(caller.id, file);
                let sender = sender.ok_or(number(Refusal::SenderNotRegistered))?;
                let to = to.and_then(|to| self.registry.by_name(to));
                let to = to.ok_or(number(Refusal::NoSuchName))?;
                let message = self.message(sender, command, text_at, memory);
                if !deliver(&mut self.at(to).queue, message) {
                    return Err(number(Refusal::TooLarge));
                }
                self.at(sender).sent += 1;
                self.totals.add("sends", 1);
            }
            Command::Broadcast { text_at } => {
                let sender = self.acting(caller.id, file);
                let sender = sender.ok_or(number(Refusal::SenderNotRegistered))?;
                for to in self.handles() {
                    let message = self.message(sender, command, text_at, memory);
                    if to != sender && !deliver(&mut self.at(to).queue, message) {
                        self.at(to).queue.count_too_large();
                    }
                }
                self.at(sender).sent += 1;
                self.totals.add("broadcasts", 1);
            }
            _ if how == How::WithoutSleep => return Err(Errno::EAGAIN),
            Command::Register(name) => self.register(caller, file, name).map_err(number)?,
            Command::Unregister => {
                let own = self.acting(caller.id, file);
                self.end(own.ok_or(number(Refusal::NotRegistered))?);
            }
            Command::UnregisterAs(name) => {
                let own = self.acting(caller.id, file);
                let own = own.ok_or(number(Refusal::NotRegistered))?;
                if Some(self.at(own).name) != name {
                    return Err(number(Refusal::NotYours));
                }
                self.end(own);
            }
        }
        Ok(())
    }

    fn message(
        &mut self,
        sender: Handle,
        command: &[u8],
        text_at: usize,
        memory: usize,
    ) -> Message {
        let mut buffer = [&[0; BEFORE], command, &[0; AFTER]].concat();
        let line = message::stamp(
            &mut buffer,
            &self.at(sender).name.into(),
            text_at,
            command.len(),
        );
        buffer[line.end - 1] = b'\n';
        Message {
            line: buffer[line.start.into()..line.end].to_vec(),
            memory,
            sequence: 0,
        }
    }

    fn register(&mut self, caller: Process, file: File, name: Name) -> Result<(), Refusal> {
        if caller.user != file.user {
            return Err(Refusal::ForeignFile);
        }
        if let Some(chunk) = self.registry.needs_growth() {
            let Ok(growth) = Growth::new(chunk);
            assert!(self.registry.grow(growth).is_none());
        }
        let [_, len, size, _, bytes, _] = self.values;
        let bytes = limits::queue_bytes(bytes, len, size);
        let slots = limits::slots(len, bytes);
        let reservation = limits::reservation(bytes, slots);
        let applicant = Applicant {
            name,
            owner: caller.id,
            user: caller.user.into(),
        };
        let limits = Limits {
            max: self.value(Parameter::MaxDevices) as usize,
            dying: 0,
        };
        let quota_limits = self.limits_of(caller.user);
        let quota = self.quotas.entry(caller.user).or_default();
        let charge = || {
            quota
                .register(reservation, quota_limits)
                .map_err(|exceeded| match exceeded {
                    Exceeded::Registrations => Refusal::RegistrationsExceeded,
                    Exceeded::Bytes => Refusal::BytesExceeded,
                })
        };
        let reserved = self.registry.reserve(applicant, limits, charge);
        let reserved = reserved.map_err(|Denied { refusal, .. }| refusal)?;
        if let Some(replaced) = reserved.replaces {
            self.end(replaced);
        }
        let Ok(slots) = Heap::array(slots, || None);
        let registration = Registration {
            name,
            process: caller.id,
            user: caller.user,
            reservation,
            queue: Queue::new(slots, len as usize, bytes),
            sent: 0,
        };
        self.registry.install(reserved.handle, registration);
        Ok(())
    }

    fn end(&mut self, handle: Handle) {
        let mut of = self.registry.remove(handle).expect("it is there");
        of.queue.close();
        while of.queue.discard().is_some() {}
        count(&mut self.totals, &of.queue);
        let quota = self.quotas.get_mut(&of.user).expect("counted before");
        quota.unregister(of.reservation);
    }

    fn process_ended(&mut self, process: ProcessId) {
        if let Some(handle) = self.registry.by_owner(process) {
            self.end(handle);
        }
    }

    fn named(&self, name: &Bytes) -> Result<Handle, Errno> {
        let name = Name::new(&name.0).ok();
        let found = name.and_then(|name| self.registry.by_name(name));
        found.ok_or(number(Refusal::NoSuchName))
    }
}

/// The number for a reason, as in the driver's `errors.rs`.
pub fn number(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::TooLong | Refusal::TooLarge => Errno::EMSGSIZE,
        Refusal::NoCommand | Refusal::BadName => Errno::EINVAL,
        Refusal::AlreadyRegistered | Refusal::NameTaken => Errno::EEXIST,
        Refusal::TableFull => Errno::ENOSPC,
        Refusal::RegistrationsExceeded | Refusal::BytesExceeded => Errno::EDQUOT,
        Refusal::NotRegistered | Refusal::NoSuchName => Errno::ENOENT,
        Refusal::SenderNotRegistered => Errno::EACCES,
        Refusal::NotYours | Refusal::ForeignFile => Errno::EPERM,
        // Of records and requests, which are not in the model.
        other => panic!("{other:?}"),
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
        match *operation {
            Operation::Open { .. }
            | Operation::Close { .. }
            | Operation::Pass { .. }
            | Operation::Fork { .. }
            | Operation::Execute { .. }
            | Operation::Become { .. }
            | Operation::Restart { .. } => {}
            Operation::Write {
                process,
                file,
                how,
                ref bytes,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let outcome = self.write(caller, file, how, &bytes.0);
                self.totals.note(outcome)?;
            }
            Operation::Read {
                process,
                file,
                how,
                size,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let outcome = self.read(caller, file, how, size);
                return self
                    .totals
                    .note(outcome)
                    .map(|read| Answer::Bytes(Bytes(read)));
            }
            Operation::Poll { .. } => unreachable!("it does not"),
            Operation::Set { parameter, value } => {
                let of = limits::PARAMETERS[parameter as usize];
                assert_eq!(of.attribute, parameter.attribute());
                let value = of.parse(value.to_string().as_bytes());
                self.values[parameter as usize] = value.map_err(|_| Errno::EINVAL)?;
            }
            Operation::Flush { ref name } => {
                let all = if name.0 == b"*" {
                    self.handles()
                } else {
                    vec![self.named(name)?]
                };
                for handle in all {
                    while self.at(handle).queue.discard().is_some() {}
                }
            }
            Operation::Evict { ref name } => {
                let handle = self.named(name)?;
                self.end(handle);
            }
        }
        self.forget_rests(|world, (number, _)| !world.is_open(number));
        Ok(Answer::Done)
    }

    fn rows(&mut self) -> Vec<Row> {
        let registrations = self
            .handles()
            .into_iter()
            .filter_map(|handle| self.registry.get(handle));
        let rows = registrations.map(|of| {
            let stats = of.queue.stats();
            let line = listing::Line::of(
                of.name,
                listing::Row {
                    pid: of.process,
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
                process: self.world.place(number(1)).expect("its process lives"),
                user: number(2) as u32,
                depth: number(3),
                len: number(4),
                sent: number(5),
                received: number(6),
                dropped: number(7),
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

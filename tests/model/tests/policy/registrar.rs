// SPDX-License-Identifier: GPL-2.0

//! How registrations begin and end, of processes and of files.

use mq_model::{
    limits::Parameter,
    records::padded,
    world::{File, Process, ProcessId},
};
use mq_policy::{
    limits,
    name::{Name, Word},
    queue::Queue,
    quota::Exceeded,
    refusal::Refusal,
    registry::{Applicant, Denied, Growth, Handle, Limits},
    storage::Storage,
};

use super::{
    machine::{file_key, Policy},
    registration::{count, Heap, Registration},
};

impl Policy {
    /// `/reg`.
    pub fn register(&mut self, caller: Process, file: File, name: Name) -> Result<(), Refusal> {
        if self.themselves.contains(&file.number) {
            return self.register_as(file_key(file.number), caller, file, name);
        }
        self.register_as(caller.id, caller, file, name)
    }

    /// `MQ_IOC_REGISTER`.
    pub fn register_by(&mut self, caller: Process, file: File, name: &[u8]) -> Result<(), Refusal> {
        let name = Word::padded(padded(name)).name().ok_or(Refusal::BadName)?;
        self.register_as(file_key(file.number), caller, file, name)?;
        self.themselves.insert(file.number);
        Ok(())
    }

    fn register_as(
        &mut self,
        owner: u64,
        caller: Process,
        file: File,
        name: Name,
    ) -> Result<(), Refusal> {
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
            owner,
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
            owner,
            maker: caller.id,
            user: caller.user,
            reservation,
            queue: Queue::new(slots, len as usize, bytes),
            told: 0,
            sent: 0,
        };
        self.registry.install(reserved.handle, registration);
        Ok(())
    }

    /// Ends the registration that a file acts for, if that is of a name that will do.
    pub fn unregister(
        &mut self,
        caller: Process,
        file: File,
        is_meant: impl FnOnce(Name) -> bool,
    ) -> Result<(), Refusal> {
        let own = self.acting(caller.id, file);
        let own = own.ok_or(Refusal::NotRegistered)?;
        if !is_meant(self.at(own).name) {
            return Err(Refusal::NotYours);
        }
        self.end(own);
        Ok(())
    }

    /// `MQ_IOC_UNREGISTER`.
    pub fn unregister_file(&mut self, caller: Process, file: File) -> Result<(), Refusal> {
        if !self.themselves.contains(&file.number) {
            return Err(Refusal::NotRegistered);
        }
        self.unregister(caller, file, |_| true)
    }

    pub fn end(&mut self, handle: Handle) {
        let mut of = self.registry.remove(handle).expect("it is there");
        of.queue.close();
        self.refuse_all(&mut of);
        while of.queue.discard().is_some() {}
        count(&mut self.totals, &of.queue);
        let quota = self.quotas.get_mut(&of.user).expect("counted before");
        quota.unregister(of.reservation);
    }

    pub fn process_ended(&mut self, process: ProcessId) {
        self.leave(process);
        if let Some(handle) = self.registry.by_owner(process) {
            self.end(handle);
        }
    }

    /// Ends what belongs to files that nobody has open any more.
    pub fn end_with_files(&mut self) {
        let closed = self.themselves.iter();
        let closed = closed.filter(|&&file| !self.world.is_open(file));
        for file in closed.copied().collect::<Vec<_>>() {
            self.themselves.remove(&file);
            if let Some(handle) = self.registry.by_owner(file_key(file)) {
                self.end(handle);
            }
        }
        self.forget_rests(|world, (file, _)| !world.is_open(file));
    }
}

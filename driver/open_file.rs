// SPDX-License-Identifier: GPL-2.0

//! An open `/dev/mq`: what writing, reading and polling it do.

use crate::{
    errors::{
        self,
        Failure, //
    },
    ffi::{
        attribute::Group,
        device::OpenFile,
        poll_queue::Poll,
        process_id::{
            self,
            ProcessId, //
        },
        user_memory::{
            Destination,
            Source, //
        },
        wait_queue::{
            PollMask,
            Wake, //
        }, //
    },
    identity::Identity,
    message::CommandBuffer,
    partial_reads::PartialReads,
    policy::{
        command::Command,
        name::{
            Name,
            Word, //
        },
        refusal::Refusal, //
    },
    pollers::Pollers,
    process::Process,
    reader::Reader,
    registrar::Registrar,
    registration::Registration,
    sender::{
        Receivers,
        Sender, //
    },
    sysfs, //
};
use kernel::{
    fs::File,
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::{
        rcu,
        Arc, //
    },
    task::Kuid, //
};

/// An open file of the device.
#[pin_data]
pub(crate) struct MqFile {
    registrar: Arc<Registrar>,
    identity: Identity,
    receivers: Receivers,
    #[pin]
    partial_reads: PartialReads,
    #[pin]
    pollers: Pollers,
}

impl MqFile {
    #[inline(always)]
    fn sender(&self) -> Sender<'_> {
        Sender {
            registrar: &self.registrar,
            identity: &self.identity,
            receivers: &self.receivers,
        }
    }

    #[inline(always)]
    fn reader(&self) -> Reader<'_> {
        Reader {
            registrar: &self.registrar,
            identity: &self.identity,
            partial_reads: &self.partial_reads,
        }
    }

    fn acting_for(&self, caller: usize) -> Option<Arc<Registration>> {
        let guard = rcu::read_lock();
        let directory = &self.registrar.directory;
        let acting = self.identity.acting_for(caller, directory, &guard);
        acting.map(Arc::from)
    }

    #[inline(always)]
    fn carry_out(&self, from: impl Source, nowait: bool) -> Result<(), Failure> {
        let max = self.registrar.settings.cmd_buf_size.get() as usize;
        let buffer = CommandBuffer::copy_in(from, max, nowait)?;
        match buffer.plain_send() {
            Some((to, text_at)) => Ok(self.sender().send(buffer, to, text_at)?),
            None => self.carry_out_any(buffer, nowait),
        }
    }

    #[inline(never)]
    fn carry_out_any(&self, buffer: CommandBuffer, nowait: bool) -> Result<(), Failure> {
        match buffer.command()? {
            Command::Send { to, text_at } => {
                let to = to.map_or(Word::NONE, Word::from);
                Ok(self.sender().send(buffer, to, text_at)?)
            }
            Command::Broadcast { text_at } => Ok(self.sender().broadcast(buffer, text_at)?),
            // Both sleep for files in sysfs.
            _ if nowait => Err(EAGAIN.into()),
            Command::Register(name) => self.register(name),
            Command::Unregister => self.unregister(|_| true),
            Command::UnregisterAs(name) => self.unregister(|own| Some(own) == name),
        }
    }

    fn register(&self, name: Name) -> Result<(), Failure> {
        if Kuid::current_euid() != self.identity.user() {
            return Err(Refusal::ForeignFile.into());
        }
        // Before there can be a message, so that nobody misses it.
        let caller = Process::current(&self.registrar.processes)?;
        self.pollers.add(self.identity.opener(), &caller)?;
        Registrar::register(&self.registrar, name)?;
        // Not before: who polls would take it for one that has ended. If it has already, who polled
        // before this has not been told.
        self.pollers.note_registered(caller.pid().key());
        if !caller.is_registered_as(self.identity.user_key()) {
            caller.waiters().wake(Wake::All, PollMask::HANG_UP);
        }
        Ok(())
    }

    fn unregister(&self, named: impl FnOnce(Name) -> bool) -> Result<(), Failure> {
        let registration = self
            .acting_for(ProcessId::current_key())
            .ok_or(Refusal::NotRegistered)?;
        if !named(registration.name()) {
            return Err(Refusal::NotYours.into());
        }
        if !self.registrar.end(&registration) {
            return Err(Refusal::NotRegistered.into());
        }
        Ok(())
    }

    /// Counts and logs a failure, and gives its number.
    #[cold]
    #[inline(never)]
    fn note(&self, failure: Failure) -> Error {
        let error = match failure {
            Failure::Refused(refusal) => {
                self.registrar.log.note_refusal(refusal);
                errors::number(refusal)
            }
            Failure::Failed(error) => error,
        };
        self.registrar.stats.count_error(error);
        error
    }

    /// How things are for a process that polls.
    fn readiness(&self, caller: usize) -> PollMask {
        let acting = self.acting_for(caller);
        let readable = match &acting {
            Some(of) => of.has_message() || self.partial_reads.left(of.owner()) > 0,
            None => {
                let processes = self.identity.processes_for(caller);
                self.partial_reads.first_of(processes).is_some()
            }
        };
        let mut mask = PollMask::WRITABLE;
        if readable {
            mask = mask.and(PollMask::READABLE);
        }
        if self.has_hung_up(caller, acting.as_deref()) {
            mask = mask.and(PollMask::HANG_UP);
        }
        mask
    }

    /// Whether a process is told that a registration has ended: its own that it made through the
    /// file, or else that of the opener.
    fn has_hung_up(&self, caller: usize, acting: Option<&Registration>) -> bool {
        let opener = self.identity.opener();
        match acting {
            Some(of) if of.owner() == caller => false,
            Some(_) => self.pollers.has_registered(caller),
            None => {
                self.identity.opener_has_ended()
                    || self.pollers.has_registered(opener.pid().key())
                    || self.pollers.has_registered(caller)
            }
        }
    }
}

impl OpenFile for MqFile {
    type Device = Arc<Registrar>;

    fn groups() -> &'static [Group<Arc<Registrar>>] {
        &sysfs::GROUPS
    }

    fn open(registrar: &Arc<Registrar>, file: &File) -> Result<impl PinInit<Self, Error>> {
        let opener = Process::current(&registrar.processes)?;
        let identity = Identity::new(opener, file.cred().euid());
        let registrar = registrar.clone();
        Ok(try_pin_init!(Self {
            pollers <- Pollers::new(identity.user_key()),
            partial_reads <- PartialReads::new(registrar.clone()),
            receivers: Receivers::new(),
            registrar,
            identity,
        }? Error))
    }

    #[inline(always)]
    fn write(&self, from: impl Source, nowait: bool) -> Result<usize> {
        let written = from.len();
        match self.carry_out(from, nowait) {
            Ok(()) => Ok(written),
            Err(failure) => Err(self.note(failure)),
        }
    }

    #[inline(always)]
    fn read(&self, to: impl Destination, nowait: bool) -> Result<usize> {
        self.reader()
            .read(to, nowait)
            .map_err(|failure| self.note(failure))
    }

    fn poll(&self, poll: &Poll<'_>) -> Result<PollMask> {
        if poll.registers() {
            let caller = Process::current(&self.registrar.processes)?;
            self.pollers
                .poll(self.identity.opener(), &caller, |queue| poll.wait_on(queue))?;
        }
        if poll.registers() || !process_id::current_is_kernel_thread() {
            return Ok(self.readiness(ProcessId::current_key()));
        }
        // Linux AIO looks again in a kernel thread and does not say for whom. So it is told what
        // holds for any process that polls, or it would wait on with a message there.
        let mut mask = PollMask::WRITABLE;
        let mut from = 0;
        while let Some((process, polls)) = self.pollers.next_from(from) {
            if polls {
                mask = mask.and(self.readiness(process));
            }
            from = process + 1;
        }
        Ok(mask)
    }

    fn show_fdinfo(&self, m: &SeqFile) {
        let opener = self.identity.opener().pid();
        let registered = {
            let guard = rcu::read_lock();
            let registration = self.identity.of_opener(&self.registrar.directory, &guard);
            registration.map(|registration| registration.name())
        };
        match registered {
            Some(name) => seq_print!(m, "mq-name:\t{}\n", name.as_str()),
            None => seq_print!(m, "mq-name:\t-\n"),
        }
        seq_print!(m, "mq-opener:\t{}\n", opener.vnr());
        let rest = self.partial_reads.left(opener.key());
        seq_print!(m, "mq-rest:\t{rest}\n");
    }
}

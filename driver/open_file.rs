// SPDX-License-Identifier: GPL-2.0

//! An open `/dev/mq`: what writing, reading and polling it do.

use crate::{
    errors::{
        self,
        Failure, //
    },
    ffi::{
        attribute::Group,
        buffer::Buffer,
        device::{
            OpenFile,
            Outcome, //
        },
        poll_queue::Poll,
        process_id::{
            self,
            ProcessId, //
        },
        user_memory::{
            Argument,
            Destination,
            Source,
            UserRange, //
        },
        wait_queue::{
            PollMask,
            Wake, //
        }, //
    },
    format::FileFormat,
    identity::Identity,
    message::CommandBuffer,
    partial_reads::PartialReads,
    policy::{
        command::Command,
        name::{
            Name,
            Word, //
        },
        records::Wanted,
        refusal::Refusal,
        uapi::{
            self,
            Format,
            Receive,
            Request, //
        }, //
    },
    pollers::Pollers,
    process::Process,
    reader::Reader,
    record_reader::RecordReader,
    record_sender::{
        write_one,
        RecordSender,
        Rest, //
    },
    registrar::Registrar,
    registration::Registration,
    sender::{
        Receivers,
        Sender, //
    },
    sysfs, //
};
use kernel::{
    fs::{
        file::flags::O_NONBLOCK,
        File, //
    },
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
#[pin_data(PinnedDrop)]
pub(crate) struct MqFile {
    registrar: Arc<Registrar>,
    identity: Identity,
    receivers: Receivers,
    #[pin]
    partial_reads: PartialReads,
    #[pin]
    pollers: Pollers,
    format: FileFormat,
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

    /// Looks up the time that a message says it was sent.
    #[inline(always)]
    fn now(&self) -> impl FnOnce() -> u64 + use<'_> {
        || self.registrar.timing.now()
    }

    #[inline(always)]
    fn reader(&self) -> Reader<'_> {
        Reader {
            registrar: &self.registrar,
            identity: &self.identity,
            partial_reads: &self.partial_reads,
        }
    }

    fn record_reader(&self) -> RecordReader<'_> {
        RecordReader {
            registrar: &self.registrar,
            identity: &self.identity,
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
            Some((to, text_at)) => Ok(self.sender().send(buffer, to, text_at, self.now())?),
            None => {
                let (buffer, len) = buffer.into_parts();
                self.carry_out_any(buffer, len, nowait)
            }
        }
    }

    /// Takes the buffer in two parts, so that it stays in registers where this is not called.
    #[inline(never)]
    fn carry_out_any(&self, buffer: Buffer, len: usize, nowait: bool) -> Result<(), Failure> {
        let buffer = CommandBuffer::from_parts(buffer, len);
        match buffer.command()? {
            Command::Send { to, text_at } => {
                let to = to.map_or(Word::NONE, Word::from);
                Ok(self.sender().send(buffer, to, text_at, self.now())?)
            }
            Command::Broadcast { text_at } => {
                let now = self.now()();
                Ok(self.sender().broadcast(buffer, text_at, 0, now)?)
            }
            // Both sleep for files in sysfs.
            _ if nowait => Err(EAGAIN.into()),
            Command::Register(name) => self.register(name),
            Command::Unregister => self.unregister(|_| true),
            Command::UnregisterAs(name) => self.unregister(|own| Some(own) == name),
        }
    }

    fn register(&self, name: Name) -> Result<(), Failure> {
        if self.identity.itself().is_some() {
            return self.register_file(name);
        }
        self.may_register()?;
        // Before there can be a message, so that nobody misses it.
        let caller = Process::current(&self.registrar.processes)?;
        self.pollers.add(self.identity.opener(), &caller)?;
        Registrar::register(&self.registrar, name, caller.clone())?;
        // Not before: who polls would take it for one that has ended. If it has already, who polled
        // before this has not been told.
        self.pollers.note_registered(caller.key());
        if !caller.is_registered_as(self.identity.user_key()) {
            caller.waiters().wake(Wake::All, PollMask::HANG_UP);
        }
        Ok(())
    }

    /// Registers the file itself, which acts for nobody else from then on.
    fn register_file(&self, name: Name) -> Result<(), Failure> {
        self.may_register()?;
        let file = Process::of_file(&self.registrar.processes, self.identity.file_key())?;
        self.pollers.add(self.identity.opener(), &file)?;
        Registrar::register(&self.registrar, name, file.clone())?;
        self.identity.act_for_itself(file);
        self.pollers.act_for_file();
        Ok(())
    }

    /// Ends the registration of the file itself.
    fn unregister_file(&self) -> Result<(), Failure> {
        match self.identity.itself() {
            Some(_) => self.unregister(|_| true),
            None => Err(Refusal::NotRegistered.into()),
        }
    }

    fn may_register(&self) -> Result<(), Refusal> {
        if Kuid::current_euid() == self.identity.user() {
            Ok(())
        } else {
            Err(Refusal::ForeignFile)
        }
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

    #[inline(never)]
    fn write_records(&self, from: impl Source, file: &File, nowait: bool) -> Outcome {
        let text_max = self.registrar.settings.cmd_buf_size.get() as usize;
        let now = self.registrar.timing.now();
        let carry_out = move |rest| self.write_any_records(rest, now, file, nowait);
        match write_one(self.sender(), from, text_max, now, nowait, carry_out) {
            Ok(written) => Ok(written).into(),
            Err(failure) => self.fail(failure),
        }
    }

    #[inline(never)]
    fn write_any_records(
        &self,
        rest: Rest<impl Source>,
        now: u64,
        file: &File,
        nowait: bool,
    ) -> Result<usize, Failure> {
        let sender = RecordSender {
            waits: !nowait && file.flags() & O_NONBLOCK == 0,
            now,
            sender: self.sender(),
            text_max: self.registrar.settings.cmd_buf_size.get() as usize,
        };
        sender.write(rest, nowait)
    }

    #[inline(never)]
    fn read_records(&self, to: impl Destination, nowait: bool) -> Outcome {
        match self.record_reader().read(to, nowait) {
            Ok(read) => Ok(read).into(),
            Err(failure) => self.fail(failure),
        }
    }

    fn set_format(&self, argument: Argument) -> Result<usize, Failure> {
        let format = Format::from_bytes(&argument.read(Format::SIZE)?);
        self.format.set(format, &self.partial_reads)?;
        Ok(0)
    }

    fn register_by(&self, argument: Argument) -> Result<usize, Failure> {
        let asked = uapi::Registration::from_bytes(&argument.read(uapi::Registration::SIZE)?);
        if asked.flags != 0 || asked.reserved != 0 {
            return Err(Refusal::BadRequest.into());
        }
        let name = Word::padded(asked.name).name().ok_or(Refusal::BadName)?;
        self.register_file(name)?;
        Ok(0)
    }

    fn receive(&self, argument: Argument, nowait: bool) -> Result<usize, Failure> {
        let asked = Receive::from_bytes(&argument.read(Receive::SIZE)?);
        let wanted = Wanted::new(&asked)?;
        if !self.format.is_records() {
            return Err(Refusal::BadRequest.into());
        }
        let mut to = UserRange::from_address(asked.buffer, asked.size as usize)?;
        self.record_reader().receive(&mut to, wanted, nowait)
    }

    /// Counts and logs a failure, and gives its number.
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

    /// The same, for a system call that ends with it.
    #[cold]
    #[inline(never)]
    fn fail(&self, failure: Failure) -> Outcome {
        Err(self.note(failure)).into()
    }

    /// Has the caller woken by what happens from now on.
    fn add_poller(&self, poll: &Poll<'_>) -> Result {
        let caller = Process::current(&self.registrar.processes)?;
        self.pollers
            .poll(self.identity.opener(), &caller, |queue| poll.wait_on(queue))
    }

    /// How things are for a process that polls.
    fn readiness(&self, caller: usize) -> PollMask {
        let acting = self.acting_for(caller);
        let readable = match &acting {
            Some(of) if of.has_message() => true,
            _ if self.format.is_records() => false,
            Some(of) => self.partial_reads.left(of.owner()) > 0,
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

    /// Whether a process is told that a registration has ended: that of the file itself; or its own
    /// that it made through the file, or else that of the opener.
    fn has_hung_up(&self, caller: usize, acting: Option<&Registration>) -> bool {
        if self.identity.itself().is_some() {
            return acting.is_none();
        }
        let opener = self.identity.opener();
        match acting {
            Some(of) if of.owner() == caller => false,
            Some(_) => self.pollers.has_registered(caller),
            None => {
                self.identity.opener_has_ended()
                    || self.pollers.has_registered(opener.key())
                    || self.pollers.has_registered(caller)
            }
        }
    }
}

#[pinned_drop]
impl PinnedDrop for MqFile {
    fn drop(self: Pin<&mut Self>) {
        let Some(file) = self.identity.itself() else {
            return;
        };
        if let Some(registration) = self.acting_for(file.key()) {
            self.registrar.end(&registration);
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
            format: FileFormat::new(registrar.clone()),
            registrar,
            identity,
        }? Error))
    }

    #[inline(always)]
    fn write(&self, from: impl Source, file: &File, nowait: bool) -> Outcome {
        if self.format.is_records() {
            return self.write_records(from, file, nowait);
        }
        let written = from.len();
        match self.carry_out(from, nowait) {
            Ok(()) => Ok(written).into(),
            Err(failure) => self.fail(failure),
        }
    }

    #[inline(always)]
    fn read(&self, to: impl Destination, nowait: bool) -> Outcome {
        if self.format.is_records() {
            return self.read_records(to, nowait);
        }
        match self.reader().read(to, nowait) {
            Ok(read) => Ok(read).into(),
            Err(failure) => self.fail(failure),
        }
    }

    fn ioctl(&self, command: u32, argument: Argument, nowait: bool) -> Result<usize> {
        let done = match Request::new(command) {
            Some(Request::SetFormat) => self.set_format(argument),
            Some(Request::Register) => self.register_by(argument),
            Some(Request::Unregister) => self.unregister_file().map(|()| 0),
            Some(Request::Receive) => self.receive(argument, nowait),
            None => Err(Refusal::NoRequest.into()),
        };
        done.map_err(|failure| self.note(failure))
    }

    fn poll(&self, poll: &Poll<'_>) -> Result<PollMask> {
        let mut mask = PollMask::WRITABLE;
        if poll.registers() {
            let added = self.add_poller(poll);
            self.pollers.set_failed(added.is_err());
            added?;
        } else if self.pollers.has_failed() {
            // An epoll instance asks again without wanting to be woken, and would take an answer
            // without the error for a promise to be told of the rest.
            mask = mask.and(PollMask::ERROR);
        }
        if poll.registers() || !process_id::current_is_kernel_thread() {
            return Ok(mask.and(self.readiness(ProcessId::current_key())));
        }
        // Linux AIO looks again in a kernel thread and does not say for whom. So it is told what
        // holds for any process that polls, or it would wait on with a message there.
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
        let opener = self.identity.opener();
        match self.acting_for(opener.key()) {
            Some(acting) => seq_print!(m, "mq-name:\t{}\n", acting.name().as_str()),
            None => seq_print!(m, "mq-name:\t-\n"),
        }
        let pid = opener.pid().map_or(0, ProcessId::vnr);
        seq_print!(m, "mq-opener:\t{pid}\n");
        let format = if self.format.is_records() {
            "records"
        } else {
            "text"
        };
        seq_print!(m, "mq-format:\t{format}\n");
        let [reader, _] = self.identity.processes_for(opener.key());
        let rest = self.partial_reads.left(reader);
        seq_print!(m, "mq-rest:\t{rest}\n");
    }
}

// SPDX-License-Identifier: GPL-2.0

//! An open `/dev/mq`: what writing, reading and polling it do.
//!
//! For whom an operation acts is decided here; what it comes to is up to `registration.rs`.

use crate::{
    driver::Driver,
    errors::{
        self,
        Failure, //
    },
    ffi::{
        device::OpenFile,
        events,
        pid::Pid,
        wait_queue::{
            Events,
            Poll, //
        }, //
    },
    message::Draft,
    policy::{
        command::Command,
        name::Name,
        refusal::Refusal,
        registry::Ticket, //
    },
    process::{
        ProcessRef,
        Processes, //
    },
    registration::Registration,
    registrations::Actor,
    rests::{
        Claim,
        Rests, //
    }, //
};
use kernel::{
    fs::File,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::Arc,
    task::{
        might_sleep,
        Kuid, //
    }, //
};

/// An open file of the device.
#[pin_data]
pub(crate) struct MqFile {
    driver: Arc<Driver>,
    opener: ProcessRef,
    user: Kuid,
    #[pin]
    rests: Rests,
}

impl MqFile {
    /// Whether the caller is of the same user as who opened the file, and so may act for itself.
    fn is_own(&self) -> bool {
        Kuid::current_euid() == self.user
    }

    fn actor(&self) -> Actor {
        let caller = Pid::current_key();
        let opener = self.opener.pid().key();
        Actor {
            caller: (caller != opener && self.is_own()).then_some(caller),
            opener,
        }
    }

    fn acting(&self) -> Option<Arc<Registration>> {
        self.driver.registrations.acting(self.actor())
    }

    fn carry_out(&self, from: &mut IovIterSource<'_>) -> Result<(), Failure> {
        let draft = Draft::copy_in(from, self.driver.settings.cmd_buf_size() as usize)?;
        match draft.command()? {
            Command::Register(name) => self.register(name),
            Command::Unregister => self.unregister(|_| true),
            Command::UnregisterAs(name) => self.unregister(|own| Some(own) == name),
            Command::Send { to, text_at } => self.send(draft, to, text_at),
            Command::Broadcast { text_at } => self.broadcast(draft, text_at),
        }
    }

    fn register(&self, name: Name) -> Result<(), Failure> {
        if !self.is_own() {
            return Err(Refusal::ForeignFile.into());
        }
        Registration::register(&self.driver, name)
    }

    fn unregister(&self, named: impl FnOnce(Name) -> bool) -> Result<(), Failure> {
        let registration = self.acting().ok_or(Refusal::NotRegistered)?;
        if !named(registration.name()) {
            return Err(Refusal::NotYours.into());
        }
        if !registration.end() {
            return Err(Refusal::NotRegistered.into());
        }
        Ok(())
    }

    fn send(&self, draft: Draft, to: Option<Name>, text_at: usize) -> Result<(), Failure> {
        let (sender, receiver) = self
            .driver
            .registrations
            .sender_and_receiver(self.actor(), to)?;
        if !receiver.deliver(&sender, draft.into_message(sender.name(), text_at), true) {
            return Err(Refusal::NoSuchName.into());
        }
        sender.count_send();
        Ok(())
    }

    fn broadcast(&self, draft: Draft, text_at: usize) -> Result<(), Failure> {
        let registrations = &self.driver.registrations;
        let sender = self.acting().ok_or(Refusal::SenderNotRegistered)?;
        let message = draft.into_message(sender.name(), text_at);
        // Who registers from now on is not reached, so that this ends.
        let last = registrations.latest();
        let mut place = Ticket::START;
        while let Some((batch, next)) = registrations.batch(place, last) {
            for receiver in batch.iter().flatten() {
                if !Arc::ptr_eq(receiver, &sender) {
                    receiver.deliver(&sender, message.clone(), false);
                }
            }
            place = next;
            might_sleep();
        }
        sender.count_broadcast();
        Ok(())
    }

    /// Counts and logs a failure, and gives its number.
    fn note(&self, failure: Failure) -> Error {
        let error = match failure {
            Failure::Refused(refusal) => {
                self.driver.notices.give_refusal(refusal);
                errors::number(refusal)
            }
            Failure::Failed(error) => error,
        };
        self.driver.stats.count_error(error);
        error
    }

    /// Claims something to read, waiting for it where that is allowed.
    fn claim(&self, of: &Arc<Registration>, size: usize, nowait: bool) -> Result<Claim> {
        // What is claimed at once needs no place in a wait queue.
        let mut claim = self.rests.claim(of, size);
        loop {
            if matches!(claim, Claim::NoRoom | Claim::Busy | Claim::Ended) {
                // The wake-up that may have led here was for a message, which others can read.
                of.waiters().wake_one(Events::READABLE, false);
            }
            match claim {
                Claim::Portion(_) | Claim::Ended => return Ok(claim),
                Claim::NoRoom => self.rests.make_room()?,
                Claim::Empty | Claim::Busy if nowait => return Err(EAGAIN),
                Claim::Empty => {}
                Claim::Busy => {
                    claim = of
                        .waiters()
                        .wait(false, || match self.rests.claim(of, size) {
                            Claim::Busy => None,
                            other => Some(other),
                        })?;
                    continue;
                }
            }
            claim = if nowait {
                self.rests.claim(of, size)
            } else {
                of.waiters()
                    .wait(true, || match self.rests.claim(of, size) {
                        Claim::Empty => None,
                        other => Some(other),
                    })?
            };
        }
    }
}

impl OpenFile for MqFile {
    type Device = Arc<Driver>;
    type Polled = ProcessRef;

    fn open(driver: &Arc<Driver>, file: &File) -> Result<impl PinInit<Self, Error>> {
        driver.wait_until_ready()?;
        let opener = Processes::current(&driver.processes)?;
        let user = file.cred().euid();
        let driver = driver.clone();
        Ok(try_pin_init!(Self {
            driver,
            opener,
            user,
            rests <- Rests::new(),
        }? Error))
    }

    fn write(&self, from: &mut IovIterSource<'_>) -> Result<usize> {
        let written = from.len();
        match self.carry_out(from) {
            Ok(()) => Ok(written),
            Err(failure) => Err(self.note(failure)),
        }
    }

    fn read(&self, to: &mut IovIterDest<'_>, nowait: bool) -> Result<usize> {
        let size = to.len();
        if size == 0 {
            return Ok(0);
        }
        let acting = self
            .acting()
            .or_else(|| self.rests.left_to(self.actor()))
            .ok_or(Refusal::NotRegistered);
        let of = acting.map_err(|refusal| self.note(refusal.into()))?;
        let Claim::Portion(portion) = self.claim(&of, size, nowait)? else {
            return Ok(0);
        };
        if portion.is_beginning() {
            events::receive(of.name().key(), of.process().pid(), portion.bytes().len());
        }
        let wanted = portion.bytes().len().min(size);
        let copied = to.copy_to_iter(&portion.bytes()[..wanted]);
        // What was copied before a fault is copied again by the next read.
        let count = if copied == wanted { copied } else { 0 };
        let shared = self.rests.put_back(&of, portion, count);
        if shared {
            of.waiters().wake_all(Events::READABLE);
        }
        if count == 0 {
            return Err(self.note(EFAULT.into()));
        }
        Ok(count)
    }

    fn poll(&self, poll: &Poll<'_, ProcessRef>) -> Result<Events> {
        poll.wait_on(&self.opener)?;
        let mut was_registered = self.opener.was_registered();
        if let Some(caller) = self.actor().caller {
            let processes = &self.driver.processes;
            let caller = if poll.registers() {
                // Whatever it registers as later is to wake it.
                Some(Processes::current(processes)?)
            } else {
                Processes::find(processes, caller)
            };
            if let Some(caller) = caller {
                poll.wait_on(&caller)?;
                was_registered |= caller.was_registered();
            }
        }
        let (readable, ended) = match self.acting() {
            Some(of) => (of.level().depth > 0 || self.rests.has_rest(&of), false),
            None => (self.rests.left_to(self.actor()).is_some(), was_registered),
        };
        let mut events = Events::WRITABLE;
        if readable {
            events = events.and(Events::READABLE);
        }
        if ended {
            events = events.and(Events::HANG_UP);
        }
        Ok(events)
    }

    fn show_fdinfo(&self, m: &SeqFile) {
        let opener = Actor {
            caller: None,
            opener: self.opener.pid().key(),
        };
        match self.driver.registrations.acting(opener) {
            Some(registration) => seq_print!(m, "mq-name:\t{}\n", registration.name().as_str()),
            None => seq_print!(m, "mq-name:\t-\n"),
        }
        seq_print!(
            m,
            "mq-opener:\t{}\n",
            self.opener.pid().number_for_current()
        );
        let rest = self.rests.bytes_left(self.opener.pid().key());
        seq_print!(m, "mq-rest:\t{rest}\n");
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Reading through an open file: what comes next, and waiting for it.
//!
//! What is half read is kept in `partial_reads.rs`.

use crate::{
    errors::Failure,
    ffi::{
        trace,
        user_memory::Destination,
        wait_queue::{
            PollMask,
            Wake, //
        }, //
    },
    identity::Identity,
    message::Message,
    partial_reads::{
        Claim,
        Cursor,
        PartialReads,
        Room, //
    },
    policy::{
        refusal::Refusal,
        registry::Handle, //
    },
    process::ProcessRef,
    registrar::Registrar,
    registration::{
        Registration,
        Taken, //
    },
    user::User, //
};
use kernel::{
    prelude::*,
    sync::{
        rcu,
        Arc, //
    }, //
};

/// What reading through an open file needs.
pub(crate) struct Reader<'a> {
    pub(crate) registrar: &'a Arc<Registrar>,
    pub(crate) identity: &'a Identity,
    pub(crate) partial_reads: &'a PartialReads,
}

/// From whom a read takes.
struct Origin {
    process: ProcessRef,
    /// `None` where only a rest is left of a registration that has ended.
    registration: Option<Arc<Registration>>,
}

impl Origin {
    fn key(&self) -> usize {
        self.process.pid().key()
    }

    fn has_message(&self) -> bool {
        let registration = self.registration.as_ref();
        registration.is_some_and(|registration| registration.has_message())
    }

    fn wake(&self, how: Wake) {
        self.process.waiters().wake(how, PollMask::READABLE);
    }
}

impl Reader<'_> {
    /// Reads a message, or some of one; 0 bytes where the registration ends meanwhile.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotRegistered`]; `EAGAIN` with `nowait`; `ERESTARTSYS`; `EFAULT`; `ENOMEM` or
    /// `EDQUOT` for a message that is to be read in part. Nothing is lost then.
    #[inline(always)]
    pub(crate) fn read(&self, to: &mut impl Destination, nowait: bool) -> Result<usize, Failure> {
        let size = to.len();
        if size == 0 {
            return Ok(0);
        }
        match self.take_whole(size) {
            Some((message, handle)) => self.deliver_whole(message, handle, to),
            None => self.read_slowly(size, to, nowait),
        }
    }

    /// Takes a message that fits into the buffer, if there is one and nothing is half read.
    #[inline(always)]
    fn take_whole(&self, size: usize) -> Option<(Message, Handle)> {
        if !self.partial_reads.is_empty() {
            return None;
        }
        let guard = rcu::read_lock();
        let registration = self.identity.acting(&self.registrar.directory, &guard)?;
        match registration.take(size, 0) {
            Taken::Message(message) => {
                trace_receive(&registration, &message);
                Some((message, registration.handle()))
            }
            _ => None,
        }
    }

    #[inline(always)]
    fn deliver_whole(
        &self,
        message: Message,
        handle: Handle,
        to: &mut impl Destination,
    ) -> Result<usize, Failure> {
        let len = message.len();
        if message.copy_out(0, len, to) {
            return Ok(len);
        }
        self.give_back(message, handle);
        Err(EFAULT.into())
    }

    #[cold]
    #[inline(never)]
    fn read_slowly(
        &self,
        size: usize,
        to: &mut impl Destination,
        nowait: bool,
    ) -> Result<usize, Failure> {
        let origin = self.origin()?;
        let Some((cursor, listed)) = self.wait(&origin, size, nowait)? else {
            return Ok(0);
        };
        let wanted = cursor.left().min(size);
        let copied = cursor.message.copy_out(cursor.read, wanted, to);
        self.settle(&origin, cursor, listed, if copied { wanted } else { 0 });
        if copied {
            Ok(wanted)
        } else {
            Err(EFAULT.into())
        }
    }

    fn origin(&self) -> Result<Origin, Refusal> {
        let acting = {
            let guard = rcu::read_lock();
            self.identity
                .acting(&self.registrar.directory, &guard)
                .map(Arc::from)
        };
        match acting {
            Some(registration) => {
                let registration: Arc<Registration> = registration;
                Ok(Origin {
                    process: registration.process().clone(),
                    registration: Some(registration),
                })
            }
            None => self
                .partial_reads
                .first_of(self.identity.processes())
                .map(|process| Origin {
                    process,
                    registration: None,
                })
                .ok_or(Refusal::NotRegistered),
        }
    }

    /// Claims something to read, waiting for it where that is allowed; `None` at the end. With it
    /// comes whether it is listed as half read.
    fn wait(&self, origin: &Origin, size: usize, nowait: bool) -> Result<Option<(Cursor, bool)>> {
        let mut room = None;
        let mut has_waited = false;
        // What is claimed at once needs no place in a wait queue.
        let mut claim = self.claim(origin, size, &mut room);
        loop {
            let was_busy = matches!(claim, Claim::Busy);
            match claim {
                Claim::Cursor { cursor, listed } => {
                    // A wake-up for a later message may have met this reader, which was still in
                    // the wait queue though it had found one.
                    if has_waited && origin.has_message() {
                        origin.wake(Wake::One);
                    }
                    return Ok(Some((cursor, listed)));
                }
                // The wake-up that may have led here was for a message, which others can read.
                Claim::Ended | Claim::Busy => origin.wake(Wake::One),
                Claim::Empty | Claim::NoRoom(_) => {}
            }
            match claim {
                Claim::Ended => return Ok(None),
                Claim::NoRoom(memory) => {
                    // What was made for a shorter message counts no longer.
                    drop(room.take());
                    let made = self.room(origin, memory);
                    if made.is_err() {
                        // Here, too.
                        origin.wake(Wake::One);
                    }
                    room = Some(made?);
                    claim = self.claim(origin, size, &mut room);
                    continue;
                }
                _ if nowait => return Err(EAGAIN),
                _ => {}
            }
            // One message wakes one of those who wait for one; a rest put back wakes all.
            let exclusive = !was_busy;
            has_waited = true;
            claim = origin.process.waiters().wait(exclusive, || {
                match (self.claim(origin, size, &mut room), was_busy) {
                    (Claim::Empty, false) | (Claim::Busy, true) => None,
                    (other, _) => Some(other),
                }
            })?;
        }
    }

    fn claim(&self, origin: &Origin, size: usize, room: &mut Option<Room>) -> Claim {
        let claim = self
            .partial_reads
            .claim(origin.key(), size, room, |memory| {
                match &origin.registration {
                    Some(registration) => registration.take(size, memory),
                    None => Taken::Ended,
                }
            });
        if let (Claim::Cursor { cursor, .. }, Some(registration)) = (&claim, &origin.registration) {
            if cursor.read == 0 {
                trace_receive(registration, &cursor.message);
            }
        }
        claim
    }

    /// Room for a message that is to be read in part and takes `memory` bytes.
    fn room(&self, origin: &Origin, memory: usize) -> Result<Room> {
        let registration = origin.registration.as_ref().ok_or(ENOENT)?;
        self.partial_reads.prune(self.identity.opener().pid().key());
        let limits = self.registrar.settings.quota_limits();
        let charge = User::charge_half_read(registration.quota_user(), memory as u64, limits)?;
        Room::new(origin.process.clone(), charge)
    }

    /// Does what is to be done after `count` bytes were read from a cursor; none: it could not be.
    fn settle(&self, origin: &Origin, mut cursor: Cursor, listed: bool, count: usize) {
        cursor.read += count;
        if cursor.read > 0 && cursor.left() > 0 {
            self.partial_reads.put_back(origin.key(), cursor);
        } else {
            if listed {
                self.partial_reads.remove(origin.key());
            }
            if let (0, Some(registration)) = (cursor.read, &origin.registration) {
                self.give_back(cursor.message, registration.handle());
            }
        }
        if listed {
            origin.wake(Wake::All);
        }
    }

    /// Gives back a message that could not be copied out, to be read by the next.
    #[cold]
    #[inline(never)]
    fn give_back(&self, message: Message, handle: Handle) {
        let stats = &self.registrar.stats;
        let Some(registration) = self.registrar.directory.get(handle) else {
            // Its registration has gone meanwhile, and with it the queue.
            stats.turn_read_into_end();
            return;
        };
        if registration.give_back(message, stats) {
            let name = registration.name();
            self.registrar.log.note_overflow(name.as_str(), 1);
        }
    }
}

fn trace_receive(registration: &Registration, message: &Message) {
    trace::receive(
        registration.name().key(),
        registration.process().pid(),
        message.len(),
    );
}

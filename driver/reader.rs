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
        NotTaken,
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
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) registrar: &'a Arc<Registrar>,
    pub(crate) identity: &'a Identity,
    pub(crate) partial_reads: &'a PartialReads,
}

/// From whom a read takes.
enum Origin {
    /// A registration.
    Registration(Arc<Registration>),
    /// A process that has only the rest of a message, since its registration has ended.
    Rest(ProcessRef),
}

impl Origin {
    fn registration(&self) -> Option<&Arc<Registration>> {
        match self {
            Origin::Registration(registration) => Some(registration),
            Origin::Rest(_) => None,
        }
    }

    fn process(&self) -> &ProcessRef {
        match self {
            Origin::Registration(registration) => registration.process(),
            Origin::Rest(process) => process,
        }
    }

    fn key(&self) -> usize {
        self.process().key()
    }

    fn has_message(&self) -> bool {
        let registration = self.registration();
        registration.is_some_and(|registration| registration.has_message())
    }

    fn wake(&self, how: Wake) {
        self.process().waiters().wake(how, PollMask::READABLE);
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
    pub(crate) fn read(self, to: impl Destination, nowait: bool) -> Result<usize, Failure> {
        let size = to.len();
        if size == 0 {
            return Ok(0);
        }
        match self.take_whole(size) {
            Ok((message, handle)) => self.deliver_whole(message, handle, to),
            Err(empty) => {
                let (registrar, identity) = (self.registrar, self.identity);
                read_slowly(registrar, identity, self.partial_reads, empty, to, nowait)
            }
        }
    }

    /// Takes a message that fits into the buffer, if there is one and nothing is half read.
    ///
    /// # Errors
    ///
    /// The registration whose queue is empty; none where there is more to find out.
    #[inline(always)]
    fn take_whole(self, size: usize) -> Result<(Message, Handle), Option<Arc<Registration>>> {
        if !self.partial_reads.is_empty() {
            return Err(None);
        }
        let guard = rcu::read_lock();
        let acting = self.identity.acting(&self.registrar.directory, &guard);
        let registration = acting.ok_or(None)?;
        match registration.take(size) {
            Ok(message) => {
                trace_receive(&registration, &message);
                Ok((message, registration.handle()))
            }
            Err(NotTaken::Empty) => Err(Some(registration.into())),
            Err(NotTaken::TooLongOrEnded) => Err(None),
        }
    }

    #[inline(always)]
    fn deliver_whole(
        self,
        message: Message,
        handle: Handle,
        to: impl Destination,
    ) -> Result<usize, Failure> {
        let len = message.len();
        if !message.copy_out_all(to) {
            give_back(self.registrar, message, handle);
            return Err(EFAULT.into());
        }
        drop(message);
        Ok(len)
    }

    fn read_slowly(
        self,
        empty: Option<Arc<Registration>>,
        to: impl Destination,
        nowait: bool,
    ) -> Result<usize, Failure> {
        let size = to.len();
        let has_waited = empty.is_some();
        let origin = match empty {
            Some(_) if nowait => return Err(EAGAIN.into()),
            Some(registration) => match self.wait_for_whole(&registration, size)? {
                Some(message) => return self.deliver_whole(message, registration.handle(), to),
                None => Origin::Registration(registration),
            },
            None => self.origin()?,
        };
        match (self.wait(&origin, has_waited, size, nowait)?, &origin) {
            (Claim::Whole(message), Origin::Registration(from)) => {
                self.deliver_whole(message, from.handle(), to)
            }
            (Claim::Part(cursor), _) => self.deliver_part(&origin, cursor, size, to),
            _ => Ok(0),
        }
    }

    /// Waits for a message that fits into the buffer, as long as nothing else comes: no end, no longer
    /// message, nothing half read.
    fn wait_for_whole(self, registration: &Registration, size: usize) -> Result<Option<Message>> {
        let waited = registration.waiters().wait(true, || {
            if !self.partial_reads.is_empty() {
                return Some(None);
            }
            match registration.take(size) {
                Ok(message) => Some(Some(message)),
                Err(NotTaken::Empty) => None,
                Err(NotTaken::TooLongOrEnded) => Some(None),
            }
        })?;
        // A wake-up for a later message may have met this reader, which was still in the queue.
        if waited.was_queued && waited.result.is_some() && registration.has_message() {
            registration.waiters().wake(Wake::One, PollMask::READABLE);
        }
        if let Some(message) = &waited.result {
            trace_receive(registration, message);
        }
        Ok(waited.result)
    }

    fn origin(self) -> Result<Origin, Refusal> {
        let acting = {
            let guard = rcu::read_lock();
            self.identity
                .acting(&self.registrar.directory, &guard)
                .map(Arc::from)
        };
        match acting {
            Some(registration) => Ok(Origin::Registration(registration)),
            None => self
                .partial_reads
                .first_of(self.identity.processes())
                .map(Origin::Rest)
                .ok_or(Refusal::NotRegistered),
        }
    }

    /// Claims something to read, waiting for it where that is allowed: a whole message, part of one,
    /// or the end. `has_waited`: a wake-up for it may have come before.
    fn wait(
        self,
        origin: &Origin,
        mut has_waited: bool,
        size: usize,
        nowait: bool,
    ) -> Result<Claim> {
        let mut room = None;
        // What is claimed at once needs no place in a wait queue.
        let mut claim = self.claim(origin, size, &mut room);
        loop {
            match claim {
                Claim::Whole(_) | Claim::Part(_) => {
                    // A wake-up for another message may have met this reader: it was still in the wait
                    // queue though it had found one, or it found the rest of one.
                    if has_waited && origin.has_message() {
                        origin.wake(Wake::One);
                    }
                    return Ok(claim);
                }
                // The wake-up that may have led here was for a message, which others can read.
                Claim::Ended | Claim::Busy => origin.wake(Wake::One),
                Claim::Empty | Claim::NoRoom(_) => {}
            }
            match claim {
                Claim::Ended => return Ok(claim),
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
            let was_busy = matches!(claim, Claim::Busy);
            let waited = origin.process().waiters().wait(!was_busy, || {
                match (self.claim(origin, size, &mut room), was_busy) {
                    (Claim::Empty, false) | (Claim::Busy, true) => None,
                    (other, _) => Some(other),
                }
            })?;
            claim = waited.result;
            has_waited = true;
        }
    }

    fn claim(self, origin: &Origin, size: usize, room: &mut Option<Room>) -> Claim {
        let registration = origin.registration();
        let mut is_awaited = false;
        let take = |memory| {
            let taken = registration.map(|of| of.take_under_lock(size, memory));
            let (taken, awaited) = taken.unwrap_or((Taken::Ended, false));
            is_awaited = awaited;
            taken
        };
        let claim = self.partial_reads.claim(origin.key(), size, room, take);
        if let (true, Some(registration)) = (is_awaited, registration) {
            registration.settle_waiting();
        }
        if let (Some(message), Some(registration)) = (claim.unread(), registration) {
            trace_receive(registration, message);
        }
        claim
    }

    /// Room for a message that is to be read in part and takes `memory` bytes.
    fn room(self, origin: &Origin, memory: usize) -> Result<Room> {
        let registration = origin.registration().ok_or(ENOENT)?;
        self.partial_reads.prune(self.identity.opener().key());
        let limits = self.registrar.settings.quota_limits();
        let charge = User::charge_half_read(registration.quota_user(), memory as u64, limits)?;
        Room::new(registration.process().clone(), charge)
    }

    /// Reads part of a message that is listed as half read.
    fn deliver_part(
        self,
        origin: &Origin,
        mut cursor: Cursor,
        size: usize,
        to: impl Destination,
    ) -> Result<usize, Failure> {
        let wanted = cursor.left().min(size);
        let copied = cursor.message.copy_out(cursor.read, wanted, to);
        if copied {
            cursor.read += wanted;
        }
        if cursor.read > 0 && cursor.left() > 0 {
            self.partial_reads.put_back(origin.key(), cursor);
        } else {
            self.partial_reads.remove(origin.key());
            if let (0, Some(registration)) = (cursor.read, origin.registration()) {
                give_back(self.registrar, cursor.message, registration.handle());
            }
        }
        origin.wake(Wake::All);
        if copied {
            Ok(wanted)
        } else {
            Err(EFAULT.into())
        }
    }
}

/// [`Reader::read_slowly`], with the reader in parts, so that it stays in registers where this is not
/// called.
#[inline(never)]
fn read_slowly(
    registrar: &Arc<Registrar>,
    identity: &Identity,
    partial_reads: &PartialReads,
    empty: Option<Arc<Registration>>,
    to: impl Destination,
    nowait: bool,
) -> Result<usize, Failure> {
    let reader = Reader {
        registrar,
        identity,
        partial_reads,
    };
    reader.read_slowly(empty, to, nowait)
}

/// Gives back a message that could not be copied out, to be read by the next.
#[cold]
#[inline(never)]
pub(crate) fn give_back(registrar: &Registrar, message: Message, handle: Handle) {
    let stats = &registrar.stats;
    let Some(registration) = registrar.directory.get(handle) else {
        // Its registration has gone meanwhile, and with it the queue.
        stats.turn_read_into_end();
        return;
    };
    if registration.give_back(message, stats) {
        registrar.log.note_overflow(registration.name().as_str(), 1);
    }
}

fn trace_receive(registration: &Registration, message: &Message) {
    trace::receive(|| (registration.name().key(), registration.pid(), message.len()));
}

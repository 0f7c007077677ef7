// SPDX-License-Identifier: GPL-2.0

//! Reading records through an open file: whole messages, with what is known of each.

use crate::{
    errors::Failure,
    ffi::{
        credentials,
        stock::Stock,
        user_memory::Destination,
        wait_queue::{
            Deadline,
            PollMask,
            Wake, //
        }, //
    },
    identity::Identity,
    message::Message,
    policy::{
        message::Origin,
        records::{
            self,
            Wanted, //
        },
        refusal::Refusal,
        registry::Handle,
        uapi::ALIGN, //
    },
    reader,
    registrar::Registrar,
    registration::{
        First,
        Received,
        Registration, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        rcu,
        Arc, //
    }, //
};

/// Messages that are taken in one turn of the lock.
const BATCH: usize = Stock::MAX;

/// What reading records through an open file needs.
#[derive(Clone, Copy)]
pub(crate) struct RecordReader<'a> {
    pub(crate) registrar: &'a Registrar,
    pub(crate) identity: &'a Identity,
}

impl RecordReader<'_> {
    /// Reads as many records as are there and fit; 0 bytes where the registration ends meanwhile.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotRegistered`]; [`Refusal::NoRoom`]; `EAGAIN` with `nowait`; `ERESTARTSYS`;
    /// `EFAULT`. Nothing is lost then.
    #[inline(always)]
    pub(crate) fn read(&self, mut to: impl Destination, nowait: bool) -> Result<usize, Failure> {
        let room = to.len();
        if room == 0 {
            return Ok(0);
        }
        let taken = {
            let guard = rcu::read_lock();
            let acting = self.identity.acting(&self.registrar.directory, &guard);
            acting.and_then(|of| of.receive_plain(room).map(|first| (first, of.handle())))
        };
        let Some((first, of)) = taken else {
            return read_slowly(self.registrar, self.identity, to, nowait);
        };
        let Some(size) = copy_first_out(&first, &mut to) else {
            give_back(self.registrar, of, first.message, first.lost);
            return Err(EFAULT.into());
        };
        drop(first.message);
        if first.more {
            return Ok(size + read_more(self.registrar, of, to));
        }
        Ok(size)
    }

    /// Reads what there is, waiting for the first where that is allowed.
    fn read_slowly(self, mut to: impl Destination, nowait: bool) -> Result<usize, Failure> {
        let of = self.acting()?;
        let room = to.len();
        let mut received = of.receive(room);
        if matches!(received, Received::Nothing) {
            received = self.wait(&of, true, nowait, None, || of.receive(room))?;
        }
        match received {
            Received::Message(first) => match copy_first_out(&first, &mut to) {
                Some(size) if first.more => Ok(size + read_more(self.registrar, of.handle(), to)),
                Some(size) => Ok(size),
                None => {
                    give_back(self.registrar, of.handle(), first.message, first.lost);
                    Err(EFAULT.into())
                }
            },
            Received::TooLong => Err(Refusal::NoRoom.into()),
            Received::Nothing | Received::Ended => Ok(0),
        }
    }

    /// Receives one record.
    ///
    /// # Errors
    ///
    /// Those of [`RecordReader::read`]; `ETIMEDOUT`.
    pub(crate) fn receive(
        &self,
        to: &mut impl Destination,
        wanted: Wanted,
        nowait: bool,
    ) -> Result<usize, Failure> {
        let of = self.acting()?;
        let (room, peek) = (to.len(), wanted.peek);
        let receive = || of.receive_from(wanted.from, room, peek);
        let mut received = receive();
        if matches!(received, Received::Nothing) {
            let nowait = nowait || !wanted.waits;
            let deadline = (wanted.timeout > 0).then(|| Deadline::after(wanted.timeout));
            // Who leaves a message in the queue must not have kept others from being woken for it.
            let exclusive = !peek && wanted.from.is_none();
            received = self.wait(&of, exclusive, nowait, deadline, receive)?;
        }
        match received {
            Received::Message(first) => match copy_first_out(&first, to) {
                Some(size) => Ok(size),
                None => {
                    if !peek {
                        give_back(self.registrar, of.handle(), first.message, first.lost);
                    }
                    Err(EFAULT.into())
                }
            },
            Received::TooLong => Err(Refusal::NoRoom.into()),
            Received::Nothing | Received::Ended => Ok(0),
        }
    }

    #[inline(always)]
    fn acting(&self) -> Result<Arc<Registration>, Refusal> {
        let guard = rcu::read_lock();
        let acting = self.identity.acting(&self.registrar.directory, &guard);
        acting.map(Arc::from).ok_or(Refusal::NotRegistered)
    }

    /// Waits until there is something to `receive`, or the registration has ended.
    #[cold]
    #[inline(never)]
    fn wait(
        &self,
        of: &Registration,
        exclusive: bool,
        nowait: bool,
        deadline: Option<Deadline>,
        receive: impl Fn() -> Received,
    ) -> Result<Received> {
        if nowait {
            return Err(EAGAIN);
        }
        let waited = of
            .waiters()
            .wait_until(exclusive, deadline, || match receive() {
                Received::Nothing => None,
                received => Some(received),
            });
        // A limit of time would begin anew.
        let waited = match waited {
            Err(error) if error == ERESTARTSYS && deadline.is_some() => Err(EINTR),
            waited => waited,
        }?;
        let others_can_read = match waited.result {
            // A wake-up for a later message may have met this reader.
            Received::Message(..) => waited.was_queued && of.has_message(),
            // The wake-up that may have led here was for a message, which others can read.
            _ => true,
        };
        if others_can_read {
            of.waiters().wake(Wake::One, PollMask::READABLE);
        }
        Ok(waited.result)
    }
}

/// [`RecordReader::read_slowly`], with the reader in parts, so that it stays in registers where this
/// is not called.
#[inline(never)]
fn read_slowly(
    registrar: &Registrar,
    identity: &Identity,
    to: impl Destination,
    nowait: bool,
) -> Result<usize, Failure> {
    let reader = RecordReader {
        registrar,
        identity,
    };
    reader.read_slowly(to, nowait)
}

/// Reads as many records of a registration as are there and fit, some in one turn of its lock. Returns
/// the bytes of those that could be written.
#[inline(never)]
fn read_more(registrar: &Registrar, of: Handle, mut to: impl Destination) -> usize {
    let Some(registration) = registrar.directory.get(of) else {
        return 0;
    };
    let mut read = 0;
    let mut batch = [const { None }; BATCH];
    let mut freed = Stock::new();
    let sees_all_ids = credentials::sees_all_ids();
    loop {
        let (taken, mut lost, more) = registration.receive_many(to.len(), &mut batch);
        let mut is_copied = true;
        for place in &mut batch[..taken] {
            let Some(message) = place.take() else { break };
            match copy_out(&message, lost, sees_all_ids, &mut to) {
                Some(size) => {
                    read += size;
                    message.drop_into(&mut freed);
                }
                None => {
                    *place = Some(message);
                    is_copied = false;
                    break;
                }
            }
            // The first has told of it.
            lost = 0;
        }
        if !is_copied {
            // The last first, so that they come into the order that they were in.
            for message in batch[..taken].iter_mut().rev().filter_map(Option::take) {
                give_back(registrar, of, message, 0);
            }
            registration.take_back_lost(lost);
            return read;
        }
        if !more || current!().signal_pending() {
            return read;
        }
    }
}

/// [`copy_out`] of a message that has been received alone.
#[inline(always)]
fn copy_first_out(first: &First, to: &mut impl Destination) -> Option<usize> {
    copy_out(&first.message, first.lost, credentials::sees_all_ids(), to)
}

/// Writes a record to where it is read to, which has room for it; `sees_all_ids`: the reader is in the
/// initial namespaces. Returns its size, or `None` if it could not be written.
#[inline(always)]
fn copy_out(
    message: &Message,
    lost: u64,
    sees_all_ids: bool,
    to: &mut impl Destination,
) -> Option<usize> {
    let mut stamp = message.stamp();
    if !sees_all_ids {
        let (pid, uid) = credentials::ids_here(stamp.origin.pid(), stamp.origin.uid());
        stamp.origin = Origin::new(pid, uid);
    }
    let text = message.text_len();
    let header = records::received(message.from(), text, stamp, message.sequence(), lost);
    let size = header.size as usize;
    let header = header.to_bytes();
    let copied = match message.text() {
        Some(text) => to.put_record(size, &header, text),
        None => copy_pieces_out(message, size, &header, to),
    };
    copied.then_some(size)
}

/// Writes a record whose text is in several pieces.
#[cold]
#[inline(never)]
fn copy_pieces_out(
    message: &Message,
    size: usize,
    header: &[u8],
    to: &mut impl Destination,
) -> bool {
    let text = message.text_len();
    let padding = &[0; ALIGN][..size - header.len() - text];
    to.put(header)
        && message.copy_out(message.text_at(), text, &mut *to)
        && (padding.is_empty() || to.put(padding))
}

/// Gives back a message that could not be copied out, and what was told with it.
#[cold]
#[inline(never)]
fn give_back(registrar: &Registrar, of: Handle, message: Message, lost: u64) {
    if let Some(registration) = registrar.directory.get(of) {
        registration.take_back_lost(lost);
    }
    reader::give_back(registrar, message, of);
}

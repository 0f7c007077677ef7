// SPDX-License-Identifier: GPL-2.0

//! Reading records through an open file: whole messages, with what is known of each.

use crate::{
    errors::Failure,
    ffi::{
        credentials,
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
        message::{
            Origin,
            Stamp, //
        },
        records::{
            self,
            Wanted, //
        },
        refusal::Refusal,
        uapi::ALIGN, //
    },
    registrar::Registrar,
    registration::{
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

/// What reading records through an open file needs.
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
    pub(crate) fn read(&self, to: &mut impl Destination, nowait: bool) -> Result<usize, Failure> {
        if to.len() == 0 {
            return Ok(0);
        }
        let of = self.acting()?;
        let mut received = of.receive(to.len());
        if matches!(received, Received::Nothing) {
            let room = to.len();
            received = self.wait(&of, true, nowait, None, || of.receive(room))?;
        }
        let mut read = 0;
        loop {
            match received {
                Received::Message(message, lost, more) => {
                    match self.copy_out(&message, lost, to) {
                        Some(size) => read += size,
                        None => {
                            self.give_back(&of, message, lost);
                            return if read == 0 {
                                Err(EFAULT.into())
                            } else {
                                Ok(read)
                            };
                        }
                    }
                    if !more {
                        return Ok(read);
                    }
                }
                Received::TooLong if read == 0 => return Err(Refusal::NoRoom.into()),
                Received::TooLong | Received::Nothing | Received::Ended => return Ok(read),
            }
            received = of.receive(to.len());
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
            Received::Message(message, lost, _) => match self.copy_out(&message, lost, to) {
                Some(size) => Ok(size),
                None => {
                    if !peek {
                        self.give_back(&of, message, lost);
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

    /// Writes a record to where it is read to, which has room for it. Returns its size, or `None` if
    /// it could not be written.
    #[inline(always)]
    fn copy_out(&self, message: &Message, lost: u64, to: &mut impl Destination) -> Option<usize> {
        let stamp = message.stamp();
        let (pid, uid) = credentials::ids_here(stamp.origin.pid(), stamp.origin.uid());
        let stamp = Stamp {
            origin: Origin::new(pid, uid),
            ..stamp
        };
        let text = message.text_len();
        let header = records::received(message.from(), text, stamp, message.sequence(), lost);
        let size = header.size as usize;
        let padding = [0; ALIGN];
        let padding = &padding[..size - header.header_size as usize - text];
        let copied = to.put(&header.to_bytes())
            && message.copy_out(message.text_at(), text, &mut *to)
            && (padding.is_empty() || to.put(padding));
        copied.then_some(size)
    }

    #[cold]
    #[inline(never)]
    fn give_back(&self, of: &Registration, message: Message, lost: u64) {
        of.take_back_lost(lost);
        if of.give_back(message, &self.registrar.stats) {
            self.registrar.log.note_overflow(of.name().as_str(), 1);
        }
    }
}

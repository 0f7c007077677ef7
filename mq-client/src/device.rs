// SPDX-License-Identifier: GPL-2.0

//! The open device: sending and receiving, one message or many at a time.
//!
//! Its file is in the format of records, and never non-blocking: what must not wait says so by
//! itself.

use std::fs::{File, OpenOptions};
#[cfg(feature = "tokio")]
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use mq_policy::uapi::{Format, FORMAT_RECORDS};
#[cfg(feature = "tokio")]
use rustix::io::pwritev2;
use rustix::io::{preadv2, Errno, ReadWriteFlags};

use crate::error::{Error, Result};
use crate::message::{Buffer, Message, Messages};
use crate::name::Name;
use crate::outgoing::{self, Outgoing};
use crate::refusal::{explain, Asked};
use crate::registration::Registration;
use crate::sys;
use crate::wanted::Wanted;

/// The device, open.
///
/// It acts for the [`Registration`] that is made of it. Without one it acts for the registration of
/// this process, if it has one (see [`text`](crate::text)).
#[derive(Debug)]
pub struct Device(File);

impl Device {
    /// Opens `/dev/mq`.
    ///
    /// # Errors
    ///
    /// [`Error::DriverAbsent`], [`Error::NoRights`] and [`Error::Unusable`], and [`Error::Misfit`]
    /// where the driver is older than this library.
    pub fn open() -> Result<Self> {
        Self::open_at(&crate::device())
    }

    /// Opens the device where it is called `path`.
    ///
    /// # Errors
    ///
    /// As [`Device::open`].
    pub fn open_at(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|error| Error::unreachable(path, error))?;
        Self::adopt(file.into()).map_err(|error| match error {
            Error::Misfit(_, what) => Error::Misfit(path.into(), what),
            error => error,
        })
    }

    /// Takes over an open file of the device that was inherited, or passed over a socket. It acts
    /// for the registration that belongs to it, whoever made that.
    #[doc = crate::example!("adopt")]
    /// # Errors
    ///
    /// [`Error::Misfit`] if the file is of something else, or of an older driver.
    pub fn adopt(file: OwnedFd) -> Result<Self> {
        let records = Format {
            format: FORMAT_RECORDS,
            flags: 0,
        };
        sys::set_format(&file, records).map_err(|errno| match errno {
            Errno::NOTTY => {
                let what = "no interface for programs".to_owned();
                Error::Misfit(crate::device(), what)
            }
            errno => Error::System(errno.into()),
        })?;
        Ok(Self(file.into()))
    }

    /// Registers a name. The registration belongs to the open file, not to the process, which may
    /// have as many as its user's quota allows.
    ///
    /// # Errors
    ///
    /// [`Error::NameTaken`], [`Error::TableFull`], [`Error::QuotaUsedUp`] and
    /// [`Error::ForeignFile`].
    pub fn register(self, name: Name) -> Result<Registration> {
        Registration::new(self, name)
    }

    /// Registers a name of its own making, for those who only send and wait for answers.
    ///
    /// # Errors
    ///
    /// As [`Device::register`].
    pub fn register_sender(self) -> Result<Registration> {
        Registration::new_free(self)
    }

    /// Puts `text` into the queue of `to`. This does not wait: where the queue is full, it loses
    /// its oldest message. [`Device::post`] can do otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchName`], [`Error::NotRegistered`], [`Error::NoText`] and [`Error::TooLong`].
    pub fn send(&self, to: Name, text: impl AsRef<[u8]>) -> Result {
        self.post(&Outgoing::to(to, text.as_ref()))
    }

    /// Puts `text` into the queue of everybody else.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegistered`], [`Error::NoText`] and [`Error::TooLong`].
    pub fn broadcast(&self, text: impl AsRef<[u8]>) -> Result {
        self.post(&Outgoing::to_all(text.as_ref()))
    }

    /// Sends a message as it says.
    ///
    /// # Errors
    ///
    /// As [`Device::send`], and [`Error::NoRoom`] where it has waited for room in vain.
    pub fn post(&self, message: &Outgoing<'_>) -> Result {
        self.post_many(slice::from_ref(message)).map(drop)
    }

    /// Sends messages with one system call, in this order, and says how many were sent. Where these
    /// are fewer than all, the next one was refused: sending it once more tells why.
    #[doc = crate::example!("many")]
    /// # Errors
    ///
    /// Those of the first message, as [`Device::post`]; then nothing was sent. Where a message has
    /// a fault that shows without the driver, nothing is sent either.
    pub fn post_many(&self, messages: &[Outgoing<'_>]) -> Result<usize> {
        let Some(first) = messages.first() else {
            return Ok(0);
        };
        let since = Instant::now();
        let written = loop {
            // Anew each time, since the time to wait gets shorter.
            let records = outgoing::records(messages, since)?;
            match rustix::io::write(&self.0, &records) {
                Err(Errno::INTR) => {}
                result => break result.map_err(|errno| explain(Asked::Send(first.to), errno))?,
            }
        };
        let mut end = 0;
        let sent = messages.iter().take_while(|message| {
            end += message.size();
            end <= written
        });
        Ok(sent.count())
    }

    /// Takes the next message out of the queue, and waits for one if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegistered`], and [`Error::Ended`] if the registration ends meanwhile.
    pub fn receive<'buffer>(&self, buffer: &'buffer mut Buffer) -> Result<Message<'buffer>> {
        // There is nothing only where there is a limit.
        self.take(&Wanted::next(), buffer)?.ok_or(Error::Ended)
    }

    /// Takes the next message out of the queue, and waits no longer than `limit` for one.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub fn receive_within<'buffer>(
        &self,
        limit: Duration,
        buffer: &'buffer mut Buffer,
    ) -> Result<Option<Message<'buffer>>> {
        self.take(&Wanted::next().within(limit), buffer)
    }

    /// Takes the next message out of the queue, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub fn try_receive<'buffer>(
        &self,
        buffer: &'buffer mut Buffer,
    ) -> Result<Option<Message<'buffer>>> {
        self.receive_within(Duration::ZERO, buffer)
    }

    /// Receives the message that is wanted; nothing, if none comes within the limit.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub fn take<'buffer>(
        &self,
        wanted: &Wanted,
        buffer: &'buffer mut Buffer,
    ) -> Result<Option<Message<'buffer>>> {
        let since = Instant::now();
        match self.take_record(wanted, since, buffer)? {
            Some(length) => buffer.messages(length).next().transpose(),
            None => Ok(None),
        }
    }

    /// Takes as many messages as there are, and fit into the buffer, with one system call; waits if
    /// there is none.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub fn receive_many<'buffer>(&self, buffer: &'buffer mut Buffer) -> Result<Messages<'buffer>> {
        let length = loop {
            match rustix::io::read(&self.0, buffer.room()) {
                Err(Errno::INTR) => {}
                result => break bytes(result)?.unwrap_or_default(),
            }
        };
        Ok(buffer.messages(length))
    }

    /// Takes as many messages as there are, and fit into the buffer, with one system call.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub fn try_receive_many<'buffer>(
        &self,
        buffer: &'buffer mut Buffer,
    ) -> Result<Messages<'buffer>> {
        let length = self.read_records(buffer)?.unwrap_or_default();
        Ok(buffer.messages(length))
    }

    /// The messages of the queue one after the other, for as long as that works. Each is taken out
    /// of the queue when it is asked for, so none is lost where the last one is not the end.
    pub fn messages(&self) -> impl Iterator<Item = Result<Message<'static>>> + '_ {
        let mut buffer = Buffer::new();
        let mut works = true;
        std::iter::from_fn(move || {
            works.then(|| {
                let message = self.receive(&mut buffer).map(Message::into_owned);
                works = message.is_ok();
                message
            })
        })
    }

    /// The bytes of the record that is wanted by somebody who waits `since` then; nothing, if there
    /// is none within the limit.
    pub(crate) fn take_record(
        &self,
        wanted: &Wanted,
        since: Instant,
        buffer: &mut Buffer,
    ) -> Result<Option<usize>> {
        loop {
            match sys::receive(&self.0, wanted.request(since), buffer.room()) {
                Err(Errno::INTR) => {}
                result => return bytes(result),
            }
        }
    }

    /// The bytes of the records that are there; nothing, if there are none.
    pub(crate) fn read_records(&self, buffer: &mut Buffer) -> Result<Option<usize>> {
        let mut room = [IoSliceMut::new(buffer.room())];
        bytes(preadv2(&self.0, &mut room, HERE, ReadWriteFlags::NOWAIT))
    }

    /// Sends records to `to`; false, if that would mean to wait.
    #[cfg(feature = "tokio")]
    pub(crate) fn try_write(&self, to: Option<Name>, records: &[u8]) -> Result<bool> {
        match pwritev2(
            &self.0,
            &[IoSlice::new(records)],
            HERE,
            ReadWriteFlags::NOWAIT,
        ) {
            Err(Errno::AGAIN) => Ok(false),
            result => result
                .map(|_| true)
                .map_err(|errno| explain(Asked::Send(to), errno)),
        }
    }

    /// Sends records to `to`.
    #[cfg(feature = "tokio")]
    pub(crate) fn write(&self, to: Option<Name>, records: &[u8]) -> Result {
        loop {
            match rustix::io::write(&self.0, records) {
                Err(Errno::INTR) => {}
                result => {
                    return result
                        .map(drop)
                        .map_err(|errno| explain(Asked::Send(to), errno))
                }
            }
        }
    }
}

/// Where a file without places is read and written.
const HERE: u64 = u64::MAX;

/// What there was to receive.
fn bytes(received: rustix::io::Result<usize>) -> Result<Option<usize>> {
    match received {
        Ok(0) => Err(Error::Ended),
        Ok(length) => Ok(Some(length)),
        Err(Errno::AGAIN | Errno::TIMEDOUT) => Ok(None),
        Err(errno) => Err(explain(Asked::Other, errno)),
    }
}

impl AsRef<Device> for Device {
    fn as_ref(&self) -> &Device {
        self
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

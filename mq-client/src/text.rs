// SPDX-License-Identifier: GPL-2.0

//! The text interface: a process registers, writes commands, and reads lines.
//!
//! It is what shell scripts use, and a program that hands its open file to one uses it, too.
#![doc = crate::example!("text")]

use std::fs::{File, OpenOptions};
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use mq_policy::command::{self, Command};
use mq_policy::limits::CMD_BUF_SIZE;
use mq_policy::name::NAME_MAX;
use rustix::fs::OFlags;
use rustix::io::{fcntl_setfd, Errno, FdFlags};

use crate::error::{Error, Result};
use crate::name::Name;
use crate::refusal;
use crate::sender::register_free;
use crate::wait::{wait, PollFd, PollFlags};

/// The longest line that the driver ever hands out, whatever its parameters are set to meanwhile.
const LINE_MAX: usize = NAME_MAX + 1 + CMD_BUF_SIZE.max as usize + 1;

/// The device, open. It acts for this process's registration, if it has one.
#[derive(Debug)]
pub struct Device(File);

/// What a command has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The process is registered under this name.
    Registered(Name),
    /// The process is no longer registered.
    Unregistered,
    /// A message was sent.
    Sent,
}

impl Device {
    /// Opens `/dev/mq`.
    ///
    /// # Errors
    ///
    /// [`Error::DriverAbsent`], [`Error::NoRights`] and [`Error::Unusable`].
    pub fn open() -> Result<Self> {
        Self::open_at(&crate::device())
    }

    /// Opens the device where it is called `path`.
    ///
    /// # Errors
    ///
    /// As [`Device::open`].
    pub fn open_at(path: &Path) -> Result<Self> {
        open(path, OFlags::NONBLOCK).map(Self)
    }

    /// Opens the device for the programs that this process will start: they inherit the file, and
    /// act through it for this process's registration. A `read` of it waits, as scripts expect.
    ///
    /// # Errors
    ///
    /// As [`Device::open`].
    pub fn open_for_children(path: &Path) -> Result<OwnedFd> {
        let file = open(path, OFlags::empty())?;
        fcntl_setfd(&file, FdFlags::empty()).map_err(|errno| Error::System(errno.into()))?;
        Ok(file.into())
    }

    /// Carries out one command of the text interface, as a script would write it.
    ///
    /// # Errors
    ///
    /// Why the driver refused it.
    pub fn command(&self, command: &[u8]) -> Result<Effect> {
        self.write(command)
            .map_err(|errno| refusal::explain_command(command, errno))?;
        Ok(match command::parse(&command[..command::length(command)]) {
            Ok(Command::Register(name)) => Effect::Registered(name.into()),
            Ok(Command::Unregister | Command::UnregisterAs(_)) => Effect::Unregistered,
            _ => Effect::Sent,
        })
    }

    /// Registers this process.
    ///
    /// # Errors
    ///
    /// [`Error::NameTaken`], also where the process is registered already, [`Error::TableFull`],
    /// [`Error::QuotaUsedUp`] and [`Error::ForeignFile`].
    pub fn register(self, name: Name) -> Result<Registration> {
        self.command(format!("/reg {name}").as_bytes())?;
        Ok(Registration { device: self, name })
    }

    /// Registers this process under a name of its own making, for those who only send.
    ///
    /// # Errors
    ///
    /// As [`Device::register`].
    pub fn register_sender(self) -> Result<Registration> {
        let name = register_free(|name| self.command(format!("/reg {name}").as_bytes()).map(drop))?;
        Ok(Registration { device: self, name })
    }

    /// Puts `text` into the queue of `to`. This does not wait: where the queue is full, it loses
    /// its oldest message.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchName`], [`Error::NotRegistered`], [`Error::NoText`] and [`Error::TooLong`].
    pub fn send(&self, to: Name, text: impl AsRef<[u8]>) -> Result {
        self.message(&format!("/msg {to} "), text.as_ref())
    }

    /// Puts `text` into the queue of everybody else.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegistered`], [`Error::NoText`] and [`Error::TooLong`].
    pub fn broadcast(&self, text: impl AsRef<[u8]>) -> Result {
        self.message("/all ", text.as_ref())
    }

    /// Takes the oldest message out of the queue, and waits for one if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegistered`], and [`Error::Ended`] if the registration ends meanwhile.
    pub fn receive<'buffer>(&self, buffer: &'buffer mut Buffer) -> Result<Message<'buffer>> {
        let length = self.read_until(buffer, None)?.unwrap_or_default();
        buffer.message(length)
    }

    /// Takes the oldest message out of the queue, and waits no longer than `limit` for one.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub fn receive_within<'buffer>(
        &self,
        limit: Duration,
        buffer: &'buffer mut Buffer,
    ) -> Result<Option<Message<'buffer>>> {
        // No clock gets to the end of a time that it cannot count.
        let deadline = Instant::now().checked_add(limit);
        self.read_until(buffer, deadline)?
            .map(|length| buffer.message(length))
            .transpose()
    }

    /// Takes the oldest message out of the queue, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub fn try_receive<'buffer>(
        &self,
        buffer: &'buffer mut Buffer,
    ) -> Result<Option<Message<'buffer>>> {
        self.read(buffer)?
            .map(|length| buffer.message(length))
            .transpose()
    }

    fn message(&self, head: &str, text: &[u8]) -> Result {
        if text.is_empty() {
            return Err(Error::NoText);
        }
        let mut command = head.as_bytes().to_vec();
        command.extend_from_slice(text);
        if text.ends_with(b"\n") || text.ends_with(b"\0") {
            // The driver takes one of each off the end, so the text itself stays whole.
            command.extend_from_slice(b"\n\0");
        }
        self.command(&command).map(drop)
    }

    fn write(&self, command: &[u8]) -> std::result::Result<(), Errno> {
        // One write is one command: there is no going on after a part of it.
        match rustix::io::write(&self.0, command)? {
            length if length == command.len() => Ok(()),
            _ => Err(Errno::IO),
        }
    }

    /// The length of the line read, or nothing by `deadline`.
    fn read_until(&self, buffer: &mut Buffer, deadline: Option<Instant>) -> Result<Option<usize>> {
        loop {
            if let Some(length) = self.read(buffer)? {
                return Ok(Some(length));
            }
            if !wait(&mut [PollFd::new(self, PollFlags::IN)], deadline)? {
                return Ok(None);
            }
        }
    }

    /// The length of the line read, if there is one.
    fn read(&self, buffer: &mut Buffer) -> Result<Option<usize>> {
        match rustix::io::read(&self.0, &mut buffer.0[..]) {
            Ok(0) => Err(Error::Ended),
            Ok(length) => Ok(Some(length)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(Errno::NOENT) => Err(Error::NotRegistered),
            Err(errno) => Err(Error::System(errno.into())),
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A process's registration; it ends when this is dropped, or with the process.
///
/// There is one for each process. It sends and receives as the [`Device`] does.
#[derive(Debug)]
pub struct Registration {
    device: Device,
    name: Name,
}

impl Registration {
    /// The name registered.
    pub fn name(&self) -> Name {
        self.name
    }
}

impl Deref for Registration {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Somebody else may have ended it already.
        let _ = self.device.write(b"/unr");
    }
}

/// Room for the longest message.
#[derive(Debug)]
pub struct Buffer(Box<[u8]>);

impl Buffer {
    /// An empty one.
    pub fn new() -> Self {
        Self(vec![0; LINE_MAX].into())
    }

    /// The message that the first `length` bytes are.
    fn message(&self, length: usize) -> Result<Message<'_>> {
        Message::new(&self.0[..length]).ok_or_else(|| {
            let line = String::from_utf8_lossy(&self.0[..length]).into_owned();
            Error::Misfit(crate::device(), format!("the line {line:?}"))
        })
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'buffer> {
    from: Name,
    line: &'buffer [u8],
    text: &'buffer [u8],
}

impl<'buffer> Message<'buffer> {
    /// The line as the driver gives it: sender, blank, text, newline.
    fn new(line: &'buffer [u8]) -> Option<Self> {
        let all = line.strip_suffix(b"\n")?;
        let blank = all.iter().position(|&byte| byte == b' ')?;
        Some(Self {
            from: Name::new(&all[..blank]).ok()?,
            line,
            text: &all[blank + 1..],
        })
    }

    /// Who sent it.
    pub fn from(&self) -> Name {
        self.from
    }

    /// What was sent.
    pub fn text(&self) -> &'buffer [u8] {
        self.text
    }

    /// The line as the driver gave it: sender, blank, text, newline.
    pub fn line(&self) -> &'buffer [u8] {
        self.line
    }
}

fn open(path: &Path, flags: OFlags) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
        .map_err(|error| Error::unreachable(path, error))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_line_is_sender_and_text() {
        for (line, from, text) in [
            (&b"bob hello\n"[..], "bob", &b"hello"[..]),
            (b"bob  a\nb\0\n\n", "bob", b" a\nb\0\n"),
        ] {
            let message = Message::new(line).unwrap();
            assert_eq!(message.from().as_str(), from);
            assert_eq!((message.text(), message.line()), (text, line));
        }
    }

    #[test]
    fn the_longest_message_fits() {
        let text = "x".repeat(CMD_BUF_SIZE.max as usize - "/b ".len());
        let line = format!("{} {text}\n", "a".repeat(NAME_MAX));
        let (ours, mut drivers) = UnixStream::pair().unwrap();
        drivers.write_all(line.as_bytes()).unwrap();
        let device = Device(OwnedFd::from(ours).into());
        let mut buffer = Buffer::new();
        let message = device.receive(&mut buffer).unwrap();
        assert!(message.line() == line.as_bytes());
    }

    #[test]
    fn what_is_no_line_is_no_message() {
        for line in [&b"bob hello"[..], b"bob\n", b"b!b hello\n", b""] {
            assert!(Message::new(line).is_none(), "{line:?}");
        }
    }
}

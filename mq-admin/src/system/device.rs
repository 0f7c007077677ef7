// SPDX-License-Identifier: GPL-2.0

//! `/dev/mq`: commands go in, messages come out.
//!
//! The file is non-blocking: whoever waits does so with [`wait`](super::wait::wait), beside
//! whatever else may happen.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use mq_policy::name::Name;
use mq_policy::paths;
use mq_policy::{limits::CMD_BUF_SIZE, name::NAME_MAX};
use rustix::fs::OFlags;
use rustix::io::{fcntl_setfd, Errno, FdFlags};

use super::{refusal, refused, unreachable, System};
use crate::error::{Error, Result, Status};

/// The longest line that the driver ever hands out, whatever its parameters are set to meanwhile.
const LINE_MAX: usize = NAME_MAX + 1 + CMD_BUF_SIZE.max as usize + 1;

/// The open device.
pub struct Device(File);

/// Room for the longest message.
pub struct Buffer(Box<[u8]>);

impl Buffer {
    pub fn new() -> Self {
        Self(vec![0; LINE_MAX].into())
    }
}

/// One message.
pub struct Message<'buffer> {
    line: &'buffer [u8],
}

/// What there was to read.
pub enum Received<'buffer> {
    Message(Message<'buffer>),
    /// Nothing is queued.
    Nothing,
    /// This process has no registration, or has none any more.
    Ended,
}

impl Device {
    /// Opens the device.
    pub fn open(system: &System) -> Result<Self> {
        open(system, OFlags::NONBLOCK).map(Self)
    }

    /// Opens it once more for the commands that this process will start: they inherit it, and act
    /// through it for this process's registration. Theirs waits in `read`, as scripts expect.
    pub fn for_children(system: &System) -> Result<OwnedFd> {
        let file = open(system, OFlags::empty())?;
        fcntl_setfd(&file, FdFlags::empty()).map_err(refused)?;
        Ok(file.into())
    }

    /// Hands the driver a command; where it is refused, `registered` helps to say why.
    pub fn command(&self, command: &[u8], registered: bool) -> Result {
        self.write(command)
            .map_err(|errno| refusal::explain(command, errno, registered))
    }

    /// Registers this process.
    pub fn register(&self, name: &Name) -> Result {
        self.command(&registering(name.as_str()), false)
    }

    /// Registers this process for no more than sending, under a name of its own making.
    pub fn register_sender(&self) -> Result {
        register_free(std::process::id(), |command| self.write(command))
    }

    /// Ends this process's registration, as the end of the process would.
    pub fn unregister(&self) {
        // Somebody else may have done so already.
        let _ = self.write(b"/unr");
    }

    /// Puts `text` into the queue of `to`.
    pub fn send(&self, to: &Name, text: &[u8]) -> Result {
        self.message(&format!("/msg {} ", to.as_str()), text)
    }

    /// Puts `text` into the queue of everybody else.
    pub fn broadcast(&self, text: &[u8]) -> Result {
        self.message("/all ", text)
    }

    /// Takes the oldest message out of this process's queue.
    pub fn receive<'buffer>(&self, buffer: &'buffer mut Buffer) -> Result<Received<'buffer>> {
        match (&self.0).read(&mut buffer.0) {
            Ok(0) => Ok(Received::Ended),
            Ok(length) => Ok(Received::Message(Message {
                line: &buffer.0[..length],
            })),
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::AGAIN | Errno::INTR) => Ok(Received::Nothing),
                Some(Errno::NOENT) => Ok(Received::Ended),
                _ => Err(Error::new(
                    Status::Failed,
                    format!("the queue cannot be read: {error}"),
                )),
            },
        }
    }

    fn message(&self, head: &str, text: &[u8]) -> Result {
        if text.is_empty() {
            return Err(Error::new(Status::Usage, "there is no text to send"));
        }
        let mut command = head.as_bytes().to_vec();
        command.extend_from_slice(text);
        if text.ends_with(b"\n") || text.ends_with(b"\0") {
            // The driver takes one of each off the end, so the text itself stays whole.
            command.extend_from_slice(b"\n\0");
        }
        self.command(&command, true)
    }

    fn write(&self, command: &[u8]) -> std::result::Result<(), Errno> {
        // One write is one command: there is no going on after a part of it.
        match rustix::io::write(&self.0, command)? {
            length if length == command.len() => Ok(()),
            _ => Err(Errno::IO),
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Message<'_> {
    /// The line as the driver gave it: sender, blank, text, newline.
    pub fn line(&self) -> &[u8] {
        self.line
    }

    /// Who sent it.
    pub fn from(&self) -> &[u8] {
        self.split().0
    }

    /// What was sent.
    pub fn text(&self) -> &[u8] {
        self.split().1
    }

    fn split(&self) -> (&[u8], &[u8]) {
        let line = self.line.strip_suffix(b"\n").unwrap_or(self.line);
        match line.iter().position(|&byte| byte == b' ') {
            Some(blank) => (&line[..blank], &line[blank + 1..]),
            None => (line, b""),
        }
    }
}

fn open(system: &System, flags: OFlags) -> Result<File> {
    let path = system.dev_root.join(paths::DEVICE);
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags.bits() as i32)
        .open(&path)
        .map_err(|error| unreachable(&path, &error))
}

fn registering(name: &str) -> Vec<u8> {
    format!("/reg {name}").into_bytes()
}

/// Registers a sender under a name made of `pid`, the first that is not taken.
///
/// The number makes a name unique within a PID namespace; the letter helps where several namespaces
/// share the device.
fn register_free(
    pid: u32,
    mut write: impl FnMut(&[u8]) -> std::result::Result<(), Errno>,
) -> Result {
    for letter in 'a'..='z' {
        let command = registering(&format!("{letter}{}", base36(pid)));
        match write(&command) {
            Err(Errno::EXIST) if letter != 'z' => {}
            result => return result.map_err(|errno| refusal::explain(&command, errno, false)),
        }
    }
    Ok(())
}

/// `number` in digits and small letters: the PIDs of Linux, up to 2^22, take five of them at most.
fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(number % 36, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &[u8]) -> Message<'_> {
        Message { line }
    }

    #[test]
    fn a_line_is_sender_and_text() {
        let simple = message(b"bob hello\n");
        assert_eq!((simple.from(), simple.text()), (&b"bob"[..], &b"hello"[..]));
        let odd = message(b"bob  a\nb\0\n\n");
        assert_eq!((odd.from(), odd.text()), (&b"bob"[..], &b" a\nb\0\n"[..]));
    }

    /// The commands written where the first `taken` names are taken, and what comes of it.
    fn tried(taken: usize, otherwise: std::result::Result<(), Errno>) -> (Vec<String>, Result) {
        let mut commands = Vec::new();
        let result = register_free(37, |command| {
            commands.push(String::from_utf8_lossy(command).into_owned());
            match commands.len() <= taken {
                true => Err(Errno::EXIST),
                false => otherwise,
            }
        });
        (commands, result)
    }

    #[test]
    fn a_sender_takes_the_first_name_that_is_free() {
        let (commands, result) = tried(0, Ok(()));
        assert_eq!(commands, ["/reg a11"]);
        assert!(result.is_ok());
        let (commands, result) = tried(2, Ok(()));
        assert_eq!(commands, ["/reg a11", "/reg b11", "/reg c11"]);
        assert!(result.is_ok());
    }

    #[test]
    fn a_sender_gives_up_where_no_other_name_would_help() {
        let (commands, result) = tried(1, Err(Errno::NOSPC));
        assert_eq!(commands.len(), 2);
        assert!(result.is_err());
        let (commands, result) = tried(99, Ok(()));
        assert_eq!(commands.len(), 26);
        assert!(result.unwrap_err().to_string().contains("z11 is taken"));
    }

    #[test]
    fn the_name_of_a_sender_fits_for_every_pid() {
        for pid in [1, 35, 36, 1 << 22, u32::MAX] {
            assert_eq!(u32::from_str_radix(&base36(pid), 36), Ok(pid));
            assert!(Name::new(format!("a{}", base36(pid)).as_bytes()).is_ok());
        }
    }
}

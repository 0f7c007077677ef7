// SPDX-License-Identifier: GPL-2.0

//! An open file of `/dev/mq`, with the outcomes of its operations as values to compare.

use std::{
    fs::{File, OpenOptions},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::OpenOptionsExt,
    },
};

use nix::{
    errno::Errno,
    fcntl::{fcntl, FcntlArg, OFlag},
    poll::{poll, PollFd, PollFlags, PollTimeout},
    unistd,
};

/// Room for any message.
const ROOM: usize = 70_000;

/// Why an operation that would wait had nothing to give.
pub const EMPTY: Result<String, Errno> = Err(Errno::EAGAIN);

/// An open file of the device.
#[derive(Debug)]
pub struct Device(File);

impl Device {
    /// Opens the device for reading and writing, waiting where there is nothing to read.
    pub fn open() -> Self {
        Self::open_with(0)
    }

    /// Opens the device so that a read does not wait.
    pub fn open_nonblocking() -> Self {
        Self::open_with(libc::O_NONBLOCK)
    }

    fn open_with(flags: i32) -> Self {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(flags);
        Self(options.open("/dev/mq").expect("open /dev/mq"))
    }

    /// Opens the device without waiting and registers the process.
    #[track_caller]
    pub fn registered(name: &str) -> Self {
        let device = Self::open_nonblocking();
        device.register(name);
        device
    }

    /// Writes one command, all of which must be taken if it is not refused.
    #[track_caller]
    pub fn command(&self, command: impl AsRef<[u8]>) -> Result<(), Errno> {
        let command = command.as_ref();
        let written = unistd::write(&self.0, command)?;
        assert_eq!(written, command.len(), "the whole length is returned");
        Ok(())
    }

    /// Registers the process, which must succeed.
    #[track_caller]
    pub fn register(&self, name: &str) {
        assert_eq!(self.command(format!("/reg {name}")), Ok(()), "/reg {name}");
    }

    /// Sends a message, which must succeed.
    #[track_caller]
    pub fn send(&self, to: &str, text: impl std::fmt::Display) {
        assert_eq!(
            self.command(format!("/msg {to} {text}")),
            Ok(()),
            "/msg {to} {text}"
        );
    }

    /// One read of up to `len` bytes.
    pub fn read_up_to(&self, len: usize) -> Result<Vec<u8>, Errno> {
        let mut buffer = vec![0; len];
        let count = unistd::read(&self.0, &mut buffer)?;
        buffer.truncate(count);
        Ok(buffer)
    }

    /// One read with room for any message, as text.
    pub fn read(&self) -> Result<String, Errno> {
        let bytes = self.read_up_to(ROOM)?;
        Ok(String::from_utf8(bytes).expect("a message of text"))
    }

    /// Reads all that is there, message by message.
    pub fn drain(&self) -> Vec<String> {
        self.wait(false);
        std::iter::from_fn(|| self.read().ok().filter(|message| !message.is_empty())).collect()
    }

    /// Sets whether a read waits where there is nothing.
    pub fn wait(&self, wait: bool) {
        let flags = if wait {
            OFlag::empty()
        } else {
            OFlag::O_NONBLOCK
        };
        fcntl(&self.0, FcntlArg::F_SETFL(flags)).expect("F_SETFL");
    }

    /// What `poll` says at once.
    pub fn events(&self) -> PollFlags {
        self.poll(PollTimeout::ZERO)
    }

    /// What `poll` says when a message is there or the registration has ended.
    pub fn poll(&self, limit: PollTimeout) -> PollFlags {
        let asked = if limit == PollTimeout::ZERO {
            PollFlags::POLLIN | PollFlags::POLLOUT
        } else {
            PollFlags::POLLIN
        };
        let mut fds = [PollFd::new(self.0.as_fd(), asked)];
        poll(&mut fds, limit).expect("poll");
        fds[0].revents().expect("events that are known")
    }

    /// Another open file descriptor of the same open file.
    pub fn duplicate(&self) -> Self {
        Self(self.0.try_clone().expect("dup"))
    }
}

impl From<std::os::fd::OwnedFd> for Device {
    fn from(fd: std::os::fd::OwnedFd) -> Self {
        Self(fd.into())
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The whole line that a message arrives as.
pub fn line(sender: &str, text: impl std::fmt::Display) -> Result<String, Errno> {
    Ok(format!("{sender} {text}\n"))
}

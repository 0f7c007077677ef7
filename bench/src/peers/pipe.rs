// SPDX-License-Identifier: GPL-2.0

//! A pipe, which knows no messages: that each read gets what one write gave is up to its users.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::unistd;

pub struct Queue {
    read: OwnedFd,
    write: OwnedFd,
}

impl super::Queue for Queue {
    fn new() -> Self {
        let (read, write) = unistd::pipe().expect("pipe");
        Self { read, write }
    }

    #[inline]
    fn send(&self, frame: &[u8]) {
        unistd::write(&self.write, frame).expect("write to a pipe");
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> usize {
        unistd::read(&self.read, buffer).expect("read from a pipe")
    }

    fn room(size: usize) -> usize {
        // A read takes whatever there is.
        size
    }

    fn holds(_: usize) -> usize {
        // It is whole pages.
        0
    }

    fn files(&self) -> Option<[RawFd; 2]> {
        Some([self.write.as_raw_fd(), self.read.as_raw_fd()])
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Requests to a device that are no reads or writes.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// `ioctl(fd, command, address)`, where the address is that of memory which the kernel checks.
pub fn at(fd: impl AsFd, command: u32, address: u64) -> nix::Result<usize> {
    // SAFETY: The driver under test copies from the address, and to none that is not in what it has
    // copied; those are of the buffers that a caller has handed to `read` below, or of an `Area`.
    let result = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), command.into(), address) };
    Errno::result(result).map(|value| value as usize)
}

/// `ioctl(fd, command, bytes)`.
pub fn with(fd: impl AsFd, command: u32, bytes: &[u8]) -> nix::Result<usize> {
    at(fd, command, bytes.as_ptr() as u64)
}

// SPDX-License-Identifier: GPL-2.0

//! Reads and writes with `RWF_NOWAIT`: for this once, nothing that would have to sleep.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// Where the file stands, as `read` and `write` take it.
const NO_OFFSET: i64 = -1;

/// A `write` that does not sleep.
pub fn write(fd: impl AsFd, bytes: &[u8]) -> nix::Result<usize> {
    let buffer = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: The kernel only reads the buffer, which outlives the call.
    let count = unsafe { libc::pwritev2(fd, &buffer, 1, NO_OFFSET, libc::RWF_NOWAIT) };
    Errno::result(count).map(|count| count as usize)
}

/// A `read` of up to `len` bytes that does not sleep.
pub fn read(fd: impl AsFd, len: usize) -> nix::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let count = read_into(fd, &mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// A `read` that does not sleep; how many bytes it has read.
pub fn read_into(fd: impl AsFd, room: &mut [u8]) -> nix::Result<usize> {
    let buffer = libc::iovec {
        iov_base: room.as_mut_ptr().cast(),
        iov_len: room.len(),
    };
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: The kernel writes to the buffer only, which outlives the call.
    let count = unsafe { libc::preadv2(fd, &buffer, 1, NO_OFFSET, libc::RWF_NOWAIT) };
    Errno::result(count).map(|count| count as usize)
}

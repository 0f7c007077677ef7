// SPDX-License-Identifier: GPL-2.0

//! Linux AIO, as far as it polls. No library wraps it: its requests are bare system calls.

use std::{
    os::fd::{AsRawFd, BorrowedFd},
    ptr,
    time::Duration,
};

use nix::errno::Errno;

const IOCB_CMD_POLL: u16 = 5;

/// What the kernel says of a request that is done.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct IoEvent {
    data: u64,
    request: u64,
    result: i64,
    result2: i64,
}

/// A context for requests. Those that are not done are given up with it.
pub struct Aio(libc::c_ulong);

impl Aio {
    /// A small one.
    pub fn new() -> Self {
        let mut context = 0;
        // SAFETY: The kernel writes the context's number.
        let result = unsafe { libc::syscall(libc::SYS_io_setup, 4, &raw mut context) };
        Errno::result(result).expect("io_setup");
        Self(context)
    }

    /// Asks to be told once of any of `events`.
    pub fn poll(&self, fd: BorrowedFd, events: i16) -> nix::Result<()> {
        // SAFETY: All-zero is a valid value of this plain structure.
        let mut request: libc::iocb = unsafe { std::mem::zeroed() };
        request.aio_lio_opcode = IOCB_CMD_POLL;
        request.aio_fildes = fd.as_raw_fd() as u32;
        request.aio_buf = events as u64;
        let requests = [&raw mut request];
        // SAFETY: The request is copied in before the call returns.
        let result = unsafe { libc::syscall(libc::SYS_io_submit, self.0, 1, requests.as_ptr()) };
        Errno::result(result).map(drop)
    }

    /// The events of a request that is done within `limit`; there may be more than were asked for.
    pub fn told(&self, limit: Duration) -> Option<i16> {
        let mut event = IoEvent::default();
        let limit = libc::timespec {
            tv_sec: limit.as_secs() as i64,
            tv_nsec: i64::from(limit.subsec_nanos()),
        };
        // SAFETY: There is room for the one event that is asked for.
        let result = unsafe {
            libc::syscall(
                libc::SYS_io_getevents,
                self.0,
                1,
                1,
                ptr::from_mut(&mut event),
                ptr::from_ref(&limit),
            )
        };
        let count = Errno::result(result).expect("io_getevents");
        (count == 1).then_some(event.result as i16)
    }
}

impl Drop for Aio {
    fn drop(&mut self) {
        // SAFETY: The call takes a number; no request has a buffer.
        unsafe { libc::syscall(libc::SYS_io_destroy, self.0) };
    }
}

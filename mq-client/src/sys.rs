// SPDX-License-Identifier: GPL-2.0

//! System calls that no crate wraps safely, as functions: the one file of this crate with `unsafe`
//! code.
//!
//! The structures are the driver's own definitions. What an error means is not said here.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::os::fd::AsFd;
#[cfg(feature = "tokio")]
use std::os::fd::OwnedFd;

use mq_policy::uapi::{
    Format, Receive, Registration, IOC_RECEIVE, IOC_REGISTER, IOC_SET_FORMAT, IOC_UNREGISTER,
};
use rustix::io::Result;
use rustix::ioctl::{ioctl, Ioctl, IoctlOutput, Opcode};
#[cfg(feature = "tokio")]
use tokio::io::{unix::AsyncFd, Interest};

/// Sets what reading and writing `file` mean.
pub(crate) fn set_format(file: impl AsFd, format: Format) -> Result<()> {
    let request = Request {
        opcode: IOC_SET_FORMAT,
        argument: format,
    };
    // SAFETY: The kernel reads one `Format` where `as_ptr` points, and writes nothing.
    unsafe { ioctl(file, request) }.map(drop)
}

/// Makes a registration that belongs to `file`.
pub(crate) fn register(file: impl AsFd, registration: Registration) -> Result<()> {
    let request = Request {
        opcode: IOC_REGISTER,
        argument: registration,
    };
    // SAFETY: The kernel reads one `Registration` where `as_ptr` points, and writes nothing.
    unsafe { ioctl(file, request) }.map(drop)
}

/// Ends the registration that belongs to `file`.
pub(crate) fn unregister(file: impl AsFd) -> Result<()> {
    let request = Request {
        opcode: IOC_UNREGISTER,
        argument: (),
    };
    // SAFETY: The kernel does not look at the argument.
    unsafe { ioctl(file, request) }.map(drop)
}

/// Receives what `wanted` says into `room`, whose place and size this adds. Gives the number of
/// bytes.
pub(crate) fn receive(file: impl AsFd, wanted: Receive, room: &mut [u8]) -> Result<usize> {
    let request = Request {
        opcode: IOC_RECEIVE,
        argument: Receive {
            buffer: room.as_mut_ptr() as u64,
            size: u32::try_from(room.len()).unwrap_or(u32::MAX),
            ..wanted
        },
    };
    // SAFETY: The kernel reads one `Receive` where `as_ptr` points, and writes at most `size` bytes
    // from `buffer` on. These are bytes of `room`, which is borrowed for as long as this takes.
    unsafe { ioctl(file, request) }
}

/// An ioctl whose result is its return value.
struct Request<T> {
    opcode: u32,
    argument: T,
}

// SAFETY: `as_ptr` points to the argument, which lives as long as this does; `output_from_ptr` does
// not use the pointer. That the request fits to the type of the argument is proved by those above.
unsafe impl<T> Ioctl for Request<T> {
    type Output = usize;

    // The argument is only read, but room that it points to may be written.
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        self.opcode as Opcode
    }

    fn as_ptr(&mut self) -> *mut c_void {
        (&raw mut self.argument).cast()
    }

    unsafe fn output_from_ptr(output: IoctlOutput, _: *mut c_void) -> Result<usize> {
        // Never the default: a failure is told by an error number instead.
        Ok(usize::try_from(output).unwrap_or(0))
    }
}

/// Lets tokio tell when `file` can be read.
#[cfg(feature = "tokio")]
pub(crate) fn awaitable(file: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: An `OwnedFd` gives the same descriptor each time, which is open until it is dropped.
    unsafe { AsyncFd::register_with_interest(file, Interest::READABLE) }.map_err(Into::into)
}

// SPDX-License-Identifier: GPL-2.0

//! Named message queues for programs: register, send and receive through `/dev/mq`.
//!
//! - [`Name`] is a name that a registration can have.
//! - [`text`] is the interface of `echo` and `read`: a process, its registration, lines.
//! - [`watch`] tells who is registered, and what waits in the queues.
//! - [`wait`](mod@wait) is for programs that wait for more than the device.
//! - [`Error`] says what went wrong and what to do about it.
//!
//! What may be sent, how queues overflow and who acts through an open file is the driver's business
//! and told in its README. Nothing here steers the driver: that is what `mq-admin` is for.

pub mod text;
pub mod wait;
pub mod watch;

mod error;
mod name;
mod refusal;

pub use error::{Error, Result};
pub use name::Name;

use std::path::{Path, PathBuf};

use mq_policy::paths;

/// Where the device is.
fn device() -> PathBuf {
    Path::new("/dev").join(paths::DEVICE)
}

/// Where the registrations are listed.
fn listing() -> PathBuf {
    Path::new("/proc").join(paths::DEVICE)
}

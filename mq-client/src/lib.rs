// SPDX-License-Identifier: GPL-2.0

//! Named message queues for programs: register, send and receive through `/dev/mq`.
#![doc = example!("first")]
//! - [`Device`] is the open device, and [`Registration`] a name that is registered through it.
//! - [`Outgoing`] is a message to be sent: to whom, how urgent, and what to do where there is no
//!   room for it. [`Message`] is one that was received, and [`Wanted`] says which one to receive.
//! - [`watch`] tells who is registered, and what waits in the queues.
//! - [`text`] is the interface of `echo` and `read`, for those who share an open file with scripts.
//! - [`wait`](mod@wait) is for programs that wait for more than the device.
//! - [`Error`] says what went wrong and what to do about it.
#![cfg_attr(
    feature = "tokio",
    doc = "- [`Async`] is for programs that run on tokio."
)]
//!
//! What may be sent, how queues overflow and who acts through an open file is the driver's business
//! and told in its README and in mq(4). Nothing here steers the driver: that is what `mq-admin` is
//! for.

/// An example of the documentation. It needs the device, so the tests of the guest run it.
macro_rules! example {
    ($name:literal) => {
        concat!(
            "\n```no_run\n",
            include_str!(concat!("../doc/", $name, ".rs")),
            "```\n"
        )
    };
}
use example;

pub mod text;
pub mod wait;
pub mod watch;

mod device;
mod error;
mod message;
mod name;
mod outgoing;
mod refusal;
mod registration;
mod sender;
mod sys;
#[cfg(feature = "tokio")]
mod tokio;
mod wanted;

use std::path::{Path, PathBuf};

use mq_policy::paths;

#[cfg(feature = "tokio")]
pub use self::tokio::Async;
pub use device::Device;
pub use error::{Error, Result};
pub use message::{Buffer, Message, Messages};
pub use name::Name;
pub use outgoing::Outgoing;
pub use registration::Registration;
pub use wanted::Wanted;

/// Where the device is.
fn device() -> PathBuf {
    Path::new("/dev").join(paths::DEVICE)
}

/// Where the registrations are listed.
fn listing() -> PathBuf {
    Path::new("/proc").join(paths::DEVICE)
}

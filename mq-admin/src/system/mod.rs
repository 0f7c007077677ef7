// SPDX-License-Identifier: GPL-2.0

//! All that this program touches of the system: `/proc`, `/sys` and `/dev`, one file for each.
//!
//! Commands get structures and sentences from here and never a path of their own. The device and
//! `/proc/mq` are reached through the client library.

pub mod device;
pub mod queues;
pub mod sysfs;
pub mod tracefs;

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Where the system's file systems are mounted; tests put a made-up tree there.
#[derive(Debug, clap::Args)]
pub struct System {
    #[arg(long, hide = true, global = true, default_value = "/proc")]
    proc_root: PathBuf,
    #[arg(long, hide = true, global = true, default_value = "/sys")]
    sys_root: PathBuf,
    #[arg(long, hide = true, global = true, default_value = "/dev")]
    dev_root: PathBuf,
}

/// The failure to get at `path`, which the driver provides.
fn unreachable(path: &Path, error: io::Error) -> Error {
    mq_client::Error::unreachable(path, error).into()
}

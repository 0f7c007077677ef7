// SPDX-License-Identifier: GPL-2.0

//! All that this program touches of the system: `/proc`, `/sys` and `/dev`, one file for each.
//!
//! Commands get structures and sentences from here and never a path of their own.

pub mod device;
pub mod queues;
pub mod refusal;
pub mod registration;
pub mod sysfs;
pub mod tracefs;
pub mod wait;

use std::io;
use std::path::{Path, PathBuf};

use mq_policy::paths;
use rustix::io::Errno;

use crate::error::{Error, Status};

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
fn unreachable(path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(
            Status::DriverAbsent,
            format!(
                "there is no {path}: the driver is not loaded; load it with `modprobe {}`",
                paths::MODULE
            ),
        ),
        io::ErrorKind::PermissionDenied => Error::new(
            Status::NoRights,
            format!("no rights for {path}: run this as root"),
        ),
        _ => Error::new(Status::Failed, format!("{path} cannot be used: {error}")),
    }
}

/// The failure of a system call that has no business to fail.
fn refused(errno: Errno) -> Error {
    Error::new(
        Status::Failed,
        format!("the system refused: {}", io::Error::from(errno)),
    )
}

// SPDX-License-Identifier: GPL-2.0

//! The driver's tracepoints, through an instance of tracefs that nobody else is disturbed by.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mq_policy::paths;
use rustix::fs::OFlags;

use super::{unreachable, System};
use crate::error::{Error, Result, Status};

/// The instance. It has one name, so that one left behind by a process that was killed is found and
/// removed by the next.
const INSTANCE: &str = "instances/mq-admin";

/// Turns all tracepoints of the driver on and off.
const SWITCH: &str = "events/mq/enable";

/// The running trace; it stops when this is dropped.
pub struct Trace {
    // Closed first: the instance cannot be removed while this is open.
    pipe: File,
    instance: Instance,
}

impl Trace {
    /// Turns the tracepoints on.
    pub fn start(system: &System) -> Result<Self> {
        let tracefs = system.sys_root.join("kernel/tracing");
        check(&tracefs)?;
        let instance = Instance::make(tracefs.join(INSTANCE))?;
        let pipe = instance
            .prepare()
            .map_err(|error| unreachable(&instance.0, error))?;
        Ok(Self { pipe, instance })
    }

    /// Reads what has been traced; nothing, if there is nothing yet.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self.pipe.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result.map_err(|error| unreachable(&self.instance.0, error)),
        }
    }
}

impl AsFd for Trace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

/// Says what is missing, if something is.
fn check(tracefs: &Path) -> Result {
    match fs::metadata(tracefs.join("events")) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let path = tracefs.display();
            return Err(Error::new(
                Status::Failed,
                format!(
                    "there is no tracefs at {path}: \
                     mount it with `mount -t tracefs tracefs {path}`, if this kernel has it"
                ),
            ));
        }
        Err(error) => return Err(unreachable(tracefs, error)),
    }
    if tracefs.join(SWITCH).exists() {
        return Ok(());
    }
    Err(Error::new(
        Status::DriverAbsent,
        format!(
            "the driver's tracepoints are absent: load it with `modprobe {}`",
            paths::MODULE
        ),
    ))
}

/// The directory of the instance; removed when this is dropped.
struct Instance(PathBuf);

impl Instance {
    fn make(path: PathBuf) -> Result<Self> {
        let made = match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_dir(&path).and_then(|()| fs::create_dir(&path))
            }
            result => result,
        };
        match made {
            Ok(()) => Ok(Self(path)),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Err(Error::new(
                Status::Unavailable,
                "another `mq-admin trace` is running: end that one first",
            )),
            Err(error) => Err(unreachable(&path, error)),
        }
    }

    fn prepare(&self) -> io::Result<File> {
        // Wake a reader at the first event, not when half a buffer is full.
        self.set("buffer_percent", "0")?;
        self.set(SWITCH, "1")?;
        OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits() as i32)
            .open(self.0.join("trace_pipe"))
    }

    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .open(self.0.join(file))?
            .write_all(value.as_bytes())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next trace.
        let _ = self.set(SWITCH, "0");
        let _ = fs::remove_dir(&self.0);
    }
}

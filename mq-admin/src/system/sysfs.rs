// SPDX-License-Identifier: GPL-2.0

//! The driver's attributes in sysfs: one registration, the parameters, the statistics, `flush`
//! and `evict`.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mq_client::watch::Entry;
use mq_client::{Error, Name};
use mq_policy::limits::Parameter;
use mq_policy::paths;

use super::{unreachable, System};
use crate::error::Result;

/// What is written to `flush` for all queues; no name can be this.
const ALL: &str = "*";

impl System {
    fn attributes(&self) -> PathBuf {
        self.sys_root.join("class/misc").join(paths::DEVICE)
    }

    /// The registration called `name`, or the refusal that there is none.
    pub fn registration(&self, name: Name) -> Result<Entry> {
        let device = self.attributes();
        let queue = device.join(paths::QUEUES).join(name.as_str());
        Entry::new(name, |attribute| read(&queue.join(attribute))).map_err(|error| {
            if !is_gone(&error) || !device.is_dir() {
                unreachable(&device, error)
            } else {
                Error::NoSuchName(name).into()
            }
        })
    }

    /// The value of `parameter` in force.
    pub fn parameter(&self, parameter: &Parameter) -> Result<u64> {
        self.attribute(parameter.attribute)
    }

    /// Puts `value` in force for `parameter`.
    pub fn set_parameter(&self, parameter: &Parameter, value: u32) -> Result {
        let path = self.attributes().join(parameter.attribute);
        write(&path, &value.to_string()).map_err(|error| unreachable(&path, error))
    }

    /// Discards what is queued for `name`.
    pub fn flush(&self, name: Name) -> Result {
        self.act("flush", Some(name))
    }

    /// Discards what is queued for anybody.
    pub fn flush_all(&self) -> Result {
        self.act("flush", None)
    }

    /// Ends the registration called `name`.
    pub fn evict(&self, name: Name) -> Result {
        self.act("evict", Some(name))
    }

    /// The driver's statistics, by their names.
    pub fn stats(&self) -> Result<BTreeMap<String, u64>> {
        let directory = self.attributes().join(paths::STATS);
        let value = |file: io::Result<DirEntry>| {
            let file = file?;
            Ok((
                file.file_name().to_string_lossy().into(),
                read(&file.path())?,
            ))
        };
        fs::read_dir(&directory)
            .and_then(|files| files.map(value).collect())
            .map_err(|error| unreachable(&directory, error))
    }

    fn attribute(&self, attribute: &str) -> Result<u64> {
        let path = self.attributes().join(attribute);
        read(&path).map_err(|error| unreachable(&path, error))
    }

    fn act(&self, attribute: &str, name: Option<Name>) -> Result {
        let path = self.attributes().join(attribute);
        let whom = name.as_ref().map_or(ALL, Name::as_str);
        write(&path, whom).map_err(|error| match name {
            Some(name) if is_gone(&error) && path.exists() => Error::NoSuchName(name).into(),
            _ => unreachable(&path, error),
        })
    }
}

/// Whether the file's registration has ended: before it was opened, or while it was.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error())
}

fn read(path: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    text.trim().parse().map_err(|_| {
        let sentence = format!("it holds {:?}, not a number", text.trim());
        io::Error::new(io::ErrorKind::InvalidData, sentence)
    })
}

/// Writes an attribute in one piece, never making the file: sysfs makes its own.
fn write(path: &Path, value: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(path)?
        .write_all(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_registration_ends_before_its_files_are_opened_or_while_they_are() {
        for (errno, gone) in [
            (Errno::NOENT, true),
            (Errno::NODEV, true),
            (Errno::IO, false),
        ] {
            assert_eq!(is_gone(&errno.into()), gone, "{errno}");
        }
    }
}

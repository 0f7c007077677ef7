// SPDX-License-Identifier: GPL-2.0

//! The device's attributes in sysfs.

use std::{
    fs::{self, OpenOptions},
    path::Path,
};

use nix::{errno::Errno, unistd};

const DEVICE: &str = "/sys/class/misc/mq";

/// The attributes that are parameters.
const PARAMETERS: [&str; 6] = [
    "max_devices",
    "queue_len",
    "cmd_buf_size",
    "max_per_user",
    "queue_bytes",
    "max_bytes_per_user",
];

/// The file of an attribute.
pub fn path(attribute: &str) -> String {
    format!("{DEVICE}/{attribute}")
}

/// An attribute's value, or nothing if it is not there (any more).
pub fn get(attribute: &str) -> Option<u64> {
    fs::read_to_string(path(attribute))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Writes an attribute by one `write`.
pub fn put(attribute: &str, value: impl ToString) -> Result<(), Errno> {
    write_once(&path(attribute), &value.to_string())
}

/// Writes an attribute, which must succeed.
#[track_caller]
pub fn set(attribute: &str, value: impl ToString) {
    assert_eq!(
        put(attribute, value.to_string()),
        Ok(()),
        "{attribute} := {}",
        value.to_string()
    );
}

/// Writes `value` to the file `path` by one `write`.
pub fn write_once(path: &str, value: &str) -> Result<(), Errno> {
    let error = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
    let file = OpenOptions::new().write(true).open(path).map_err(error)?;
    unistd::write(&file, value.as_bytes()).map(drop)
}

/// Registrations there are.
pub fn registrations() -> u64 {
    get("registered").expect("the attribute `registered`")
}

/// Whether `name` is registered, found out without running any of the driver's code.
pub fn is_registered(name: &str) -> bool {
    Path::new(&format!("{DEVICE}/queues/{name}")).exists()
}

/// The parameters in force, to be put back after a test.
#[derive(PartialEq)]
pub struct Parameters([Option<u64>; PARAMETERS.len()]);

impl Parameters {
    /// Those in force now.
    pub fn read() -> Self {
        Self(PARAMETERS.map(get))
    }

    /// Puts back what has changed.
    pub fn restore(&self) {
        for (name, value) in PARAMETERS.iter().zip(self.0) {
            if let Some(value) = value.filter(|_| get(name) != value) {
                set(name, value);
            }
        }
    }
}

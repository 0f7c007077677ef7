// SPDX-License-Identifier: GPL-2.0

//! The loaded driver and its parameters, which go back to what they were when the benchmark ends.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use mq_policy::paths::QUEUES;

const FOLDER: &str = "/sys/class/misc/mq";

/// How many messages a queue holds if nobody says otherwise.
pub const DEFAULT_QUEUE_LEN: usize = 8;

/// How many messages a queue holds here.
pub const QUEUE_LEN: usize = 2048;

/// What the cases need.
const NEEDED: [(&str, u32); 4] = [
    ("max_devices", 20_000),
    ("queue_len", QUEUE_LEN as u32),
    ("cmd_buf_size", 65_536),
    ("max_per_user", 20_000),
];

/// Parameters as the benchmark needs them.
pub struct Driver {
    before: Vec<(&'static str, String)>,
}

impl Driver {
    /// Sets them.
    pub fn set_up() -> Result<Self, String> {
        if !Path::new(FOLDER).exists() {
            return Err(
                "the driver is not loaded: run 'modprobe mq_driver', or leave it out by --peer"
                    .to_owned(),
            );
        }
        let mut driver = Self { before: Vec::new() };
        for (name, value) in NEEDED {
            let file = format!("{FOLDER}/{name}");
            let before = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
            driver.before.push((name, before));
            fs::write(&file, value.to_string())
                .map_err(|error| format!("{file}: {error}: the benchmark has to run as root"))?;
        }
        Ok(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        for (name, value) in &self.before {
            // What was read there can be written there, and at the end nobody is left to be told.
            let _ = fs::write(format!("{FOLDER}/{name}"), value);
        }
    }
}

/// Waits until nothing is left of registrations whose names begin so: those of processes that have
/// been killed are taken apart in the background.
pub fn wait_until_gone(prefix: &str) {
    const LIMIT: Duration = Duration::from_secs(60);
    const STEP: Duration = Duration::from_millis(10);
    let start = Instant::now();
    loop {
        let left = fs::read_dir(format!("{FOLDER}/{QUEUES}"))
            .expect("list the registrations")
            .map(|entry| entry.expect("list the registrations").file_name())
            .filter(|name| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
            .count();
        // What is shown no more is gone a moment later.
        thread::sleep(STEP);
        if left == 0 {
            return;
        }
        assert!(
            start.elapsed() < LIMIT,
            "{left} registrations have not gone within a minute"
        );
    }
}

/// Sets how many messages the queues of later registrations hold.
pub fn set_queue_len(len: usize) {
    fs::write(format!("{FOLDER}/queue_len"), len.to_string()).expect("set queue_len");
}

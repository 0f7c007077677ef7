// SPDX-License-Identifier: GPL-2.0

//! What must hold after each sequence: the kernel has reported nothing, nobody is registered who has
//! not been evicted, and the accounts balance.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::{FileExt, OpenOptionsExt},
    time::{Duration, Instant},
};

use super::{
    crew::Sequence,
    step::{Action, Code, Step},
};
use crate::{listing, sysfs, wait};

/// What the kernel says when it has found a defect in itself or in the driver.
const DEFECTS: [&str; 10] = [
    "WARNING: ",
    "BUG: ",
    "INFO: ",
    "Oops",
    "panicked at",
    "general protection fault",
    "UBSAN: ",
    "ODEBUG: ",
    "refcount_t: ",
    "cut here",
];

/// Messages that were put into queues, and then all ways for them to leave.
const ACCOUNTS: [&str; 5] = [
    "deliveries",
    "reads",
    "dropped_overflow",
    "dropped_flush",
    "dropped_end",
];

/// How long what a thread of the kernel still does may take.
const REST: Duration = Duration::from_secs(20);

/// The judge.
pub struct Judge {
    log: File,
    accounts: [File; ACCOUNTS.len()],
    parameters: sysfs::Parameters,
}

impl Judge {
    /// Judges what comes after this.
    pub fn new() -> Self {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(libc::O_NONBLOCK);
        let mut log = options.open("/dev/kmsg").expect("/dev/kmsg");
        log.seek(SeekFrom::End(0)).expect("the end of the log");
        Self {
            log,
            accounts: ACCOUNTS.map(|name| {
                let path = format!("/sys/class/misc/mq/stats/{name}");
                File::open(&path).expect(&path)
            }),
            parameters: sysfs::Parameters::read(),
        }
    }

    /// What is wrong, if anything, after a sequence. Makes things as they were.
    pub fn judge(&mut self, sequence: &Sequence) -> Result<(), String> {
        let steers = |code: &Code| matches!(Step::new(*code).action, Action::Administer { .. });
        if sequence.steps.iter().any(steers) {
            self.parameters.restore();
        }
        if sysfs::registrations() != 0 {
            for row in listing::rows() {
                // It may have ended by itself.
                let _ = sysfs::put("evict", row.name);
            }
            if !wait::comes_true(|| sysfs::registrations() == 0) {
                return Err(format!("registered still: {:?}", listing::rows()));
            }
        }
        self.balance()?;
        self.reports()
    }

    /// What the kernel has reported since the last time.
    fn reports(&mut self) -> Result<(), String> {
        let mut record = [0; 8192];
        loop {
            let line = match self.log.read(&mut record) {
                Ok(len) => String::from_utf8_lossy(&record[..len]).into_owned(),
                Err(error) if error.raw_os_error() == Some(libc::EPIPE) => continue,
                Err(_) => return Ok(()),
            };
            if DEFECTS.iter().any(|defect| line.contains(defect)) {
                return Err(format!("the kernel reports: {}", line.trim_end()));
            }
        }
    }

    fn balance(&self) -> Result<(), String> {
        let deadline = Instant::now() + REST;
        loop {
            let [deliveries, left @ ..] = self.accounts.each_ref().map(number);
            if deliveries == left.iter().sum() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!(
                    "{deliveries} deliveries, of which {left:?} have left"
                ));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn number(file: &File) -> u64 {
    let mut text = [0; 24];
    let len = file.read_at(&mut text, 0).expect("an account");
    let text = String::from_utf8_lossy(&text[..len]);
    text.trim().parse().expect("a number")
}

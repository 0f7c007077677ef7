// SPDX-License-Identifier: GPL-2.0

//! `/proc`: all registrations at once, and what is known of their processes.

use std::fs;

use mq_client::watch::{self, Entry};
use mq_policy::paths;

use super::System;
use crate::error::Result;
use crate::text;

impl System {
    /// All registrations, in the order in which they registered.
    pub fn registrations(&self) -> Result<Vec<Entry>> {
        Ok(watch::list_at(&self.proc_root.join(paths::DEVICE))?)
    }

    /// The name of the program that process `pid` runs; empty if there is none such.
    pub fn program(&self, pid: u64) -> String {
        // 0 stands for a process that this PID namespace does not show.
        if pid == 0 {
            return String::new();
        }
        let path = self.proc_root.join(pid.to_string()).join("comm");
        let name = fs::read(path).unwrap_or_default();
        text::printable(name.trim_ascii_end(), false)
    }
}

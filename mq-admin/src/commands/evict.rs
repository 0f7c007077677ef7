// SPDX-License-Identifier: GPL-2.0

//! `evict`: ends a registration from outside, and says whose it was and what was lost.
//!
//! It was looked up just before: the driver, which knows names only, does not answer with more.

use crate::cli::Evict;
use crate::error::Result;
use crate::output;
use crate::system::System;
use crate::text::messages;

pub fn run(system: &System, options: &Evict) -> Result {
    let name = options.name;
    let before = system.registration(name)?;
    system.evict(name)?;
    let process = match (before.pid, system.program(before.pid)) {
        (0, _) => "a process of another PID namespace".to_owned(),
        (pid, program) if program.is_empty() => format!("process {pid}"),
        (pid, program) => format!("process {pid} ({program})"),
    };
    let discarded = messages(before.depth);
    output::line(format_args!(
        "{name}: registration of {process} ended, {discarded} discarded"
    ))
}

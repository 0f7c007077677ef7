// SPDX-License-Identifier: GPL-2.0

//! `flush`: discards what is queued, and says how much that was.
//!
//! The driver does not answer a flush with a number. What a queue had lost before and what it has
//! lost afterwards tells it, unless the queue also overflowed in between.

use std::collections::HashMap;

use crate::cli::Flush;
use crate::error::Result;
use crate::output;
use crate::system::registration::Registration;
use crate::system::System;
use crate::text::messages;

pub fn run(system: &System, options: &Flush) -> Result {
    match &options.name {
        Some(name) => one(system, name.as_str()),
        None => all(system),
    }
}

fn one(system: &System, name: &str) -> Result {
    let before = system.registration(name)?;
    system.flush(name)?;
    let discarded = lost(&before, &system.registration(name)?);
    output::line(format_args!("{name}: {} discarded", messages(discarded)))
}

fn all(system: &System) -> Result {
    let before = system.registrations()?;
    system.flush_all()?;
    let after = system.registrations()?;
    let before: HashMap<&str, &Registration> = before
        .iter()
        .map(|registration| (registration.name.as_str(), registration))
        .collect();
    let lost_by_each: Vec<(&str, u64)> = after
        .iter()
        .filter_map(|now| Some((now.name.as_str(), lost(before.get(now.name.as_str())?, now))))
        .filter(|&(_, discarded)| discarded > 0)
        .collect();
    output::print(|out| {
        for (name, discarded) in &lost_by_each {
            writeln!(out, "{name}: {} discarded", messages(*discarded))?;
        }
        let total = lost_by_each.iter().map(|(_, discarded)| discarded).sum();
        writeln!(out, "{} discarded in all", messages(total))
    })
}

/// What went from a queue between two looks at it: nothing that is known if they were at two
/// registrations, the second one under the name of the first.
fn lost(before: &Registration, after: &Registration) -> u64 {
    if before.pid != after.pid {
        return 0;
    }
    after.dropped.saturating_sub(before.dropped)
}

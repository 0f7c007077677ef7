// SPDX-License-Identifier: GPL-2.0

//! `flush`: discards what is queued, and says how much that was.
//!
//! The driver flushes the queue of whoever has the name at that moment, and does not answer with a
//! number. What a queue had lost before and what it has lost afterwards tells it, unless the queue
//! also overflowed in between. Where the name went from one registration to another between the two
//! looks, nobody knows which of them was flushed, and no number is made up.

use std::collections::HashMap;

use mq_client::watch::Entry;
use mq_client::Name;

use crate::cli::Flush;
use crate::error::{Error, Result, Status};
use crate::output;
use crate::system::System;
use crate::text::messages;

pub fn run(system: &System, options: &Flush) -> Result {
    match &options.name {
        Some(name) => one(system, *name),
        None => all(system),
    }
}

fn one(system: &System, name: Name) -> Result {
    let before = system.registration(name)?;
    system.flush(name)?;
    let discarded = lost(&before, &system.registration(name)?).ok_or_else(|| {
        Error::new(
            Status::Failed,
            format!(
                "{name} was registered anew meanwhile, and may not have been flushed: \
                 see `mq-admin show {name}`"
            ),
        )
    })?;
    output::line(format_args!("{name}: {} discarded", messages(discarded)))
}

fn all(system: &System) -> Result {
    let before = system.registrations()?;
    system.flush_all()?;
    let after = system.registrations()?;
    let before: HashMap<Name, &Entry> = before
        .iter()
        .map(|registration| (registration.name, registration))
        .collect();
    let lost_by_each: Vec<(Name, u64)> = after
        .iter()
        .filter_map(|now| Some((now.name, lost(before.get(&now.name)?, now)?)))
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

/// What a queue lost between two looks at it; nothing where they were at two registrations: their
/// processes differ, or a count went back.
fn lost(before: &Entry, after: &Entry) -> Option<u64> {
    if before.pid != after.pid || before.received > after.received {
        return None;
    }
    after.dropped.checked_sub(before.dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob(pid: u64, received: u64, dropped: u64) -> Entry {
        Entry {
            name: "bob".parse().unwrap(),
            pid,
            uid: 0,
            depth: 0,
            len: 8,
            sent: 0,
            received,
            dropped,
            bytes: 0,
            waiting: 0,
        }
    }

    #[test]
    fn only_one_registration_has_lost_something() {
        let before = bob(1, 20, 3);
        assert_eq!(lost(&before, &bob(1, 20, 3)), Some(0));
        assert_eq!(lost(&before, &bob(1, 21, 8)), Some(5));
        assert_eq!(lost(&before, &bob(2, 21, 8)), None);
        assert_eq!(lost(&before, &bob(1, 19, 8)), None);
        assert_eq!(lost(&before, &bob(1, 21, 2)), None);
    }
}

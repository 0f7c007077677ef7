// SPDX-License-Identifier: GPL-2.0

//! `stats`: what the driver has counted since it was loaded.
//!
//! Which statistics there are is the driver's to say: each is a file of its own name.

use crate::cli::Stats;
use crate::error::Result;
use crate::output;
use crate::system::System;
use crate::table;

pub fn run(system: &System, options: &Stats) -> Result {
    let stats = system.stats()?;
    let width = stats.keys().map(String::len).max().unwrap_or(0);
    output::print(|out| {
        if options.json {
            return table::json(out, &stats);
        }
        stats
            .iter()
            .try_for_each(|(name, value)| writeln!(out, "{name:<width$}  {value}"))
    })
}

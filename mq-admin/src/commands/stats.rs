// SPDX-License-Identifier: GPL-2.0

//! `stats`: what the driver has counted since it was loaded.
//!
//! Which totals there are is the driver's to say: each is a file, whose name is that of the total.

use std::collections::BTreeMap;

use crate::cli::Stats;
use crate::error::Result;
use crate::output;
use crate::system::System;
use crate::table;

pub fn run(system: &System, options: &Stats) -> Result {
    let totals: BTreeMap<String, u64> = system.totals()?;
    let width = totals.keys().map(String::len).max().unwrap_or(0);
    output::print(|out| {
        if options.json {
            return table::json(out, &totals);
        }
        totals
            .iter()
            .try_for_each(|(name, total)| writeln!(out, "{name:<width$}  {total}"))
    })
}

// SPDX-License-Identifier: GPL-2.0

//! `show`: everything about one registration.

use crate::cli::Show;
use crate::columns::{self, Column, COLUMNS};
use crate::error::Result;
use crate::output;
use crate::system::System;
use crate::table;

pub fn run(system: &System, options: &Show) -> Result {
    let registration = system.registration(options.name)?;
    let all: Vec<&Column> = COLUMNS.iter().collect();
    let table = columns::table(system, &all, &[registration]);
    output::print(|out| {
        if options.json {
            table
                .records()
                .try_for_each(|record| table::json(out, &record))
        } else {
            table.upright(out)
        }
    })
}

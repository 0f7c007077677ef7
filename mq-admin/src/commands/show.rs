// SPDX-License-Identifier: GPL-2.0

//! `show`: everything about one registration.

use crate::cli::Show;
use crate::columns::{Column, COLUMNS};
use crate::error::Result;
use crate::output;
use crate::system::System;
use crate::table::{self, Row};

pub fn run(system: &System, options: &Show) -> Result {
    let registration = system.registration(options.name.as_str())?;
    let columns: Vec<&Column> = COLUMNS.iter().collect();
    let row = Row::new(system, &columns, &registration);
    output::print(|out| {
        if options.json {
            table::json(out, &row)
        } else {
            row.upright(out)
        }
    })
}

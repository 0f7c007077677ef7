// SPDX-License-Identifier: GPL-2.0

//! `list`: all registrations, chosen columns of them, in a chosen order.

use std::io::{self, IsTerminal};

use serde::Serialize;

use crate::cli::List;
use crate::columns::Column;
use crate::error::Result;
use crate::output;
use crate::system::System;
use crate::table::{self, Row};

#[derive(Serialize)]
struct Listing<'rows> {
    registrations: &'rows [Row<'rows>],
}

pub fn run(system: &System, options: &List) -> Result {
    let mut registrations = system.registrations()?;
    if let Some(column) = options.sort {
        registrations.sort_by_cached_key(|registration| column.value(system, registration));
    }
    if options.reverse {
        registrations.reverse();
    }
    let columns = match &options.output[..] {
        [] => Column::standard(),
        chosen => chosen.to_vec(),
    };
    let rows: Vec<Row> = registrations
        .iter()
        .map(|registration| Row::new(system, &columns, registration))
        .collect();
    let headings = !options.noheadings;
    output::print(|out| {
        if options.json {
            let registrations = &rows;
            table::json(out, &Listing { registrations })
        } else if options.raw || !(options.aligned || io::stdout().is_terminal()) {
            table::raw(out, &columns, headings, &rows)
        } else {
            table::aligned(out, &columns, headings, &rows)
        }
    })
}

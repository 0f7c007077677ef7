// SPDX-License-Identifier: GPL-2.0

//! `list`: all registrations, chosen columns of them, in a chosen order.

use std::io::{self, IsTerminal};

use serde::Serialize;

use crate::cli::List;
use crate::columns::{self, Column};
use crate::error::Result;
use crate::output;
use crate::system::System;
use crate::table::{self, Record};

#[derive(Serialize)]
struct Listing<'table> {
    registrations: Vec<Record<'table>>,
}

pub fn run(system: &System, options: &List) -> Result {
    let mut registrations = system.registrations()?;
    if let Some(column) = options.sort {
        registrations.sort_by_cached_key(|registration| column.cell(system, registration));
    }
    if options.reverse {
        registrations.reverse();
    }
    let chosen = match &options.output[..] {
        [] => Column::standard(),
        chosen => chosen.to_vec(),
    };
    let table = columns::table(system, &chosen, &registrations);
    let headings = !options.noheadings;
    output::print(|out| {
        if options.json {
            let registrations = table.records().collect();
            table::json(out, &Listing { registrations })
        } else if options.raw || !(options.aligned || io::stdout().is_terminal()) {
            table.raw(out, headings)
        } else {
            table.aligned(out, headings)
        }
    })
}

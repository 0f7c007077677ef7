// SPDX-License-Identifier: GPL-2.0

//! `params`: the driver's parameters, shown, or set and confirmed.

use mq_policy::limits::PARAMETERS;

use crate::cli::Params;
use crate::error::Result;
use crate::output;
use crate::parameters::Setting;
use crate::system::System;
use crate::table::{Cell, Heading, Table};

pub fn run(system: &System, options: &Params) -> Result {
    if options.settings.is_empty() {
        return show(system);
    }
    for Setting { parameter, value } in &options.settings {
        let before = system.parameter(parameter)?;
        system.set_parameter(parameter, *value)?;
        let after = system.parameter(parameter)?;
        output::line(format_args!("{}: {before} -> {after}", parameter.attribute))?;
    }
    Ok(())
}

fn show(system: &System) -> Result {
    let mut rows = Vec::new();
    for parameter in &PARAMETERS {
        rows.push(vec![
            Cell::Text(parameter.attribute.to_owned()),
            Cell::Number(system.parameter(parameter)?),
            Cell::Text(parameter.help.to_owned()),
        ]);
    }
    let headings = [("NAME", false), ("VALUE", true), ("MEANING", false)];
    let headings = headings.map(|(name, number)| Heading { name, number });
    let table = Table::new(headings.into(), rows);
    output::print(|out| table.aligned(out, false))
}

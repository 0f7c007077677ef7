// SPDX-License-Identifier: GPL-2.0

//! `params`: the driver's parameters, shown, or set and confirmed.

use mq_policy::limits::PARAMETERS;

use crate::cli::Params;
use crate::error::Result;
use crate::output;
use crate::parameters::Setting;
use crate::system::System;

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
    let mut lines = Vec::new();
    for parameter in &PARAMETERS {
        let value = system.parameter(parameter)?;
        lines.push(format!(
            "{:<12}  {value:>5}  {}",
            parameter.attribute, parameter.help
        ));
    }
    output::print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
}

// SPDX-License-Identifier: GPL-2.0

//! `params`: the driver's parameters, shown, or set and confirmed.
//!
//! Names, ranges and meanings come from the driver's policy.

use mq_policy::limits::{Parameter, PARAMETERS};

use crate::cli::Params;
use crate::error::Result;
use crate::output;
use crate::system::System;

/// What one argument asks for.
#[derive(Clone, Debug)]
pub struct Setting {
    parameter: Parameter,
    value: u32,
}

/// Reads `NAME=VALUE`; NAME is the parameter or its attribute.
pub fn setting(text: &str) -> std::result::Result<Setting, String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write NAME=VALUE, with no blank around the =")?;
    let parameter = PARAMETERS
        .into_iter()
        .find(|parameter| name == parameter.name || name == parameter.attribute)
        .ok_or_else(|| {
            let names = PARAMETERS.map(|parameter| parameter.attribute).join(", ");
            format!("no parameter is named {name}: there are {names}")
        })?;
    let value = parameter.parse(value.as_bytes()).map_err(|_| {
        let Parameter { min, max, .. } = parameter;
        format!("{name} is a number from {min} to {max}")
    })?;
    Ok(Setting { parameter, value })
}

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

/// The table of parameters, as the help and the manual show it.
pub fn help() -> String {
    let mut table = String::from("Parameters, their defaults and ranges:\n");
    for parameter in &PARAMETERS {
        let Parameter {
            name,
            default,
            min,
            max,
            help,
            ..
        } = parameter;
        table += &format!("  {name:<12}  {default:>3}  {min:>2}..{max}  {help}\n");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_understood() {
        for parameter in PARAMETERS {
            for name in [parameter.name, parameter.attribute] {
                let setting = setting(&format!("{name}={}", parameter.max)).unwrap();
                assert_eq!(
                    (setting.parameter, setting.value),
                    (parameter, parameter.max)
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_set_is_said() {
        let refused = |text| setting(text).unwrap_err();
        assert!(refused("max_devices").contains("NAME=VALUE"));
        assert!(refused("Max_Devices=1").contains("max_devices, queue_len"));
        assert_eq!(
            refused("queue_len=0"),
            "queue_len is a number from 1 to 65536"
        );
        assert_eq!(
            refused("MAX_DEVICES=x"),
            "MAX_DEVICES is a number from 1 to 65536"
        );
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The driver's parameters as the command line knows them: `NAME=VALUE`, and the table of what can
//! be set.
//!
//! Names, ranges and meanings come from the driver's policy. Putting a value in force is not done
//! here but by the command `params`.

use mq_policy::limits::{Parameter, PARAMETERS};

/// What one `NAME=VALUE` asks for.
#[derive(Clone, Debug)]
pub struct Setting {
    pub parameter: Parameter,
    pub value: u32,
}

impl Setting {
    /// Reads `NAME=VALUE`; NAME is the parameter or its attribute.
    pub fn parse(text: &str) -> Result<Self, String> {
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
        Ok(Self { parameter, value })
    }
}

/// The table of parameters, as the help and the manual show it: what a parameter means stands below
/// it, a clause a line, so that no line needs a wide terminal.
pub fn help() -> String {
    let width = PARAMETERS.map(|parameter| parameter.name.len());
    let width = width.into_iter().max().unwrap_or(0);
    let mut table = String::from("Parameters, their defaults and ranges:\n");
    for parameter in PARAMETERS {
        let Parameter {
            name,
            default,
            min,
            max,
            ..
        } = parameter;
        table += &format!("  {name:<width$}  {default:>3}  {min}..{max}\n");
        for clause in parameter.help.split_inclusive("; ") {
            table += &format!("      {}\n", clause.trim_end());
        }
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
                let setting = Setting::parse(&format!("{name}={}", parameter.max)).unwrap();
                assert_eq!(
                    (setting.parameter, setting.value),
                    (parameter, parameter.max)
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_set_is_said() {
        let refused = |text| Setting::parse(text).unwrap_err();
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

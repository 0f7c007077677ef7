// SPDX-License-Identifier: GPL-2.0

//! The baseline: the driver's counted figures as they were, for a change for the worse to be seen.

use std::collections::BTreeMap;

use crate::{figure::Figure, peers};

/// A change by less than this part is none: another compiler makes as much.
const TOLERANCE: f64 = 0.02;

/// Figures by what they are called in the file.
type Baseline = BTreeMap<String, f64>;

/// The text of a baseline with these figures.
pub fn of(figures: &[Figure]) -> Result<String, String> {
    let baseline: Baseline = counted(figures).collect();
    if baseline.is_empty() {
        return Err("there are no counted figures of the driver for a baseline".to_owned());
    }
    let text = serde_json::to_string_pretty(&baseline).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// Compares figures with a baseline. Those that have got worse are an error, which names them.
pub fn check(baseline: &str, figures: &[Figure]) -> Result<(), String> {
    let baseline: Baseline =
        serde_json::from_str(baseline).map_err(|error| format!("the baseline: {error}"))?;
    let mut worse = Vec::new();
    let mut better = Vec::new();
    let mut compared = 0;
    for (name, value) in counted(figures) {
        let Some(&before) = baseline.get(&name) else {
            continue;
        };
        compared += 1;
        let change = value / before - 1.0;
        let line = format!(
            "{name}: {value:.1} instead of {before:.1}, {:+.1} %",
            change * 100.0
        );
        if change > TOLERANCE {
            worse.push(line);
        } else if change < -TOLERANCE {
            better.push(line);
        }
    }
    if compared == 0 {
        return Err("no figure was compared with the baseline".to_owned());
    }
    if !better.is_empty() {
        println!(
            "\nBetter than the baseline; 'just bench --update' makes it the new one:\n  {}",
            better.join("\n  ")
        );
    }
    if worse.is_empty() {
        println!("\n{compared} figures compared with the baseline, none is worse.");
        return Ok(());
    }
    Err(format!(
        "worse than the baseline:\n  {}",
        worse.join("\n  ")
    ))
}

/// The driver's figures that repeat, by name.
fn counted(figures: &[Figure]) -> impl Iterator<Item = (String, f64)> + '_ {
    figures
        .iter()
        .filter(|figure| peers::is_ours(&figure.peer) && figure.unit != "ns")
        .map(|figure| {
            let rounded = (figure.value * 10.0).round() / 10.0;
            let records = match figure.peer.as_str() {
                "mq" => "",
                _ => ", records",
            };
            let name = format!("{}: {}{records}", figure.case, figure.what);
            (name, rounded)
        })
}

#[cfg(test)]
mod tests {
    use super::{check, of};
    use crate::figure::Figure;

    fn figure(value: f64) -> Figure {
        Figure {
            case: "A".to_owned(),
            what: "64 B".to_owned(),
            peer: "mq".to_owned(),
            value,
            unit: "instructions".to_owned(),
            p99: None,
            samples: 1,
        }
    }

    #[test]
    fn only_what_is_clearly_worse_fails() {
        let baseline = of(&[figure(1000.0)]).expect("a baseline");
        assert_eq!(check(&baseline, &[figure(900.0)]), Ok(()));
        assert_eq!(check(&baseline, &[figure(1019.0)]), Ok(()));
        let error = check(&baseline, &[figure(1021.0)]).expect_err("worse");
        assert!(
            error.contains("A: 64 B: 1021.0 instead of 1000.0, +2.1 %"),
            "{error}"
        );
    }

    #[test]
    fn nothing_compared_is_a_failure() {
        assert!(check("{}", &[figure(1.0)]).is_err());
        assert!(of(&[]).is_err());
    }
}

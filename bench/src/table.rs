// SPDX-License-Identifier: GPL-2.0

//! Figures as tables for people: a row a peer, a column a figure.

use std::io::{self, Write};

use crate::{cases::CASES, figure::Figure};

/// Prints a table for each case that there are figures of.
pub fn print(
    out: &mut dyn Write,
    figures: &[Figure],
    title: impl Fn(&str) -> String,
) -> io::Result<()> {
    for case in CASES {
        let of_case: Vec<_> = figures
            .iter()
            .filter(|figure| figure.case == case.letter.to_string())
            .collect();
        let Some(first) = of_case.first() else {
            continue;
        };
        writeln!(out, "\n{}: {}, {}", case.letter, case.title, first.unit)?;
        let columns = distinct(&of_case, |figure| &figure.what);
        write!(out, "{:18}", "")?;
        for column in &columns {
            write!(out, "{column:>14}")?;
        }
        writeln!(out)?;
        for peer in distinct(&of_case, |figure| &figure.peer) {
            write!(out, "{:18}", title(peer))?;
            for column in &columns {
                let cell = of_case
                    .iter()
                    .find(|figure| figure.peer == peer && figure.what == *column)
                    .map_or_else(String::new, |figure| format!("{:.1}", figure.least));
                write!(out, "{cell:>14}")?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// The different values of a part, in the order in which they appear.
fn distinct<'figures>(
    figures: &[&'figures Figure],
    part: impl Fn(&'figures Figure) -> &'figures String,
) -> Vec<&'figures str> {
    let mut values: Vec<&str> = Vec::new();
    for &figure in figures {
        let value = part(figure);
        if !values.contains(&value.as_str()) {
            values.push(value);
        }
    }
    values
}

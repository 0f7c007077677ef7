// SPDX-License-Identifier: GPL-2.0

//! Figures as tables in Markdown: a row for what was measured, a column for each peer.

use std::io::{self, Write};

use crate::{
    cases::{Case, CASES},
    figure::Figure,
    peers,
};

/// Prints a table for each case that there are figures of.
pub fn print(out: &mut dyn Write, figures: &[Figure]) -> io::Result<()> {
    for case in CASES {
        let of_case: Vec<&Figure> = figures
            .iter()
            .filter(|figure| figure.case == case.letter)
            .collect();
        if !of_case.is_empty() {
            print_case(out, case, &of_case)?;
        }
    }
    Ok(())
}

fn print_case(out: &mut dyn Write, case: &Case, figures: &[&Figure]) -> io::Result<()> {
    let peers = distinct(figures, |figure| &figure.peer);
    let units = distinct(figures, |figure| &figure.unit);
    let timed = figures.iter().any(|figure| figure.p99.is_some());
    let what = if timed { ": median (99 of 100)" } else { "" };
    writeln!(
        out,
        "\n## {}: {}, {}{what}\n",
        case.letter,
        case.title,
        units.join(", ")
    )?;

    let compared = peers.len() > 1 && peers.contains(&"mq");
    let mut lines = vec![vec![String::new()]];
    lines[0].extend(peers.iter().map(|peer| peers::title(peer).to_owned()));
    if compared {
        lines[0].push("to the best".to_owned());
    }
    for what in distinct(figures, |figure| &figure.what) {
        let of_peer = |peer: &str| {
            let mut of_row = figures.iter().filter(|figure| figure.what == what);
            of_row.find(|figure| figure.peer == peer)
        };
        let mut line = vec![what.to_owned()];
        line.extend(
            peers
                .iter()
                .map(|peer| of_peer(peer).map_or_else(String::new, |figure| cell(figure))),
        );
        if compared {
            let others = peers
                .iter()
                .filter(|peer| !peers::is_ours(peer) && **peer != "floor");
            let best = others
                .filter_map(|peer| of_peer(peer))
                .map(|figure| figure.value);
            let ratio = of_peer("mq").zip(best.min_by(f64::total_cmp));
            line.push(ratio.map_or_else(String::new, |(own, best)| {
                format!("{:.2}", own.value / best)
            }));
        }
        lines.push(line);
    }
    align(out, &lines)
}

fn cell(figure: &Figure) -> String {
    let digits = if figure.value < 10.0 { 2 } else { 0 };
    match figure.p99 {
        Some(p99) => format!("{:.digits$} ({p99:.digits$})", figure.value),
        None => format!("{:.digits$}", figure.value),
    }
}

/// Prints lines with cells under each other, a rule below the first.
fn align(out: &mut dyn Write, lines: &[Vec<String>]) -> io::Result<()> {
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or(0).max(3)
    };
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            match column {
                0 => write!(out, "| {cell:<width$} |")?,
                _ => write!(out, " {cell:>width$} |")?,
            }
        }
        writeln!(out)?;
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                match column {
                    0 => write!(out, "|{:-<1$}|", "", width + 2)?,
                    _ => write!(out, "{:-<1$}:|", "", width + 1)?,
                }
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

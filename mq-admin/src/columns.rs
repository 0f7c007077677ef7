// SPDX-License-Identifier: GPL-2.0

//! The table of columns: everything that can be shown of a registration, each described once.
//!
//! `--output` and `--sort`, their help, the headers, the alignment and the keys of JSON all follow
//! from it. How cells are laid out is the commands' business.

use serde::Serialize;

use crate::system::registration::Registration;
use crate::system::System;

/// One thing that can be shown of a registration.
#[derive(Debug)]
pub struct Column {
    /// The header.
    pub name: &'static str,
    /// What it holds.
    pub help: &'static str,
    /// Whether it is shown only where somebody asks for it.
    pub extra: bool,
    cell: Cell,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    Number(fn(&Registration) -> u64),
    Text(fn(&System, &Registration) -> String),
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Value {
    Number(u64),
    Text(String),
}

/// All columns, in the order in which `show` lists them.
pub static COLUMNS: [Column; 10] = [
    text("NAME", "the name", |_, of| of.name.clone()),
    number(
        "PID",
        "the process; 0 if this PID namespace does not show it",
        |of| of.pid,
    ),
    number("UID", "the user of the process", |of| of.uid),
    number("DEPTH", "messages queued now", |of| of.depth),
    number("LEN", "messages the queue holds", |of| of.len),
    number("SENT", "messages it sent", |of| of.sent),
    number("RECEIVED", "messages put into its queue", |of| of.received),
    number("DROPPED", "of those, lost to overflow or flush", |of| {
        of.dropped
    }),
    number("READ", "of those, read by the process", Registration::read).extra(),
    text(
        "COMMAND",
        "the program that the process runs",
        |system, of| system.program(of.pid),
    )
    .extra(),
];

const fn number(
    name: &'static str,
    help: &'static str,
    number: fn(&Registration) -> u64,
) -> Column {
    Column {
        name,
        help,
        extra: false,
        cell: Cell::Number(number),
    }
}

const fn text(
    name: &'static str,
    help: &'static str,
    text: fn(&System, &Registration) -> String,
) -> Column {
    Column {
        name,
        help,
        extra: false,
        cell: Cell::Text(text),
    }
}

impl Column {
    const fn extra(mut self) -> Self {
        self.extra = true;
        self
    }

    /// The column called `name`, in letters of either case.
    pub fn find(name: &str) -> Option<&'static Self> {
        COLUMNS
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The columns that are shown where nobody chooses.
    pub fn standard() -> Vec<&'static Self> {
        COLUMNS.iter().filter(|column| !column.extra).collect()
    }

    /// Whether it holds numbers, which stand to the right.
    pub fn is_number(&self) -> bool {
        matches!(self.cell, Cell::Number(_))
    }

    /// The cell of one registration.
    pub fn value(&self, system: &System, registration: &Registration) -> Value {
        match self.cell {
            Cell::Number(number) => Value::Number(number(registration)),
            Cell::Text(text) => Value::Text(text(system, registration)),
        }
    }
}

/// The table of columns, as the help and the manual show it.
pub fn help() -> String {
    let mut table = String::from("Columns (+: only shown when named):\n");
    for column in &COLUMNS {
        let mark = if column.extra { '+' } else { ' ' };
        table += &format!("  {:<8} {mark} {}\n", column.name, column.help);
    }
    table
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_told_apart() {
        for column in &COLUMNS {
            let same = Column::find(&column.name.to_lowercase()).unwrap();
            assert!(std::ptr::eq(column, same), "{}", column.name);
            assert!(help().contains(column.help));
        }
        assert!(Column::find("nothing").is_none());
    }

    #[test]
    fn numbers_sort_as_numbers() {
        assert!(Value::Number(9) < Value::Number(10));
        assert!(Value::Text("9".into()) > Value::Text("10".into()));
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The columns: everything that can be shown of a registration, each described once.
//!
//! `--output` and `--sort`, their help, the headings, the alignment and the keys of JSON all follow
//! from it. How cells are laid out is the business of `table`.

use mq_client::watch::Entry;

use crate::system::System;
use crate::table::{Cell, Heading, Table};

/// One thing that can be shown of a registration.
#[derive(Debug)]
pub struct Column {
    /// The heading.
    pub name: &'static str,
    /// What it holds.
    pub help: &'static str,
    /// Whether it is shown only where somebody asks for it.
    pub extra: bool,
    value: Value,
}

/// How the cell of a registration is found.
#[derive(Clone, Copy, Debug)]
enum Value {
    Number(fn(&Entry) -> u64),
    Text(fn(&System, &Entry) -> String),
}

/// All columns, in the order in which `show` lists them.
pub static COLUMNS: [Column; 12] = [
    text("NAME", "the name", |_, of| of.name.to_string()),
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
    number("BYTES", "bytes of memory that those queued take", |of| {
        of.bytes
    }),
    number("WAITING", "senders that wait for room in the queue", |of| {
        of.waiting
    }),
    number(
        "READ",
        "of those received, read by the process",
        Entry::read,
    )
    .extra(),
    text(
        "COMMAND",
        "the program that the process runs",
        |system, of| system.program(of.pid),
    )
    .extra(),
];

const fn number(name: &'static str, help: &'static str, number: fn(&Entry) -> u64) -> Column {
    Column {
        name,
        help,
        extra: false,
        value: Value::Number(number),
    }
}

const fn text(
    name: &'static str,
    help: &'static str,
    text: fn(&System, &Entry) -> String,
) -> Column {
    Column {
        name,
        help,
        extra: false,
        value: Value::Text(text),
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

    /// The cell of one registration.
    pub fn cell(&self, system: &System, registration: &Entry) -> Cell {
        match self.value {
            Value::Number(number) => Cell::Number(number(registration)),
            Value::Text(text) => Cell::Text(text(system, registration)),
        }
    }

    fn heading(&self) -> Heading {
        Heading {
            name: self.name,
            number: matches!(self.value, Value::Number(_)),
        }
    }
}

/// These columns of these registrations.
pub fn table(system: &System, columns: &[&Column], registrations: &[Entry]) -> Table {
    let cells = |registration| {
        let cell = |column: &&Column| column.cell(system, registration);
        columns.iter().map(cell).collect()
    };
    Table::new(
        columns.iter().map(|column| column.heading()).collect(),
        registrations.iter().map(cells).collect(),
    )
}

/// The list of columns, as the help and the manual show it.
pub fn help() -> String {
    let mut list = String::from("Columns (+: only shown when named):\n");
    for column in &COLUMNS {
        let mark = if column.extra { '+' } else { ' ' };
        list += &format!("  {:<8} {mark} {}\n", column.name, column.help);
    }
    list
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
}

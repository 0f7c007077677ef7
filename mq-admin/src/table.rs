// SPDX-License-Identifier: GPL-2.0

//! Rows of cells, laid out for people, for `awk` or as JSON.
//!
//! It knows nothing of what the cells mean; `columns` does.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::columns::{Column, Value};
use crate::system::registration::Registration;
use crate::system::System;

/// Blanks between two columns.
const GAP: usize = 2;

/// One registration, as far as columns have been chosen of it.
pub struct Row<'columns> {
    columns: &'columns [&'static Column],
    cells: Vec<Value>,
}

impl<'columns> Row<'columns> {
    pub fn new(
        system: &System,
        columns: &'columns [&'static Column],
        registration: &Registration,
    ) -> Self {
        let cell = |column: &&Column| column.value(system, registration);
        Self {
            columns,
            cells: columns.iter().map(cell).collect(),
        }
    }

    /// One line a cell: the header and what it holds.
    pub fn upright(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.columns.iter().map(|column| column.name.len()).max();
        for (column, cell) in self.columns.iter().zip(&self.cells) {
            writeln!(out, "{:<1$}  {cell}", column.name, width.unwrap_or(0))?;
        }
        Ok(())
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let keys = self.columns.iter().map(|column| column.name.to_lowercase());
        serializer.collect_map(keys.zip(&self.cells))
    }
}

/// Columns under each other: numbers to the right, text to the left.
pub fn aligned(
    out: &mut dyn Write,
    columns: &[&Column],
    headings: bool,
    rows: &[Row<'_>],
) -> io::Result<()> {
    let mut lines: Vec<Vec<String>> = Vec::with_capacity(rows.len() + 1);
    if headings {
        let names = columns.iter().map(|column| column.name.to_owned());
        lines.push(names.collect());
    }
    for row in rows {
        lines.push(row.cells.iter().map(Value::to_string).collect());
    }
    let width = |at: usize| {
        let cells = lines.iter().map(|line| line[at].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for line in &lines {
        let mut gap = 0;
        for ((cell, column), &width) in line.iter().zip(columns).zip(&widths) {
            let room = width - cell.chars().count();
            let (before, after) = if column.is_number() {
                (room, 0)
            } else {
                (0, room)
            };
            write!(out, "{:1$}{cell}", "", gap + before)?;
            // Written when another cell follows, so that no line ends in blanks.
            gap = after + GAP;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// One blank between columns, and none within them.
pub fn raw(
    out: &mut dyn Write,
    columns: &[&Column],
    headings: bool,
    rows: &[Row<'_>],
) -> io::Result<()> {
    if headings {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        writeln!(out, "{}", names.join(" "))?;
    }
    for row in rows {
        for (at, cell) in row.cells.iter().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            match cell {
                Value::Number(number) => write!(out, "{gap}{number}")?,
                Value::Text(text) => write!(out, "{gap}{}", unsplit(text))?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// An object, indented, and the newline that ends a text file.
pub fn json(out: &mut dyn Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, object)?;
    writeln!(out)
}

/// `cell` with nothing in it that would split it, and not empty, which would merge its neighbours.
fn unsplit(cell: &str) -> Cow<'_, str> {
    if cell.is_empty() {
        return "-".into();
    }
    if !cell.contains([' ', '\t', '\\']) {
        return cell.into();
    }
    cell.replace('\\', "\\x5c")
        .replace(' ', "\\x20")
        .replace('\t', "\\x09")
        .into()
}

#[cfg(test)]
mod tests {
    use super::unsplit;

    #[test]
    fn a_raw_cell_is_one_word() {
        assert_eq!(unsplit("a b\t\\"), "a\\x20b\\x09\\x5c");
        assert_eq!(unsplit("word"), "word");
        assert_eq!(unsplit(""), "-");
    }
}

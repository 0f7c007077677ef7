// SPDX-License-Identifier: GPL-2.0

//! Rows of cells under headings, laid out for people, for `awk` or as JSON.
//!
//! It knows nothing of what the cells mean; `columns` does.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

/// Blanks between two columns.
const GAP: usize = 2;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Cell {
    Number(u64),
    Text(String),
}

/// What stands above a column.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    pub name: &'static str,
    /// Whether its cells are numbers, which stand to the right.
    pub number: bool,
}

/// Headings, and rows with a cell for each.
pub struct Table {
    headings: Vec<Heading>,
    rows: Vec<Vec<Cell>>,
}

/// One row as an object: headings in small letters are its keys.
pub struct Record<'table> {
    headings: &'table [Heading],
    cells: &'table [Cell],
}

impl Table {
    pub fn new(headings: Vec<Heading>, rows: Vec<Vec<Cell>>) -> Self {
        Self { headings, rows }
    }

    /// The rows, ready for [`json`].
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let headings = &self.headings;
        self.rows
            .iter()
            .map(move |cells| Record { headings, cells })
    }

    /// Columns under each other: numbers to the right, text to the left.
    pub fn aligned(&self, out: &mut dyn Write, headings: bool) -> io::Result<()> {
        let mut lines: Vec<Vec<String>> = Vec::with_capacity(self.rows.len() + 1);
        if headings {
            lines.push(self.names().map(str::to_owned).collect());
        }
        for row in &self.rows {
            lines.push(row.iter().map(Cell::to_string).collect());
        }
        let width = |at: usize| {
            let cells = lines.iter().map(|line| line[at].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        for line in &lines {
            let mut gap = 0;
            for ((cell, heading), &width) in line.iter().zip(&self.headings).zip(&widths) {
                let padding = width - cell.chars().count();
                let (before, after) = if heading.number {
                    (padding, 0)
                } else {
                    (0, padding)
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
    pub fn raw(&self, out: &mut dyn Write, headings: bool) -> io::Result<()> {
        if headings {
            writeln!(out, "{}", self.names().collect::<Vec<_>>().join(" "))?;
        }
        for row in &self.rows {
            for (at, cell) in row.iter().enumerate() {
                let gap = if at == 0 { "" } else { " " };
                match cell {
                    Cell::Number(number) => write!(out, "{gap}{number}")?,
                    Cell::Text(text) => write!(out, "{gap}{}", unsplit(text))?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// One line a cell: the heading and what the cell holds.
    pub fn upright(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.names().map(str::len).max().unwrap_or(0);
        for cells in &self.rows {
            for (name, cell) in self.names().zip(cells) {
                writeln!(out, "{name:<width$}  {cell}")?;
            }
        }
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.headings.iter().map(|heading| heading.name)
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let keys = self
            .headings
            .iter()
            .map(|heading| heading.name.to_lowercase());
        serializer.collect_map(keys.zip(self.cells))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
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
    use super::*;

    #[test]
    fn a_raw_cell_is_one_word() {
        assert_eq!(unsplit("a b\t\\"), "a\\x20b\\x09\\x5c");
        assert_eq!(unsplit("word"), "word");
        assert_eq!(unsplit(""), "-");
    }

    #[test]
    fn numbers_sort_as_numbers() {
        assert!(Cell::Number(9) < Cell::Number(10));
        assert!(Cell::Text("9".into()) > Cell::Text("10".into()));
    }
}

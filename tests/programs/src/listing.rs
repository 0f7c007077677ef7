// SPDX-License-Identifier: GPL-2.0

//! `/proc/mq`, read as the contract describes it.

use std::fs;

/// One line of the listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Row {
    pub name: String,
    pub pid: i32,
    pub uid: u32,
    pub depth: u64,
    pub len: u64,
    pub sent: u64,
    pub received: u64,
    pub dropped: u64,
    pub bytes: u64,
    pub waiting: u64,
}

/// The columns that every version has, in order.
pub const HEADER: [&str; 10] = [
    "NAME", "PID", "UID", "DEPTH", "LEN", "SENT", "RECEIVED", "DROPPED", "BYTES", "WAITING",
];

/// The file.
pub const PATH: &str = "/proc/mq";

/// All lines, in order.
#[track_caller]
pub fn rows() -> Vec<Row> {
    parse(&fs::read_to_string(PATH).expect("/proc/mq"))
}

/// What the text of the file says.
#[track_caller]
pub fn parse(text: &str) -> Vec<Row> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split_whitespace().collect();
    assert!(header.starts_with(&HEADER), "the header: {header:?}");
    lines.map(row).collect()
}

#[track_caller]
fn row(line: &str) -> Row {
    fn next<T: std::str::FromStr>(words: &mut std::str::SplitWhitespace, line: &str) -> T {
        let value = words.next().and_then(|word| word.parse().ok());
        value.unwrap_or_else(|| panic!("the line {line:?}"))
    }
    let words = &mut line.split_whitespace();
    Row {
        name: next(words, line),
        pid: next(words, line),
        uid: next(words, line),
        depth: next(words, line),
        len: next(words, line),
        sent: next(words, line),
        received: next(words, line),
        dropped: next(words, line),
        bytes: next(words, line),
        waiting: next(words, line),
    }
}

/// The line of one registration.
#[track_caller]
pub fn find(name: &str) -> Option<Row> {
    rows().into_iter().find(|row| row.name == name)
}

/// The line of one registration, which must be there.
#[track_caller]
pub fn of(name: &str) -> Row {
    find(name).unwrap_or_else(|| panic!("{name} is not listed"))
}

/// The one registration that there is: its name and its user.
#[track_caller]
pub fn only() -> (String, u32) {
    let rows = rows();
    assert_eq!(rows.len(), 1, "{rows:?}");
    (rows[0].name.clone(), rows[0].uid)
}

#[cfg(test)]
mod tests {
    use super::{parse, Row};

    #[test]
    fn a_listing_is_read_whatever_columns_follow() {
        let text = "NAME PID  UID DEPTH LEN SENT RECEIVED DROPPED BYTES WAITING MORE\n\
                    bob  123 1000     2   8    0       14       1   128       3    x\n";
        let bob = Row {
            name: "bob".to_owned(),
            pid: 123,
            uid: 1000,
            depth: 2,
            len: 8,
            sent: 0,
            received: 14,
            dropped: 1,
            bytes: 128,
            waiting: 3,
        };
        assert_eq!(parse(text), [bob]);
    }
}

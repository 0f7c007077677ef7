// SPDX-License-Identifier: GPL-2.0

//! What `/proc/mq` looks like: a line of titles, and a line for each registration.
//!
//! Written by hand, since `core::fmt` took three quarters of what a line cost. Where the numbers come
//! from, and which registrations are shown, is the business of `procfs.rs`.

use super::name::{
    Name,
    NAME_MAX, //
};

/// The columns of numbers: their titles, and the bytes they have at least.
const COLUMNS: [(&str, usize); 9] = [
    ("PID", 7),
    ("UID", 6),
    ("DEPTH", 6),
    ("LEN", 6),
    ("SENT", 9),
    ("RECEIVED", 9),
    ("DROPPED", 9),
    ("BYTES", 9),
    ("WAITING", 7),
];

/// The longest number has this many digits, which is more than any column has at least.
const DIGITS_MAX: usize = u64::MAX.ilog10() as usize + 1;

/// The longest line: every number has a space before it, and the line an end.
const LINE_MAX: usize = NAME_MAX + COLUMNS.len() * (1 + DIGITS_MAX) + 1;

/// What a line has of a registration, in the order of the columns.
#[derive(Clone, Copy, Default)]
pub struct Row {
    /// The process, as the reader knows it.
    pub pid: u64,
    /// The user as whom it was made.
    pub uid: u64,
    /// Messages queued.
    pub depth: u64,
    /// Messages that fit.
    pub len: u64,
    /// Messages that it has sent.
    pub sent: u64,
    /// Messages put into its queue.
    pub received: u64,
    /// Those of them that were lost.
    pub dropped: u64,
    /// Bytes that the messages queued take.
    pub bytes: u64,
    /// How many senders wait for room.
    pub waiting: u64,
}

/// A line, its end included.
///
/// ```
/// use mq_policy::{listing::{Line, Row}, name::Name};
/// let row = Row { pid: 123, depth: 2, len: 8, received: 14, dropped: 1, ..Row::default() };
/// let line = Line::of(Name::new(b"bob").unwrap(), row);
/// let shown = b"bob          123      0      2      8         0        14         1         0       0\n";
/// assert_eq!(line.as_ref(), shown);
/// ```
pub struct Line {
    /// Spaces, but for what has been written, which is done from the end on.
    bytes: [u8; LINE_MAX],
    /// Where the line starts.
    start: usize,
}

impl Line {
    /// The titles.
    pub fn titles() -> Self {
        let mut line = Self::end();
        for (title, width) in COLUMNS.into_iter().rev() {
            line.cell(width, |line| line.put(title.as_bytes()));
        }
        line.first("NAME".as_bytes());
        line
    }

    /// The line of a registration.
    pub fn of(name: Name, row: Row) -> Self {
        let numbers = [
            row.pid,
            row.uid,
            row.depth,
            row.len,
            row.sent,
            row.received,
            row.dropped,
            row.bytes,
            row.waiting,
        ];
        let mut line = Self::end();
        for ((_, width), number) in COLUMNS.into_iter().zip(numbers).rev() {
            line.cell(width, |line| line.put_number(number));
        }
        line.first(name.as_bytes());
        line
    }

    fn end() -> Self {
        let mut line = Self {
            bytes: [b' '; LINE_MAX],
            start: LINE_MAX,
        };
        line.put(b"\n");
        line
    }

    /// A column of numbers, and the space before it.
    #[inline(always)]
    fn cell(&mut self, width: usize, put: impl FnOnce(&mut Self)) {
        let end = self.start;
        put(self);
        self.start = self.start.min(end - width) - 1;
    }

    /// The column of names.
    fn first(&mut self, name: &[u8]) {
        self.start -= NAME_MAX;
        self.bytes[self.start..][..name.len()].copy_from_slice(name);
    }

    fn put(&mut self, text: &[u8]) {
        self.start -= text.len();
        self.bytes[self.start..][..text.len()].copy_from_slice(text);
    }

    #[inline(always)]
    fn put_number(&mut self, mut number: u64) {
        loop {
            self.start -= 1;
            self.bytes[self.start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
    }
}

impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_listing))]
mod tests {
    use super::super::testing::name;
    use super::*;

    #[test]
    fn titles_stand_over_their_columns() {
        let titles = Line::titles();
        let line = Line::of(name("abcdefgh"), Row::default());
        assert_eq!(titles.as_ref().len(), line.as_ref().len());
        assert_eq!(
            titles.as_ref(),
            b"NAME         PID    UID  DEPTH    LEN      SENT  RECEIVED   DROPPED     BYTES WAITING\n"
        );
        assert_eq!(
            line.as_ref(),
            b"abcdefgh       0      0      0      0         0         0         0         0       0\n"
        );
    }

    #[test]
    fn the_largest_numbers_make_the_longest_line() {
        let row = Row {
            pid: u64::MAX,
            uid: u64::MAX,
            depth: u64::MAX,
            len: u64::MAX,
            sent: u64::MAX,
            received: u64::MAX,
            dropped: u64::MAX,
            bytes: u64::MAX,
            waiting: u64::MAX,
        };
        let line = Line::of(name("a"), row);
        assert_eq!(line.as_ref().len(), LINE_MAX);
        let (name, numbers) = line.as_ref().split_at(NAME_MAX);
        assert_eq!(name, b"a       ");
        let mut numbers = numbers.chunks_exact(1 + DIGITS_MAX);
        assert!(numbers.all(|number| number == b" 18446744073709551615"));
    }

    #[test]
    fn every_number_stands_in_its_column() {
        let row = Row {
            pid: 10,
            uid: 65534,
            depth: 9,
            len: 65536,
            sent: 123456789,
            received: 1234567890,
            dropped: 100,
            bytes: 512,
            waiting: 3,
        };
        assert_eq!(
            Line::of(name("bob"), row).as_ref(),
            b"bob           10  65534      9  65536 123456789 1234567890       100       512       3\n"
        );
    }
}

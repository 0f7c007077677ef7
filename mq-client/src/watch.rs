// SPDX-License-Identifier: GPL-2.0

//! Who is registered: `/proc/mq`, all at once or what has changed.
#![doc = crate::example!("watch")]
//! Columns are found by the words of the header line, so a driver that has more of them, or has
//! them in another order, is understood too.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::name::Name;

/// Enough for a thousand registrations in one go.
const CHUNK: usize = 64 * 1024;

/// A registration and the state of its queue at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Name,
    /// The process; 0 if the reader's PID namespace does not show it.
    pub pid: u64,
    /// The user of the process.
    pub uid: u64,
    /// Messages queued now.
    pub depth: u64,
    /// Messages the queue holds.
    pub len: u64,
    /// Messages it sent.
    pub sent: u64,
    /// Messages put into its queue.
    pub received: u64,
    /// Of those, lost to overflow or flush.
    pub dropped: u64,
    /// Bytes of kernel memory that the messages queued now take.
    pub bytes: u64,
    /// Senders that wait for room in it now.
    pub waiting: u64,
}

impl Entry {
    /// Makes one by asking `number` for each value, under the name of its sysfs attribute, which is
    /// that of its column in small letters.
    ///
    /// # Errors
    ///
    /// The first that `number` gives.
    pub fn new<E>(
        name: Name,
        mut number: impl FnMut(&'static str) -> std::result::Result<u64, E>,
    ) -> std::result::Result<Self, E> {
        Ok(Self {
            name,
            pid: number("pid")?,
            uid: number("uid")?,
            depth: number("depth")?,
            len: number("len")?,
            sent: number("sent")?,
            received: number("received")?,
            dropped: number("dropped")?,
            bytes: number("bytes")?,
            waiting: number("waiting")?,
        })
    }

    /// Messages that the process has taken out of its queue. The driver's values are not read all
    /// in one instant, so they may be off by a message that was under way.
    pub fn read(&self) -> u64 {
        self.received
            .saturating_sub(self.dropped)
            .saturating_sub(self.depth)
    }
}

/// All registrations, in the order in which they registered.
///
/// # Errors
///
/// [`Error::DriverAbsent`], and [`Error::Misfit`] where the driver is of another age.
pub fn list() -> Result<Vec<Entry>> {
    list_at(&crate::listing())
}

/// As [`list`], where the file is called `path`.
///
/// # Errors
///
/// As [`list`].
pub fn list_at(path: &Path) -> Result<Vec<Entry>> {
    let mut listing = Vec::with_capacity(CHUNK);
    File::open(path)
        .and_then(|mut file| file.read_to_end(&mut listing))
        .map_err(|error| Error::unreachable(path, error))?;
    parse(&String::from_utf8_lossy(&listing)).map_err(|what| Error::Misfit(path.into(), what))
}

/// What has happened to a name between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody has registered.
    Came(Entry),
    /// A registration has ended.
    Went(Entry),
}

/// Looks at the registrations again and again, and tells what has changed.
///
/// The driver wakes nobody for this, so look as often as a change must be known. Who leaves and
/// registers the same name anew in the same process between two looks has not changed.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    last: Vec<Entry>,
}

impl Watch {
    /// Has seen nobody yet.
    pub fn new() -> Self {
        Self::new_at(&crate::listing())
    }

    /// As [`Watch::new`], where the file is called `path`.
    pub fn new_at(path: &Path) -> Self {
        Self {
            path: path.into(),
            last: Vec::new(),
        }
    }

    /// What has changed since the last look: first who went, then who came.
    ///
    /// # Errors
    ///
    /// As [`list`].
    pub fn changes(&mut self) -> Result<Vec<Change>> {
        let now = list_at(&self.path)?;
        let before = std::mem::replace(&mut self.last, now);
        let went = missing(&before, &self.last).map(Change::Went);
        Ok(went
            .chain(missing(&self.last, &before).map(Change::Came))
            .collect())
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

/// Those of `some` that are not among `others`.
fn missing<'some>(some: &'some [Entry], others: &[Entry]) -> impl Iterator<Item = Entry> + 'some {
    let key = |entry: &Entry| (entry.name, entry.pid);
    let others: HashSet<_> = others.iter().map(key).collect();
    some.iter()
        .filter(move |entry| !others.contains(&key(entry)))
        .cloned()
}

/// Reads a listing, or says what is wrong with it.
fn parse(listing: &str) -> std::result::Result<Vec<Entry>, String> {
    let mut lines = listing.lines();
    let header: Vec<String> = lines
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    let position = |column: &str| header.iter().position(|word| word == column);
    let names = position("name").ok_or("no column NAME")?;

    let mut cells = Vec::new();
    let mut entries = Vec::new();
    for line in lines {
        cells.clear();
        cells.extend(line.split_whitespace());
        let misfit = || format!("the line {line:?}");
        let cell = |index: usize| cells.get(index).copied().ok_or_else(misfit);
        let name = Name::new(cell(names)?).map_err(|_| misfit())?;
        entries.push(Entry::new(name, |column| {
            let index =
                position(column).ok_or_else(|| format!("no column {}", column.to_uppercase()))?;
            cell(index)?.parse().map_err(|_| misfit())
        })?);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
NAME      PID   UID  DEPTH  LEN  SENT  RECEIVED  DROPPED  BYTES  WAITING
bob       123     0      2    8     0        14        1    128        3
a.b_c-d8  4194304 4294967295 8 8 18446744073709551615 9 1 512 0
";

    #[test]
    fn each_value_goes_where_its_header_says() {
        let all = parse(LISTING).unwrap();
        assert_eq!(all.len(), 2);
        let bob = Entry {
            name: Name::new("bob").unwrap(),
            pid: 123,
            uid: 0,
            depth: 2,
            len: 8,
            sent: 0,
            received: 14,
            dropped: 1,
            bytes: 128,
            waiting: 3,
        };
        assert_eq!(all[0], bob);
        assert_eq!(all[0].read(), 11);
        assert_eq!(all[1].name.as_str(), "a.b_c-d8");
        assert_eq!(all[1].sent, u64::MAX);
    }

    #[test]
    fn what_the_driver_writes_is_understood() {
        use mq_policy::listing::{Line, Row};

        let row = Row {
            pid: 1,
            uid: 2,
            depth: 3,
            len: 4,
            sent: 5,
            received: 6,
            dropped: 7,
            bytes: 8,
            waiting: 9,
        };
        let name = mq_policy::name::Name::new(b"bob").unwrap();
        let written = [Line::titles(), Line::of(name, row)];
        let listing = written.map(|line| String::from_utf8(line.as_ref().to_vec()).unwrap());
        let bob = Entry {
            name: Name::new("bob").unwrap(),
            pid: 1,
            uid: 2,
            depth: 3,
            len: 4,
            sent: 5,
            received: 6,
            dropped: 7,
            bytes: 8,
            waiting: 9,
        };
        assert_eq!(parse(&listing.concat()), Ok(vec![bob]));
    }

    #[test]
    fn other_columns_and_another_order_are_understood() {
        let all = parse(
            "WHEN LEN NAME PID UID DEPTH SENT RECEIVED DROPPED WAITING BYTES MORE\n\
             noon 7 bob 1 2 3 4 5 6 8 9 [x]\n",
        )
        .unwrap();
        assert_eq!((all[0].len, all[0].dropped, all[0].pid), (7, 6, 1));
        assert_eq!((all[0].bytes, all[0].waiting), (9, 8));
    }

    #[test]
    fn no_registration_is_no_error() {
        assert_eq!(parse(LISTING.lines().next().unwrap()), Ok(vec![]));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(parse(""), Err("no column NAME".to_owned()));
        assert_eq!(
            parse(&LISTING.replace("DROPPED", "LOST")),
            Err("no column DROPPED".to_owned())
        );
        for line in ["eve 1 2", "e!e 1 2 3 4 5 6 7 8 9", "eve 1 2 3 x 5 6 7 8 9"] {
            let misfit = parse(&format!("{LISTING}{line}\n"));
            assert_eq!(misfit, Err(format!("the line {line:?}")));
        }
    }

    #[test]
    fn who_went_and_who_came_is_told_once() {
        let path = std::env::temp_dir().join(format!("mq-client-watch-{}", std::process::id()));
        let mut watch = Watch::new_at(&path);
        let mut seen = |lines: &[&str]| {
            let header = "NAME PID UID DEPTH LEN SENT RECEIVED DROPPED BYTES WAITING\n";
            let rows = lines.iter().map(|line| format!("{line} 0 0 8 0 0 0 0 0\n"));
            std::fs::write(&path, header.to_owned() + &rows.collect::<String>()).unwrap();
            let told = watch
                .changes()
                .unwrap()
                .into_iter()
                .map(|change| match change {
                    Change::Came(entry) => format!("+{} {}", entry.name, entry.pid),
                    Change::Went(entry) => format!("-{} {}", entry.name, entry.pid),
                });
            told.collect::<Vec<String>>()
        };
        assert_eq!(seen(&["bob 1", "eve 2"]), ["+bob 1", "+eve 2"]);
        assert_eq!(seen(&["bob 1", "eve 2"]), [""; 0]);
        assert_eq!(
            seen(&["bob 3", "zoe 4"]),
            ["-bob 1", "-eve 2", "+bob 3", "+zoe 4"]
        );
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(watch.changes(), Err(Error::DriverAbsent(_))));
    }
}

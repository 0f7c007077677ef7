// SPDX-License-Identifier: GPL-2.0

//! `/proc/mq`: all registrations at once; and what `/proc` knows of their processes.
//!
//! Columns are found by the words of the header line, so a driver that has more of them, or has
//! them in another order, is understood too.

use std::fs::{self, File};
use std::io::Read;

use mq_policy::paths;

use super::registration::Registration;
use super::{unreachable, System};
use crate::error::{Error, Result, Status};
use crate::text;

/// Enough for a thousand registrations in one go.
const CHUNK: usize = 64 * 1024;

impl System {
    /// All registrations, in the order in which they registered.
    pub fn registrations(&self) -> Result<Vec<Registration>> {
        let path = self.proc_root.join(paths::DEVICE);
        let mut listing = Vec::with_capacity(CHUNK);
        File::open(&path)
            .and_then(|mut file| file.read_to_end(&mut listing))
            .map_err(|error| unreachable(&path, &error))?;
        parse(&String::from_utf8_lossy(&listing)).map_err(|what| {
            Error::new(
                Status::Failed,
                format!(
                    "{} has {what}: the loaded driver and this mq-admin do not fit together",
                    path.display()
                ),
            )
        })
    }

    /// The name of the program that process `pid` runs; empty if there is none such.
    pub fn program(&self, pid: u64) -> String {
        // 0 stands for a process that this PID namespace does not show.
        if pid == 0 {
            return String::new();
        }
        let path = self.proc_root.join(pid.to_string()).join("comm");
        let name = fs::read(path).unwrap_or_default();
        text::printable(name.trim_ascii_end(), false)
    }
}

/// Reads a listing, or says what is wrong with it.
fn parse(listing: &str) -> std::result::Result<Vec<Registration>, String> {
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
    let mut registrations = Vec::new();
    for line in lines {
        cells.clear();
        cells.extend(line.split_whitespace());
        let cell = |index: usize| cells.get(index).copied();
        registrations.push(Registration::new(
            cell(names).ok_or_else(|| format!("the line {line:?}"))?,
            |column| {
                position(column)
                    .ok_or_else(|| format!("no column {}", column.to_ascii_uppercase()))
                    .and_then(|index| {
                        cell(index)
                            .and_then(|text| text.parse().ok())
                            .ok_or_else(|| format!("the line {line:?}"))
                    })
            },
        )?);
    }
    Ok(registrations)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
NAME      PID   UID  DEPTH  LEN  SENT  RECEIVED  DROPPED
bob       123     0      2    8     0        14        1
a.b_c-d8  4194304 4294967295 8 8 18446744073709551615 9 1
";

    #[test]
    fn each_value_goes_where_its_header_says() {
        let all = parse(LISTING).unwrap();
        assert_eq!(all.len(), 2);
        let bob = Registration {
            name: "bob".to_owned(),
            pid: 123,
            uid: 0,
            depth: 2,
            len: 8,
            sent: 0,
            received: 14,
            dropped: 1,
        };
        assert_eq!(all[0], bob);
        assert_eq!(all[0].read(), 11);
        assert_eq!(all[1].name, "a.b_c-d8");
        assert_eq!(all[1].sent, u64::MAX);
    }

    #[test]
    fn other_columns_and_another_order_are_understood() {
        let all = parse(
            "WHEN LEN NAME PID UID DEPTH SENT RECEIVED DROPPED MORE\n\
             noon 7 bob 1 2 3 4 5 6 [x]\n",
        )
        .unwrap();
        assert_eq!((all[0].len, all[0].dropped, all[0].pid), (7, 6, 1));
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
        let short = parse(&format!("{LISTING}eve 1 2\n"));
        assert_eq!(short, Err("the line \"eve 1 2\"".to_owned()));
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The driver's accounts, as anybody can read them.

use std::{fs::File, os::unix::fs::FileExt};

use mq_model::{machine::TOTALS, Totals};

use crate::{listing, sysfs};

/// The files that hold the accounts, kept open: opening them costs more than reading them.
pub struct View {
    listing: File,
    registered: File,
    totals: [File; TOTALS.len()],
}

impl View {
    /// Opens them.
    pub fn open() -> Self {
        let open = |name: &str| File::open(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            listing: open(listing::PATH),
            registered: open(&sysfs::path("registered")),
            totals: TOTALS.map(|name| open(&sysfs::path(&format!("stats/{name}")))),
        }
    }

    pub fn rows(&self) -> Vec<listing::Row> {
        let mut text = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let len = self
                .listing
                .read_at(&mut chunk, text.len() as u64)
                .expect("/proc/mq");
            text.extend(&chunk[..len]);
            // What is short of a page is the end.
            if len < chunk.len() {
                break;
            }
        }
        listing::parse(&String::from_utf8(text).expect("text"))
    }

    pub fn registered(&self) -> u64 {
        number(&self.registered)
    }

    pub fn totals(&self) -> Totals {
        Totals(self.totals.each_ref().map(number))
    }
}

fn number(file: &File) -> u64 {
    let mut text = [0; 24];
    let len = file.read_at(&mut text, 0).expect("an attribute");
    let text = std::str::from_utf8(&text[..len]).expect("text");
    text.trim().parse().expect("a number")
}

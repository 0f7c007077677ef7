// SPDX-License-Identifier: GPL-2.0

//! Who reads all that is shown while everything goes on.

use std::{fs, io::Read, path::Path, time::Instant};

use super::everything::RECEIVERS;
use crate::{child::Child, listing};

/// Starts it.
pub fn start(until: Instant) -> Child {
    Child::start(move |_| {
        while Instant::now() < until {
            let rows = listing::rows();
            let receivers = rows.iter().filter(|row| row.name.starts_with('r')).count();
            assert_eq!(receivers, RECEIVERS.len(), "{rows:?}");
            for row in &rows {
                let balanced = row.depth <= row.len && row.depth + row.dropped <= row.received;
                assert!(balanced, "{row:?}");
            }
            in_small_pieces();
            read_all_files();
        }
    })
}

/// Every file of the device in sysfs. A registration may have ended by now, and its files with it.
pub fn read_all_files() {
    let folder = Path::new("/sys/class/misc/mq");
    let mut folders = vec![folder.to_owned(), folder.join("stats")];
    let queues = fs::read_dir(folder.join("queues"));
    folders.extend(
        queues
            .into_iter()
            .flatten()
            .flatten()
            .map(|queue| queue.path()),
    );
    for folder in folders {
        for file in fs::read_dir(folder).into_iter().flatten().flatten() {
            let _ = fs::read_to_string(file.path());
        }
    }
}

/// `/proc/mq` by a row of short reads, between which others come and go.
fn in_small_pieces() {
    let mut file = fs::File::open(listing::PATH).expect("/proc/mq");
    let mut piece = [0; 50];
    while file.read(&mut piece).expect("/proc/mq") > 0 {}
}

// SPDX-License-Identifier: GPL-2.0

//! The administrator while everything goes on: flushes, evicts, changes parameters, reads.

use std::{fs, time::Instant};

use nix::errno::Errno;

use super::{CHURNERS, RECEIVERS};
use crate::{child::Child, listing, sysfs};

/// Starts it.
pub fn start(until: Instant) -> Child {
    Child::start(move |_| {
        for turn in 0_usize.. {
            if Instant::now() > until {
                break;
            }
            steer(turn);
        }
        // The receivers' last messages fit whatever it has set.
        sysfs::set("cmd_buf_size", 256);
    })
}

fn steer(turn: usize) {
    match turn % 8 {
        0 => sysfs::set("flush", RECEIVERS[turn / 8 % RECEIVERS.len()].0),
        1 if turn.is_multiple_of(5) => sysfs::set("flush", "*"),
        2 => sysfs::set("queue_len", 1 + turn % 32),
        3 => sysfs::set("cmd_buf_size", 64 + turn % 1000),
        4 => {
            let evicted = sysfs::put("evict", format!("c{}", turn / 8 % CHURNERS));
            assert!(
                [Ok(()), Err(Errno::ENOENT)].contains(&evicted),
                "{evicted:?}"
            );
        }
        5 => {
            // As many as there may be, or none but those that are there; nobody is to notice.
            sysfs::set("max_per_user", turn % 16);
        }
        6 => {
            let rows = listing::rows();
            let receivers = rows.iter().filter(|row| row.name.starts_with('r')).count();
            assert_eq!(receivers, RECEIVERS.len());
            assert!(rows
                .iter()
                .all(|row| row.depth <= row.len && row.depth + row.dropped <= row.received));
        }
        _ => {
            for folder in fs::read_dir("/sys/class/misc/mq/queues")
                .expect("queues/")
                .flatten()
            {
                // It may have ended by now.
                let _ = fs::read_to_string(folder.path().join("depth"));
            }
        }
    }
}

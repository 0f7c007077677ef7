// SPDX-License-Identifier: GPL-2.0

//! The administrator while everything goes on: flushes, evicts, changes parameters.

use std::time::Instant;

use nix::errno::Errno;

use super::{
    dice::Dice,
    everything::{ALL, LIVES, RECEIVERS},
};
use crate::{child::Child, sysfs};

/// Starts it.
pub fn start(until: Instant) -> Child {
    Child::start(move |_| {
        let mut dice = Dice::new(ALL);
        while Instant::now() < until {
            steer(&mut dice);
        }
    })
}

fn steer(dice: &mut Dice) {
    match dice.roll(10) {
        0 => {
            let (name, _) = RECEIVERS[dice.roll(RECEIVERS.len() as u64) as usize];
            sysfs::set("flush", name);
        }
        1 if dice.roll(5) == 0 => sysfs::set("flush", "*"),
        2 => sysfs::set("queue_len", 1 + dice.roll(32)),
        3 => sysfs::set("cmd_buf_size", 64 + dice.roll(4000)),
        4 | 5 => {
            let evicted = sysfs::put("evict", format!("c{}", dice.roll(LIVES.len() as u64)));
            let allowed = [Ok(()), Err(Errno::ENOENT)];
            assert!(allowed.contains(&evicted), "{evicted:?}");
        }
        // There is always room for everybody, and an ordinary user alone is to notice the rest.
        6 => sysfs::set("max_devices", ALL + dice.roll(100)),
        7 => sysfs::set("max_per_user", dice.roll(3)),
        8 => sysfs::set("queue_bytes", dice.roll(100_000)),
        _ => sysfs::set("max_bytes_per_user", dice.roll(100_000)),
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Ten thousand registered processes at once, in a small guest.

use std::{collections::HashMap, fs};

use nix::unistd::Pid;

use crate::{
    cheap::{self, Cheap},
    device::{line, Device},
    harness::{self, Topic},
    listing, sys, sysfs, wait,
};

pub const TESTS: Topic = &[(
    "10,000 registered processes: listed, reached by a broadcast, gone when killed",
    ten_thousand,
)];

fn ten_thousand() {
    let count = wait::many(10_000);
    if !sys::has_sysctl() {
        harness::skip("this kernel cannot be told to allow as many processes");
    }
    fs::write("/proc/sys/kernel/threads-max", "20000").expect("threads-max");
    sysfs::set("max_devices", count + 1);
    let device = Device::registered("bob");
    let cheap = Cheap::new();
    let members: Vec<Pid> = (0..count)
        .map(|number| cheap.start(&format!("m{number}")))
        .collect();
    assert_eq!(sysfs::registrations(), count as u64 + 1);

    let rows = listing::rows();
    assert_eq!(rows.len(), count + 1);
    for (number, (row, member)) in rows[1..].iter().zip(&members).enumerate() {
        assert_eq!(
            (&row.name, row.pid),
            (&format!("m{number}"), member.as_raw())
        );
    }

    assert_eq!(device.command("/all hello, everybody"), Ok(()));
    device.send(&format!("m{}", count - 1), "hello, last one");
    device.send("bob", "hello, me");
    assert_eq!(device.read(), line("bob", "hello, me"));
    let depths: HashMap<String, u64> = listing::rows()
        .into_iter()
        .map(|row| (row.name, row.depth))
        .collect();
    assert_eq!(depths["m0"], 1);
    assert_eq!(depths[&format!("m{}", count - 1)], 2);
    assert_eq!(depths.values().sum::<u64>(), count as u64 + 1);

    cheap::end(&members);
    assert_eq!(listing::rows().len(), 1);
    assert_eq!(sysfs::registrations(), 1);
}

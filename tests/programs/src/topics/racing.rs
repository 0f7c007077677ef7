// SPDX-License-Identifier: GPL-2.0

//! Several processes at the same time want what only some of them can have.

use nix::errno::Errno;

use crate::{child::Child, device::Device, harness::Topic, sysfs};

pub const TESTS: Topic = &[
    ("a race for a name: one process gets it", race_for_a_name),
    (
        "a race for the table: exactly max_devices get in",
        race_for_the_table,
    ),
];

/// Processes that register at the same time, under the names given, and what came of it.
fn race(names: &[String]) -> (Vec<Child>, Vec<Errno>) {
    let racers: Vec<Child> = names
        .iter()
        .map(|name| {
            Child::start(|link| {
                let device = Device::open();
                link.say("ready");
                link.hear();
                let result = device.command(format!("/reg {name}"));
                link.say((result.err().map_or(0, |error| error as i32)).to_string());
                nix::unistd::pause();
            })
        })
        .collect();
    racers
        .iter()
        .for_each(|racer| assert_eq!(racer.hear(), "ready"));
    racers.iter().for_each(|racer| racer.say("go"));
    let (mut registered, mut refused) = (Vec::new(), Vec::new());
    for racer in racers {
        match racer.hear().parse().expect("a number") {
            0 => registered.push(racer),
            error => refused.push(Errno::from_raw(error)),
        }
    }
    (registered, refused)
}

fn race_for_a_name() {
    for _ in 0..5 {
        let (registered, refused) = race(&["bob"; 4].map(str::to_owned));
        assert_eq!((registered.len(), refused), (1, vec![Errno::EEXIST; 3]));
    }
}

fn race_for_the_table() {
    sysfs::set("max_devices", 5);
    for _ in 0..5 {
        let names: Vec<String> = (0..8).map(|number| format!("r{number}")).collect();
        let (registered, refused) = race(&names);
        assert_eq!((registered.len(), refused), (5, vec![Errno::ENOSPC; 3]));
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Several processes at the same time: they want what only some of them can have, or what one of them
//! is just giving back.

use std::os::fd::AsFd;

use nix::{
    errno::Errno,
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::{
        signal::{kill, Signal},
        wait::waitpid,
    },
};

use crate::{cheap::Cheap, child::Child, device::Device, harness::Topic, sys, sysfs, wait};

pub const TESTS: Topic = &[
    ("a race for a name: one process gets it", race_for_a_name),
    (
        "a race for the table: exactly max_devices get in",
        race_for_the_table,
    ),
    (
        "a pidfd tells of the end: the name is free",
        name_after_a_pidfd,
    ),
    (
        "a pidfd tells of the end: the place is free",
        place_after_a_pidfd,
    ),
    (
        "a pidfd tells of the end: the user's share is given back",
        share_after_a_pidfd,
    ),
    (
        "a pidfd tells of the end: the user's bytes are given back",
        bytes_after_a_pidfd,
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

/// A thousand processes die on another processor; as soon as a pidfd tells of it, this one must be
/// able to register as `next`.
fn after_each_death(next: &str) {
    const CAP_SYS_RESOURCE: u32 = 24;

    sys::drop_capability(CAP_SYS_RESOURCE);
    let device = Device::open();
    let cheap = Cheap::new();
    for life in 0..wait::many(1000) {
        let process = cheap.start("bob");
        wait::on_the_other_processor(process);
        let pidfd = sys::pidfd(process);
        kill(process, Signal::SIGKILL).expect("kill");
        let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        while poll(&mut fds, PollTimeout::ZERO) != Ok(1) {}
        let result = device.command(format!("/reg {next}"));
        assert_eq!(result, Ok(()), "after the death of number {life}");
        assert_eq!(device.command("/unr"), Ok(()));
        waitpid(process, None).expect("waitpid");
    }
}

fn name_after_a_pidfd() {
    after_each_death("bob");
}

fn place_after_a_pidfd() {
    sysfs::set("max_devices", 1);
    after_each_death("rob");
}

fn share_after_a_pidfd() {
    sysfs::set("max_per_user", 1);
    after_each_death("rob");
}

fn bytes_after_a_pidfd() {
    sysfs::set("queue_bytes", 65536);
    sysfs::set("max_bytes_per_user", 65536);
    after_each_death("rob");
}

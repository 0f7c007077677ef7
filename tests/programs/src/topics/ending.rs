// SPDX-License-Identifier: GPL-2.0

//! The end of a registration that nobody asked for: its process exits or is killed, wherever it is
//! at that moment, and its name is free at once.

use std::thread;

use nix::{
    errno::Errno,
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::{
        signal::Signal,
        wait::{waitid, Id, WaitPidFlag},
    },
    unistd::pause,
};

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    harness::Topic,
    listing, sys, sysfs, wait,
};

pub const TESTS: Topic = &[
    ("exit ends the registration", exits),
    ("SIGKILL while waiting in read", killed_reading),
    (
        "SIGKILL while sending: what arrived is whole and in order",
        killed_sending,
    ),
    (
        "SIGKILL while broadcasting: what arrived is whole and in order",
        killed_broadcasting,
    ),
    (
        "a zombie is not registered, and nobody has to touch the device",
        zombie,
    ),
    (
        "the leader exits: registered until the last thread ends",
        leader_exits,
    ),
    (
        "the leader exits while somebody traces it: the same",
        traced_leader_exits,
    ),
    (
        "a file that is open elsewhere does not keep the registration",
        file_elsewhere,
    ),
    ("closing the file does not end the registration", closed),
    (
        "the next of the same name starts with an empty queue",
        starts_empty,
    ),
    (
        "the name is free as soon as a pidfd tells of the end",
        free_after_pidfd,
    ),
    (
        "the name is free as soon as waitid sees the zombie",
        free_after_zombie,
    ),
    (
        "a crowd killed at once: all names are free after wait",
        crowd_killed,
    ),
    (
        "a crowd killed while it is listed: no line without a process",
        crowd_killed_while_listed,
    ),
    (
        "a process with much to free: nothing of it counts after wait",
        much_to_free,
    ),
];

fn gone(name: &str) -> bool {
    !sysfs::is_registered(name)
}

fn exits() {
    let child = Child::start(|link| {
        Device::registered("bob");
        link.say("registered");
        link.hear();
    });
    assert_eq!(child.hear(), "registered");
    assert!(sysfs::is_registered("bob"));
    child.say("end");
    child.finish();
    assert!(listing::find("bob").is_none());
    assert_eq!(
        Device::registered("carol").command("/msg bob x"),
        Err(Errno::ENOENT)
    );
}

fn killed_reading() {
    for _ in 0..20 {
        let child = Child::start(|_| {
            let device = Device::open();
            device.register("bob");
            device.read().expect("killed before");
        });
        wait::until("bob is registered", || sysfs::is_registered("bob"));
        child.until_reading();
        child.kill();
        assert!(listing::find("bob").is_none());
    }
}

/// A child sends numbers by `command` until it is killed; they arrive without a gap or a half.
fn killed_while(command: &'static str) {
    sysfs::set("queue_len", 64);
    let device = Device::registered("bob");
    for life in 1..=20 {
        let child = Child::start(|_| {
            let device = Device::registered("sender");
            let mut number = 0_u64;
            loop {
                assert_eq!(device.command(format!("{command} {number}")), Ok(()));
                number += 1;
            }
        });
        wait::until("some have arrived", || listing::of("bob").depth > life);
        child.kill();
        assert!(listing::find("sender").is_none());
        let arrived = device.drain();
        let numbers: Vec<u64> = arrived
            .iter()
            .map(|line| {
                let number = line
                    .strip_prefix("sender ")
                    .and_then(|line| line.strip_suffix('\n'));
                number
                    .and_then(|number| number.parse().ok())
                    .expect("a whole message")
            })
            .collect();
        assert!(
            numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
            "life {life}: {numbers:?}"
        );
    }
}

fn killed_sending() {
    killed_while("/msg bob");
}

fn killed_broadcasting() {
    killed_while("/all");
}

fn zombie() {
    let child = Child::start(|link| {
        Device::registered("bob");
        link.say("registered");
        link.hear();
    });
    assert_eq!(child.hear(), "registered");
    assert!(!gone("bob"));
    child.say("end");
    wait::until("the registration ends", || gone("bob"));
    child.finish();
}

fn leader_exits() {
    leader_exits_first(false);
}

fn traced_leader_exits() {
    leader_exits_first(true);
}

fn leader_exits_first(is_traced: bool) {
    let device = Device::registered("bob");
    let child = Child::start(|link| {
        let link = link.duplicate();
        let device = Device::registered("carol");
        assert_eq!(link.hear(), "begin");
        thread::spawn(move || {
            while link.hear() == "go on" {
                device.send("bob", "still here");
                link.say(device.read().expect("a message"));
            }
            sys::exit(0);
        });
        sys::exit_thread();
    });
    if is_traced {
        sys::trace(child.pid);
    }
    child.say("begin");
    let is_zombie = || {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", child.pid));
        status.is_ok_and(|status| status.contains(") Z "))
    };
    wait::until("the leader is a zombie", is_zombie);
    for _ in 0..3 {
        assert_eq!(listing::of("carol").pid, child.pid.as_raw());
        device.send("carol", "are you there?");
        child.say("go on");
        assert_eq!(child.hear(), "bob are you there?\n");
        assert_eq!(device.read(), line("carol", "still here"));
    }
    child.say("end");
    child.finish();
    assert!(listing::find("carol").is_none());
}

fn file_elsewhere() {
    let child = Child::start(|link| {
        link.pass(Device::registered("bob"));
        pause();
    });
    let file: Device = child.take();
    child.kill();
    assert!(listing::find("bob").is_none());
    assert_eq!(file.read(), Err(Errno::ENOENT));
}

fn closed() {
    drop(Device::registered("bob"));
    let device = Device::open_nonblocking();
    device.send("bob", "hello");
    drop(device);
    assert_eq!(listing::of("bob").depth, 1);
    assert_eq!(Device::open().read(), line("bob", "hello"));
}

fn starts_empty() {
    let child = Child::start(|_| Device::registered("bob").send("bob", "old"));
    child.finish();
    let device = Device::registered("bob");
    assert_eq!(device.read(), EMPTY);
    let row = listing::of("bob");
    assert_eq!((row.sent, row.received, row.dropped), (0, 0, 0));
}

/// A child that is registered, and ends when it is told to.
fn mortal() -> Child {
    let child = Child::start(|link| {
        let device = Device::open();
        assert_eq!(device.command("/reg bob"), Ok(()));
        link.say("registered");
        link.hear();
    });
    assert_eq!(child.hear(), "registered");
    child
}

fn free_after_pidfd() {
    wait::on_one_processor();
    for _ in 0..30 {
        let child = mortal();
        let pidfd = sys::pidfd(child.pid);
        child.say("end");
        let mut fds = [PollFd::new(
            std::os::fd::AsFd::as_fd(&pidfd),
            PollFlags::POLLIN,
        )];
        assert_eq!(poll(&mut fds, PollTimeout::from(20_000_u16)), Ok(1));
        // The next child finds the name free, or fails.
        mortal().kill();
        child.finish();
    }
}

fn free_after_zombie() {
    wait::on_one_processor();
    for _ in 0..30 {
        let child = mortal();
        child.say("end");
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(child.pid), flags).expect("waitid");
        mortal().kill();
        child.finish();
    }
}

const CROWD: u64 = 60;

/// Registered processes, of which there may be as many.
fn crowd() -> Vec<Child> {
    sysfs::set("max_devices", CROWD);
    let crowd = (0..CROWD).map(|number| {
        let child = Child::start(move |link| {
            let device = Device::open();
            device.register(&format!("c{number}"));
            link.say("registered");
            device.read().expect("killed before");
        });
        assert_eq!(child.hear(), "registered");
        child
    });
    crowd.collect()
}

fn crowd_killed() {
    for _ in 0..2 {
        let crowd = crowd();
        assert_eq!(sysfs::registrations(), CROWD);
        crowd.iter().for_each(|child| child.signal(Signal::SIGKILL));
        crowd.into_iter().for_each(Child::kill);
    }
}

fn crowd_killed_while_listed() {
    for _ in 0..wait::many(20) {
        let crowd = crowd();
        let lister = thread::spawn(|| loop {
            let rows = listing::rows();
            let without = rows.iter().find(|row| row.pid == 0);
            assert_eq!(without, None, "each of them is a process's");
            if rows.is_empty() {
                return;
            }
        });
        crowd.into_iter().for_each(Child::kill);
        lister.join().expect("what it has listed");
    }
}

fn much_to_free() {
    const MESSAGES: usize = 20_000;
    sysfs::set("queue_len", MESSAGES);
    sysfs::set("max_devices", 2);
    let device = Device::registered("bob");
    for _ in 0..3 {
        let child = Child::start(|link| {
            Device::registered("full");
            link.say("registered");
            pause();
        });
        assert_eq!(child.hear(), "registered");
        (0..wait::many(MESSAGES)).for_each(|_| device.send("full", "x"));
        child.kill();
        assert_eq!(sysfs::registrations(), 1);
        assert_eq!(listing::rows().len(), 1);
        assert_eq!(device.command("/msg full x"), Err(Errno::ENOENT));
        let next = Child::start(|_| drop(Device::registered("next")));
        next.finish();
    }
}

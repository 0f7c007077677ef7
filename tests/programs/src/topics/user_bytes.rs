// SPDX-License-Identifier: GPL-2.0

//! `MAX_BYTES_PER_USER`: what the queues of one user may take together, and what an ordinary user
//! can make the driver hold at most.

use std::{
    fs, hint,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
};

use nix::errno::Errno;

use super::limits::{hold, hold_all};
use crate::{
    child::{elsewhere, Child},
    device::{line, Device},
    harness::Topic,
    listing,
    puppet::{become_user, Program, Puppet},
    sys, sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "QUEUE_BYTES of 64 KiB, MAX_BYTES_PER_USER of 128 KiB: two fit, the third gets EDQUOT",
        exactly,
    ),
    ("each user has bytes of its own", each_its_own),
    (
        "root may take more, but not without CAP_SYS_RESOURCE",
        root_is_exempt,
    ),
    (
        "the bytes are given back by the end of a process, /unr and evict",
        given_back,
    ),
    (
        "a set-user-id program gives back the bytes of its caller's registration",
        given_back_by_replacement,
    ),
    ("a refused /reg takes no bytes", refusals_take_nothing),
    (
        "a new max_bytes_per_user holds for new registrations, and ends none",
        changed,
    ),
    (
        "a queue larger than the user's bytes: EDQUOT at once",
        too_large,
    ),
    (
        "MAX_BYTES_PER_USER=0: a thirty-second of the memory",
        thirty_second,
    ),
    (
        "the largest parameters: an ordinary user cannot take the machine's memory",
        largest_parameters,
    ),
    (
        "half read messages count: EDQUOT, and the message stays",
        half_read,
    ),
    (
        "what another reader has taken meanwhile counts no longer: no EDQUOT for the next",
        taken_meanwhile,
    ),
    (
        "a user whose bytes are all reserved reads byte by byte",
        all_reserved,
    ),
];

const ROOT: u32 = 0;
const ALICE: u32 = 1000;
const BERT: u32 = 1001;
const KIB: u64 = 1024;

/// Sets the bytes of each queue and of each user; all else allows many.
fn limits(queue: u64, user: u64) {
    sysfs::set("max_devices", 1000);
    sysfs::set("max_per_user", 1000);
    sysfs::set("queue_bytes", queue);
    sysfs::set("max_bytes_per_user", user);
}

/// How many registrations a user gets before the first refusal, which must be `EDQUOT`.
#[track_caller]
fn fit(uid: u32) -> usize {
    let (held, refusal) = hold_all(uid, "f");
    assert_eq!(refusal, Errno::EDQUOT);
    held.len()
}

fn exactly() {
    limits(64 * KIB, 128 * KIB);
    assert_eq!(fit(ALICE), 2);
    limits(64 * KIB, 192 * KIB - 1);
    assert_eq!(fit(ALICE), 2);
    limits(64 * KIB, 192 * KIB);
    assert_eq!(fit(ALICE), 3);
}

fn each_its_own() {
    limits(64 * KIB, 128 * KIB);
    let (alice, _) = hold_all(ALICE, "a");
    let (bert, refusal) = hold_all(BERT, "b");
    assert_eq!((alice.len(), bert.len(), refusal), (2, 2, Errno::EDQUOT));
}

fn root_is_exempt() {
    const CAP_SYS_RESOURCE: u32 = 24;

    limits(64 * KIB, 128 * KIB);
    let _held = [0, 1, 2, 3].map(|number| hold(ROOT, &format!("r{number}")).expect("root"));
    elsewhere(|| {
        sys::drop_capability(CAP_SYS_RESOURCE);
        assert_eq!(Device::open().command("/reg more"), Err(Errno::EDQUOT));
        String::new()
    });
    hold(ALICE, "alice").expect("root's bytes are not hers");
}

fn given_back() {
    limits(64 * KIB, 128 * KIB);
    for round in 0..3 {
        let (mut held, refusal) = hold_all(ALICE, "a");
        assert_eq!((held.len(), refusal), (2, Errno::EDQUOT), "round {round}");
        held.pop().expect("two").kill();
        held.push(hold(ALICE, "again").expect("the bytes of a dead one"));
        sysfs::set("evict", "again");
        held.push(hold(ALICE, "third").expect("the bytes of an evicted one"));
        assert_eq!(hold(ALICE, "more").err(), Some(Errno::EDQUOT));
    }
    elsewhere(|| {
        become_user(ALICE);
        let device = Device::open();
        for _ in 0..5 {
            device.register("alice");
            device.send("alice", "discarded");
            assert_eq!(device.command("/unr"), Ok(()));
        }
        String::new()
    });
    assert_eq!(fit(ALICE), 2);
}

fn given_back_by_replacement() {
    let program = Program::set_user_id(BERT);
    limits(64 * KIB, 64 * KIB);
    let user = Puppet::start(ALICE);
    assert_eq!(user.register("alice"), "ok");
    assert_eq!(hold(ALICE, "more").err(), Some(Errno::EDQUOT));
    user.executes(&program);
    assert_eq!(user.register("bert"), "ok");
    let _alice = hold(ALICE, "next").expect("the bytes of the replaced one");
    assert_eq!(hold(BERT, "more").err(), Some(Errno::EDQUOT), "now his");
    user.kill();
    hold(BERT, "more").expect("the bytes of a dead one");
}

fn refusals_take_nothing() {
    limits(64 * KIB, 128 * KIB);
    let bob = hold(ROOT, "bob").expect("room");
    elsewhere(|| {
        become_user(ALICE);
        let device = Device::open();
        for _ in 0..20 {
            assert_eq!(device.command("/reg bob"), Err(Errno::EEXIST));
            assert_eq!(device.command("/reg .bad"), Err(Errno::EINVAL));
        }
        device.register("alice");
        for _ in 0..20 {
            assert_eq!(device.command("/reg other"), Err(Errno::EEXIST));
        }
        String::new()
    });
    sysfs::set("max_devices", 1);
    assert_eq!(hold(ALICE, "more").err(), Some(Errno::ENOSPC));
    sysfs::set("max_devices", 1000);
    bob.kill();
    assert_eq!(fit(ALICE), 2);
}

fn changed() {
    limits(64 * KIB, 128 * KIB);
    let (mut held, _) = hold_all(ALICE, "a");
    sysfs::set("max_bytes_per_user", 192 * KIB);
    held.push(hold(ALICE, "third").expect("room at once"));
    sysfs::set("max_bytes_per_user", 64 * KIB);
    assert_eq!(sysfs::registrations(), 3);
    assert_eq!(hold(ALICE, "more").err(), Some(Errno::EDQUOT));
    held.truncate(1);
    assert_eq!(hold(ALICE, "more").err(), Some(Errno::EDQUOT));
    // What a registration has reserved is what it was when it was made.
    sysfs::set("max_bytes_per_user", 128 * KIB);
    sysfs::set("queue_bytes", 32 * KIB);
    let (more, refusal) = hold_all(ALICE, "b");
    assert_eq!((more.len(), refusal), (2, Errno::EDQUOT));
}

fn too_large() {
    limits(128 * KIB + 1, 128 * KIB);
    assert_eq!(fit(ALICE), 0);
    hold(ROOT, "root").expect("root is not held to it");
    sysfs::set("queue_bytes", 128 * KIB);
    assert_eq!(fit(ALICE), 1);
}

/// A line of `/proc/meminfo`, in bytes.
fn memory(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("/proc/meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number
        .map(|number: u64| number * KIB)
        .expect("a line of it")
}

fn thirty_second() {
    let share = memory("MemTotal:") / 32;
    let queue = share / 4;
    limits(queue, 0);
    assert_eq!(fit(ALICE), 4);
    limits(queue + queue / 100, 0);
    assert_eq!(fit(ALICE), 3);
}

fn largest_parameters() {
    const TEXT: usize = 65_000;
    sysfs::set("cmd_buf_size", 65536);
    sysfs::set("queue_len", 65536);
    sysfs::set("max_devices", 1000);
    sysfs::set("max_per_user", 1000);
    assert_eq!(hold(ALICE, "alice").err(), Some(Errno::EDQUOT));
    hold(ROOT, "root").expect("root is not held to it");

    // Queues of which one user gets some, each filled to the brim.
    sysfs::set("queue_len", 64);
    let before = memory("MemAvailable:");
    let mut users = Vec::new();
    let refusal = loop {
        let user = Child::start(|link| {
            become_user(ALICE);
            let device = Device::open();
            let name = format!("u{}", std::process::id());
            let result = device.command(format!("/reg {name}"));
            if result.is_ok() {
                (0..70).for_each(|_| device.send(&name, "x".repeat(TEXT)));
                assert_eq!(listing::of(&name).depth, 64);
            }
            link.say(format!("{result:?}"));
            nix::unistd::pause();
        });
        let result = user.hear();
        if result != "Ok(())" {
            break result;
        }
        users.push(user);
        assert!(users.len() < 30, "there is no end of it");
    };
    assert_eq!(refusal, "Err(EDQUOT)");
    assert!(users.len() > 3, "{} queues", users.len());
    // The processes themselves take some, too.
    let taken = before.saturating_sub(memory("MemAvailable:"));
    // The debug kernel takes memory of its own for each piece of a message.
    let pieces = if wait::is_debug_kernel() { 2 } else { 1 };
    let allowed = pieces * memory("MemTotal:") / 32 + (users.len() as u64) * 512 * KIB + 4096 * KIB;
    assert!(taken < allowed, "{taken} bytes taken, {allowed} allowed");
}

fn half_read() {
    const TEXT: usize = 60_000;
    sysfs::set("cmd_buf_size", 65536);
    limits(128 * KIB, 1024 * KIB);
    elsewhere(|| {
        become_user(ALICE);
        let device = Device::registered("alice");
        let text = "x".repeat(TEXT);
        let mut files = Vec::new();
        let file = loop {
            device.send("alice", &text);
            let file = Device::open_nonblocking();
            match file.read_up_to(1) {
                Ok(byte) => assert_eq!(byte, b"a"),
                Err(error) => {
                    assert_eq!(error, Errno::EDQUOT);
                    break file;
                }
            }
            files.push(file);
            assert!(
                files.len() * TEXT < (1024 * KIB) as usize,
                "{}",
                files.len()
            );
        };
        assert!(files.len() > 4, "{} half read", files.len());
        let row = listing::of("alice");
        assert_eq!((row.depth, row.dropped), (1, 0), "the message stays");
        assert_eq!(file.read_up_to(1), Err(Errno::EDQUOT), "still");
        assert_eq!(file.read(), line("alice", &text), "whole it can be read");
        for half_read in &files[1..3] {
            assert_eq!(half_read.read().map(|rest| rest.len()), Ok(TEXT + 6));
        }
        device.send("alice", &text);
        assert_eq!(file.read_up_to(1), Ok(b"a".to_vec()), "one read to its end");
        drop(files);
        for _ in 0..5 {
            device.send("alice", &text);
            let file = Device::open_nonblocking();
            assert_eq!(file.read_up_to(1), Ok(b"a".to_vec()), "others closed");
        }
        String::new()
    });
}

fn all_reserved() {
    limits(64 * KIB, 64 * KIB);
    elsewhere(|| {
        become_user(ALICE);
        let device = Device::registered("alice");
        (0..8).for_each(|number| device.send("alice", number));
        let mut text = Vec::new();
        while let Ok(byte) = device.read_up_to(1) {
            text.extend(byte);
        }
        let expected: String = (0..8).map(|number| format!("alice {number}\n")).collect();
        assert_eq!(String::from_utf8(text), Ok(expected));
        String::new()
    });
}

fn taken_meanwhile() {
    const SHORT: usize = 40_000;
    const LONG: usize = 65_000;
    let rounds = wait::many(1000);
    sysfs::set("cmd_buf_size", 65536);
    limits(160 * KIB, 160 * KIB);
    elsewhere(|| {
        become_user(ALICE);
        let device = Device::registered("alice");
        let [short, long] = [SHORT, LONG].map(|len| "x".repeat(len));
        // With this one there are bytes for the long one, or the short one, and not for both.
        device.send("alice", &long);
        let half_read = Device::open_nonblocking();
        assert_eq!(half_read.read_up_to(1), Ok(b"a".to_vec()));

        // Both go on at the same time, or as near to it as can be.
        let met = AtomicUsize::new(0);
        let meet = |time: usize| {
            met.fetch_add(1, SeqCst);
            while met.load(SeqCst) < 2 * time {
                hint::spin_loop();
            }
        };
        thread::scope(|scope| {
            let in_parts = scope.spawn(|| {
                let file = Device::open_nonblocking();
                let mut bytes = Vec::new();
                for round in 1..=rounds {
                    meet(2 * round - 1);
                    (0..round % 100).for_each(|_| hint::spin_loop());
                    bytes.push(file.read_up_to(1));
                    file.read().expect("the rest");
                    meet(2 * round);
                }
                bytes
            });
            for round in 1..=rounds {
                device.send("alice", &short);
                device.send("alice", &long);
                meet(2 * round - 1);
                device.read().expect("the other message");
                meet(2 * round);
            }
            let bytes = in_parts.join().expect("a thread");
            assert_eq!(bytes.into_iter().find(Result::is_err), None);
        });
        String::new()
    });
}

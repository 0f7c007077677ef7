// SPDX-License-Identifier: GPL-2.0

//! The parameters at work: how many registrations, in all and a user, how many messages a queue, how
//! many bytes a command; at their ends, and changed while in use.

use nix::{
    errno::Errno,
    unistd::{setresuid, Uid},
};

use crate::{
    child::{elsewhere, Child},
    device::{line, Device, EMPTY},
    harness::Topic,
    listing, sys, sysfs,
};

pub const TESTS: Topic = &[
    (
        "exactly max_devices fit, the next gets ENOSPC; one leaves, one fits",
        table_full,
    ),
    ("a lower max_devices ends nobody's registration", lowered),
    ("a higher max_devices makes room at once", raised),
    (
        "a user holds three quarters of the table and no more: EDQUOT",
        three_quarters,
    ),
    ("the share is at least one", at_least_one),
    ("MAX_PER_USER sets the share", share_set),
    ("each user has a share of its own", each_its_own),
    (
        "the share is given back by the end of a process and by /unr",
        given_back,
    ),
    (
        "root without CAP_SYS_RESOURCE is held to its share",
        root_without_capability,
    ),
    (
        "a full table is told before a used-up share",
        full_before_share,
    ),
    ("a queue of one: the newest message stays", queue_of_one),
    (
        "a queue of queue_len: the oldest is dropped and counted",
        queue_full,
    ),
    ("a new queue_len is for new registrations", new_queue_len),
    ("a queue of 65536", longest_queue),
    (
        "cmd_buf_size to the byte: 16, newline and zero byte not counted",
        smallest_command,
    ),
    (
        "cmd_buf_size to the byte: 65536, and the text arrives whole",
        largest_command,
    ),
    (
        "a new cmd_buf_size counts from the next command on",
        new_command_size,
    ),
];

const ROOT: u32 = 0;
const ALICE: u32 = 1000;
const BERT: u32 = 1001;

/// A process of a user, registered as `name` until it is killed, or the error that it got.
pub fn hold(uid: u32, name: &str) -> Result<Child, Errno> {
    let child = Child::start(|link| {
        let uid = Uid::from_raw(uid);
        setresuid(uid, uid, uid).expect("setresuid");
        match Device::open().command(format!("/reg {name}")) {
            Ok(()) => link.say("0"),
            Err(error) => link.say((error as i32).to_string()),
        }
        nix::unistd::pause();
    });
    match child.hear().parse().expect("a number") {
        0 => Ok(child),
        error => Err(Errno::from_raw(error)),
    }
}

/// Registers processes of a user, called `prefix` and a number, until one is refused: those that were
/// not, and the error.
pub fn hold_all(uid: u32, prefix: &str) -> (Vec<Child>, Errno) {
    let mut held = Vec::new();
    loop {
        match hold(uid, &format!("{prefix}{}", held.len())) {
            Ok(child) => held.push(child),
            Err(error) => return (held, error),
        }
    }
}

fn error(result: Result<Child, Errno>) -> Option<Errno> {
    result.err()
}

fn table_full() {
    for count in [1, 2, 5] {
        sysfs::set("max_devices", count);
        let (mut held, refusal) = hold_all(ROOT, "r");
        assert_eq!((held.len(), refusal), (count, Errno::ENOSPC));
        assert_eq!(listing::rows().len(), count);
        held.pop().expect("one at least").kill();
        held.push(hold(ROOT, "next").expect("room for one"));
        assert_eq!(error(hold(ROOT, "more")), Some(Errno::ENOSPC));
    }
}

fn lowered() {
    let mut held: Vec<Child> = (0..5)
        .map(|n| hold(ROOT, &format!("r{n}")).expect("room"))
        .collect();
    sysfs::set("max_devices", 3);
    assert_eq!(sysfs::registrations(), 5);
    assert_eq!(error(hold(ROOT, "more")), Some(Errno::ENOSPC));
    held.truncate(3);
    assert_eq!(error(hold(ROOT, "more")), Some(Errno::ENOSPC));
    held.truncate(2);
    hold(ROOT, "more").expect("room for one");
}

fn raised() {
    sysfs::set("max_devices", 2);
    let (held, _) = hold_all(ROOT, "r");
    sysfs::set("max_devices", 3);
    let _third = hold(ROOT, "third").expect("room for one");
    assert_eq!(held.len(), 2);
    assert_eq!(error(hold(ROOT, "fourth")), Some(Errno::ENOSPC));
}

fn three_quarters() {
    for (table, share) in [(8, 6), (7, 5), (2, 1)] {
        sysfs::set("max_devices", table);
        let (held, refusal) = hold_all(ALICE, "a");
        assert_eq!((held.len(), refusal), (share, Errno::EDQUOT), "of {table}");
    }
}

fn at_least_one() {
    sysfs::set("max_devices", 1);
    hold(ALICE, "alice").expect("a share of one");
}

fn share_set() {
    for share in [1, 3] {
        sysfs::set("max_per_user", share);
        let (held, refusal) = hold_all(ALICE, "a");
        assert_eq!((held.len(), refusal), (share, Errno::EDQUOT));
    }
    sysfs::set("max_per_user", 65536);
    let (held, refusal) = hold_all(ALICE, "a");
    assert_eq!(
        (held.len(), refusal),
        (8, Errno::ENOSPC),
        "a share larger than the table"
    );
}

fn each_its_own() {
    sysfs::set("max_per_user", 3);
    let (alice, refusal) = hold_all(ALICE, "a");
    assert_eq!((alice.len(), refusal), (3, Errno::EDQUOT));
    let (bert, refusal) = hold_all(BERT, "b");
    assert_eq!((bert.len(), refusal), (3, Errno::EDQUOT));
    let (root, refusal) = hold_all(ROOT, "r");
    assert_eq!((root.len(), refusal), (2, Errno::ENOSPC));
}

fn given_back() {
    sysfs::set("max_per_user", 2);
    let (mut held, _) = hold_all(ALICE, "a");
    held.pop();
    held.push(hold(ALICE, "again").expect("the dead one's share"));
    assert_eq!(error(hold(ALICE, "more")), Some(Errno::EDQUOT));
    held.pop();
    elsewhere(|| {
        let alice = Uid::from_raw(ALICE);
        setresuid(alice, alice, alice).expect("setresuid");
        let device = Device::open();
        for _ in 0..5 {
            device.register("alice");
            assert_eq!(device.command("/unr"), Ok(()));
            assert_eq!(device.command("/reg .bad"), Err(Errno::EINVAL));
        }
        String::new()
    });
    sysfs::set("evict", "a0");
    let (all, refusal) = hold_all(ALICE, "n");
    assert_eq!(
        (all.len(), refusal),
        (2, Errno::EDQUOT),
        "an evicted one's share too"
    );
}

fn root_without_capability() {
    const CAP_SYS_RESOURCE: u32 = 24;

    sysfs::set("max_per_user", 1);
    let _first = hold(ROOT, "first").expect("room");
    let _second = hold(ROOT, "second").expect("root may take more than its share");
    elsewhere(|| {
        sys::drop_capability(CAP_SYS_RESOURCE);
        assert_eq!(Device::open().command("/reg third"), Err(Errno::EDQUOT));
        String::new()
    });
}

fn full_before_share() {
    sysfs::set("max_devices", 2);
    sysfs::set("max_per_user", 1);
    let _alice = hold(ALICE, "alice").expect("room");
    let _root = hold(ROOT, "root").expect("room");
    assert_eq!(error(hold(ALICE, "more")), Some(Errno::ENOSPC));
}

fn queue_of_one() {
    sysfs::set("queue_len", 1);
    let device = Device::registered("bob");
    (1..=3).for_each(|number| device.send("bob", number));
    let row = listing::of("bob");
    assert_eq!(
        (row.len, row.depth, row.received, row.dropped),
        (1, 1, 3, 2)
    );
    assert_eq!(device.drain(), ["bob 3\n"]);
    device.send("bob", 4);
    assert_eq!(device.read(), line("bob", 4));
    assert_eq!(device.read(), EMPTY);
}

fn queue_full() {
    let device = Device::registered("bob");
    (1..=11).for_each(|number| device.send("bob", number));
    let row = listing::of("bob");
    assert_eq!(
        (row.len, row.depth, row.received, row.dropped),
        (8, 8, 11, 3)
    );
    let expected: Vec<String> = (4..=11).map(|number| format!("bob {number}\n")).collect();
    assert_eq!(device.drain(), expected);
}

fn new_queue_len() {
    let device = Device::registered("old");
    sysfs::set("queue_len", 2);
    let _new = hold(ROOT, "new").expect("room");
    for number in 0..9 {
        device.send("old", number);
        device.send("new", number);
    }
    let (old, new) = (listing::of("old"), listing::of("new"));
    assert_eq!((old.len, old.depth, old.dropped), (8, 8, 1));
    assert_eq!((new.len, new.depth, new.dropped), (2, 2, 7));
    sysfs::set("queue_len", 100);
    device.send("old", 9);
    assert_eq!((listing::of("old").len, listing::of("old").depth), (8, 8));
}

fn longest_queue() {
    sysfs::set("queue_len", 65536);
    let device = Device::registered("bob");
    (0..100).for_each(|number| device.send("bob", number));
    let row = listing::of("bob");
    assert_eq!((row.len, row.depth, row.dropped), (65536, 100, 0));
    assert_eq!(device.drain().len(), 100);
}

/// Sends itself commands of `size` bytes in all, and of one more, with each of the endings that do not
/// count.
fn commands_of(size: usize) {
    sysfs::set("cmd_buf_size", size);
    let device = Device::registered("a");
    let fits = format!("/msg a {}", "x".repeat(size - "/msg a ".len()));
    for ending in ["", "\n", "\0", "\n\0", "\0\n"] {
        let command = format!("{fits}{ending}");
        assert_eq!(
            device.command(&command),
            Ok(()),
            "{size} bytes and {ending:?}"
        );
        assert_eq!(device.read(), line("a", &fits["/msg a ".len()..]));
        let command = format!("{fits}x{ending}");
        assert_eq!(
            device.command(&command),
            Err(Errno::EMSGSIZE),
            "one more and {ending:?}"
        );
    }
    for endings in ["\n\n", "\0\0", "\n\0\n"] {
        let command = format!("{fits}{endings}");
        assert_eq!(
            device.command(&command),
            Err(Errno::EMSGSIZE),
            "{size} bytes and {endings:?}"
        );
    }
    assert_eq!(
        device.command("x".repeat(size + 1)),
        Err(Errno::EMSGSIZE),
        "of whatever kind"
    );
    assert_eq!(
        device.command(format!("/reg {}", "x".repeat(size))),
        Err(Errno::EMSGSIZE)
    );
    assert_eq!((device.read(), listing::of("a").received), (EMPTY, 5));
}

fn smallest_command() {
    commands_of(16);
}

fn largest_command() {
    commands_of(65536);
}

fn new_command_size() {
    let device = Device::registered("a");
    let text = "x".repeat(200);
    device.send("a", &text);
    sysfs::set("cmd_buf_size", 100);
    assert_eq!(
        device.command(format!("/msg a {text}")),
        Err(Errno::EMSGSIZE)
    );
    assert_eq!(
        device.read(),
        line("a", &text),
        "what was sent before stays whole"
    );
    sysfs::set("cmd_buf_size", 256);
    device.send("a", &text);
    assert_eq!(device.read(), line("a", &text));
}

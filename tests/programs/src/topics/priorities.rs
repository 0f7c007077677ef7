// SPDX-License-Identifier: GPL-2.0

//! Messages with priorities: which are read first, and which are lost first.

use std::time::Duration;

use mq_policy::uapi::SEND_BROADCAST;
use nix::errno::Errno;

use crate::{
    child::Child,
    device::Device,
    harness::Topic,
    listing,
    records::{self, header, lines, read, to, urgent, waiting, with_header, write},
    sys::{area::Area, nowait},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "higher priorities are read first, and the oldest of each first",
        order,
    ),
    ("a reader of lines gets them in that order", as_lines),
    (
        "a full queue drops the oldest of the lowest priority, the arriving message included",
        overflow,
    ),
    (
        "a queue full by bytes drops as many of the lowest priorities as it takes",
        overflow_by_bytes,
    ),
    ("a broadcast has its priority in every queue", broadcast),
    (
        "what cannot be copied out goes back to the front of its priority",
        given_back,
    ),
    ("a flush discards messages of all priorities", flushed),
    (
        "a queue holds as many full messages with priorities as without",
        as_many,
    ),
    (
        "RWF_NOWAIT: EAGAIN where priorities need memory",
        not_sleeping,
    ),
    ("as many priorities as there are, each in its place", all),
];

#[track_caller]
fn send(device: &Device, text: &str, priority: u32) {
    let record = urgent("bob", text, priority);
    assert_eq!(write(device, &record), Ok(record.len()));
}

fn order() {
    let bob = records::registered("bob");
    send(&bob, "low 1", 1);
    send(&bob, "plain 1", 0);
    send(&bob, "high 1", 65535);
    send(&bob, "low 2", 1);
    send(&bob, "high 2", 65535);
    send(&bob, "plain 2", 0);
    let records = read(&bob).expect("records");
    let got: Vec<_> = records
        .iter()
        .map(|record| (record.line(), record.header.priority))
        .collect();
    let want = [
        ("high 1", 65535),
        ("high 2", 65535),
        ("low 1", 1),
        ("low 2", 1),
        ("plain 1", 0),
        ("plain 2", 0),
    ];
    assert_eq!(got, want.map(|(text, of)| (format!("bob {text}"), of)));
    assert_eq!(read(&bob), Err(Errno::EAGAIN));
}

fn as_lines() {
    let bob = Device::registered("bob");
    let program = records::open();
    bob.send("bob", "text");
    send(&program, "record", 7);
    bob.send("bob", "more text");
    assert_eq!(
        bob.drain(),
        ["bob record\n", "bob text\n", "bob more text\n"]
    );
}

fn overflow() {
    sysfs::set("queue_len", 3);
    let bob = records::registered("bob");
    for (text, priority) in [("a", 5), ("b", 0), ("c", 3), ("d", 3), ("e", 5), ("f", 4)] {
        send(&bob, text, priority);
    }
    // Gone so far: b for d, c for e, d for f.
    assert_eq!(listing::of("bob").dropped, 3);
    send(&bob, "too low", 3);
    assert_eq!(records::switch_to_text(&bob), Ok(0));
    bob.send("bob", "lower still");
    let row = listing::of("bob");
    assert_eq!((row.depth, row.received, row.dropped), (3, 8, 5));
    assert_eq!(bob.drain(), ["bob a\n", "bob e\n", "bob f\n"]);
}

fn overflow_by_bytes() {
    sysfs::set("cmd_buf_size", 4000);
    sysfs::set("queue_len", 100);
    sysfs::set("queue_bytes", 40_000);
    let bob = records::registered("bob");
    send(&bob, "first", 9);
    let small = "s".repeat(900);
    for _ in 0..100 {
        send(&bob, &small, 1);
    }
    let full = listing::of("bob");
    let large = "l".repeat(3900);
    send(&bob, &large, 2);
    let row = listing::of("bob");
    assert!(row.dropped >= full.dropped + 3, "{row:?}, {full:?}");
    assert!(row.bytes <= 40_000);
    // One of a lower priority costs nobody a place, however large.
    send(&bob, &"x".repeat(2000), 0);
    assert_eq!(listing::of("bob").depth, row.depth);
    let lines = lines(&bob);
    assert_eq!(lines[0], "bob first");
    assert_eq!(lines[1], format!("bob {large}"));
    assert_eq!(lines[2], format!("bob {small}"));
    assert_eq!(lines.len() as u64, row.depth);
}

fn broadcast() {
    let receivers = ["bob", "carol"].map(|name| {
        Child::start(move |link| {
            let device = records::registered(name);
            link.say("registered");
            link.hear();
            link.say(lines(&device).join(", "));
        })
    });
    for receiver in &receivers {
        receiver.hear();
    }
    let alice = records::registered("alice");
    assert_eq!(write(&alice, &to("bob", "plain")), Ok(40));
    let mut header = header("", 3);
    header.flags = SEND_BROADCAST;
    header.priority = 6;
    let record = with_header(header, "all");
    assert_eq!(nowait::write(&alice, &record), Err(Errno::EAGAIN));
    assert_eq!(write(&alice, &record), Ok(40));
    let got = receivers.map(|receiver| {
        receiver.say("read");
        receiver.hear()
    });
    assert_eq!(got, ["alice all, alice plain", "alice all"]);
}

fn given_back() {
    let bob = records::registered("bob");
    send(&bob, "plain", 0);
    send(&bob, "first", 5);
    send(&bob, "second", 5);
    send(&bob, "later", 4);
    let bad = Area::before_a_hole(b"");
    assert_eq!(bad.read_from(&bob, 1000), Err(Errno::EFAULT));
    send(&bob, "third", 5);
    assert_eq!(
        lines(&bob),
        [
            "bob first",
            "bob second",
            "bob third",
            "bob later",
            "bob plain"
        ]
    );
}

fn flushed() {
    let bob = records::registered("bob");
    for priority in [0, 3, 65535] {
        send(&bob, "x", priority);
    }
    sysfs::set("flush", "bob");
    let row = listing::of("bob");
    assert_eq!((row.depth, row.bytes, row.dropped), (0, 0, 3));
    send(&bob, "after", 2);
    assert_eq!(lines(&bob), ["bob after"]);
}

fn as_many() {
    sysfs::set("cmd_buf_size", 16);
    for len in [1, 2, 8, 300] {
        sysfs::set("queue_len", len);
        let bob = records::open();
        assert_eq!(records::register_file(&bob, "bob"), Ok(0));
        for number in 0..len {
            send(&bob, "0123456789abcdef", 1 + number as u32);
        }
        let row = listing::of("bob");
        assert_eq!((row.depth, row.dropped), (len as u64, 0));
        let last = waiting("bob", "more", Duration::ZERO);
        assert_eq!(write(&bob, &last), Err(Errno::EAGAIN));
    }
}

fn not_sleeping() {
    let bob = records::registered("bob");
    assert_eq!(
        nowait::write(&bob, &urgent("bob", "x", 1)),
        Err(Errno::EAGAIN)
    );
    assert_eq!(listing::of("bob").received, 0);
    send(&bob, "x", 1);
    assert_eq!(nowait::write(&bob, &urgent("bob", "y", 1)), Ok(40));
    assert_eq!(lines(&bob), ["bob x", "bob y"]);
}

fn all() {
    let count = wait::many(65_536);
    sysfs::set("queue_len", count);
    let bob = records::registered("bob");
    // An odd factor: every number once, in no order that a queue could like.
    let priority = |number: usize| (number as u32).wrapping_mul(40_503) % 65_536;
    for numbers in (0..count).collect::<Vec<_>>().chunks(512) {
        let records: Vec<u8> = numbers
            .iter()
            .flat_map(|&number| urgent("bob", &priority(number).to_string(), priority(number)))
            .collect();
        assert_eq!(write(&bob, &records), Ok(records.len()));
    }
    assert_eq!(listing::of("bob").depth, count as u64);
    let mut wanted: Vec<u32> = (0..count).map(priority).collect();
    wanted.sort_unstable_by(|one, other| other.cmp(one));
    let mut got = Vec::new();
    while let Ok(records) = read(&bob) {
        for record in records {
            assert_eq!(record.line(), format!("bob {}", record.header.priority));
            got.push(record.header.priority);
        }
    }
    assert!(
        got == wanted,
        "{} records in the order of priorities",
        got.len()
    );
}

// SPDX-License-Identifier: GPL-2.0

//! `QUEUE_BYTES`: how much memory the messages of one queue may take. What a user's queues may take
//! together is another topic.

use nix::errno::Errno;

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    harness::Topic,
    listing, sysfs,
};

pub const TESTS: Topic = &[
    (
        "a queue full by bytes drops its oldest, as many as it takes, and counts each",
        full_by_bytes,
    ),
    (
        "reading makes room in a queue that was full by bytes",
        reading_makes_room,
    ),
    (
        "a queue holds one command of CMD_BUF_SIZE, however small QUEUE_BYTES is",
        one_command,
    ),
    (
        "QUEUE_BYTES=0: QUEUE_LEN commands of CMD_BUF_SIZE fit, of whatever size",
        number_decides,
    ),
    ("a new queue_bytes is for new registrations", new_ones),
    (
        "a message that cannot fit into the emptied queue: EMSGSIZE, and nothing has happened",
        cannot_fit,
    ),
    (
        "a broadcast that cannot fit into a queue counts as dropped there, and reaches the others",
        broadcast_cannot_fit,
    ),
];

/// A text of `len` bytes that starts with a number.
fn text(number: usize, len: usize) -> String {
    format!("{number:04}{}", "x".repeat(len - 4))
}

/// A process that is registered until it is killed.
fn holder(name: &'static str) -> Child {
    let child = Child::start(move |link| {
        Device::registered(name);
        link.say("ready");
        nix::unistd::pause();
    });
    assert_eq!(child.hear(), "ready");
    child
}

fn full_by_bytes() {
    const BYTES: usize = 16384;
    sysfs::set("queue_bytes", BYTES);
    sysfs::set("cmd_buf_size", 8192);
    sysfs::set("queue_len", 1000);
    let device = Device::registered("bob");
    let overflows = sysfs::get("stats/dropped_overflow").expect("a total");
    (0..40).for_each(|number| device.send("bob", text(number, 1000)));
    let row = listing::of("bob");
    let depth = row.depth as usize;
    assert_eq!((row.len, row.received), (1000, 40));
    assert_eq!(row.dropped + row.depth, 40);
    assert!(depth * 1000 <= BYTES, "{depth} messages of 1000 bytes");
    assert!(depth >= BYTES / 2048, "{depth} messages of 1000 bytes only");

    device.send("bob", text(40, 8000));
    let row = listing::of("bob");
    let small = row.depth as usize - 1;
    assert_eq!(row.received, 41);
    assert_eq!(row.dropped + row.depth, 41);
    assert!(small * 1000 + 8000 <= BYTES, "{small} beside a large one");
    assert!(depth - small > 1, "several made room for one");
    let overflows = sysfs::get("stats/dropped_overflow").map(|now| now - overflows);
    assert_eq!(overflows, Some(row.dropped));

    let numbers: Vec<String> = device
        .drain()
        .iter()
        .map(|line| line["bob ".len()..][..4].to_owned())
        .collect();
    let newest: Vec<String> = (40 - small..=40)
        .map(|number| format!("{number:04}"))
        .collect();
    assert_eq!(numbers, newest);
}

fn reading_makes_room() {
    sysfs::set("queue_bytes", 16384);
    sysfs::set("cmd_buf_size", 8192);
    sysfs::set("queue_len", 1000);
    let device = Device::registered("bob");
    (0..40).for_each(|number| device.send("bob", text(number, 1000)));
    let full = listing::of("bob");
    for number in 40..60 {
        assert_eq!(device.read().map(|line| line.len()), Ok(1005));
        device.send("bob", text(number, 1000));
    }
    let row = listing::of("bob");
    assert_eq!((row.depth, row.dropped), (full.depth, full.dropped));
    sysfs::set("flush", "bob");
    (0..full.depth as usize).for_each(|number| device.send("bob", text(number, 1000)));
    let row = listing::of("bob");
    assert_eq!(
        (row.depth, row.dropped),
        (full.depth, full.dropped + full.depth),
        "a flush makes room, too"
    );
}

fn one_command() {
    for size in [16, 256, 5000, 65536] {
        sysfs::set("cmd_buf_size", size);
        for bytes in [1, size] {
            sysfs::set("queue_bytes", bytes);
            let device = Device::registered("b");
            for number in 0..3 {
                let text = text(number, size - "/b ".len());
                assert_eq!(device.command(format!("/b {text}")), Ok(()));
                let row = listing::of("b");
                assert_eq!((row.len, row.received), (8, number as u64 + 1));
                assert!(row.depth > 0, "commands of {size}, {bytes} bytes");
            }
            let newest = device.drain().pop();
            assert_eq!(newest, line("b", text(2, size - "/b ".len())).ok());
            assert_eq!(device.command("/unr"), Ok(()));
        }
    }
}

fn number_decides() {
    for size in [16, 100, 256, 5000, 20000, 65536] {
        sysfs::set("cmd_buf_size", size);
        let sender = Child::start(|link| {
            // The longest name makes the longest line.
            let device = Device::registered("eightchr");
            link.hear();
            for number in 0..8 {
                let text = text(number, size - "/b ".len());
                assert_eq!(device.command(format!("/b {text}")), Ok(()));
            }
        });
        let device = Device::registered("b");
        crate::wait::until("the sender is there", || sysfs::is_registered("eightchr"));
        sender.say("go");
        sender.finish();
        let row = listing::of("b");
        assert_eq!((row.depth, row.dropped), (8, 0), "commands of {size} bytes");
        device.send("b", "1");
        assert_eq!(listing::of("b").dropped, 1, "by number");
        assert_eq!(device.command("/unr"), Ok(()));
    }
}

fn new_ones() {
    let device = Device::registered("old");
    sysfs::set("queue_bytes", 1024);
    let _new = holder("new");
    sysfs::set("queue_bytes", 0);
    for number in 0..8 {
        device.send("old", text(number, 200));
        device.send("new", text(number, 200));
    }
    let (old, new) = (listing::of("old"), listing::of("new"));
    assert_eq!((old.depth, old.dropped), (8, 0));
    assert_eq!(new.depth + new.dropped, 8);
    assert!((1..=5).contains(&new.depth), "{new:?} of 1024 bytes");
}

fn cannot_fit() {
    sysfs::set("queue_bytes", 20_000);
    let device = Device::registered("bob");
    (0..3).for_each(|number| device.send("bob", number));
    let before = listing::of("bob");
    let refused = sysfs::get("stats/refused_emsgsize").expect("a total");
    sysfs::set("cmd_buf_size", 65536);
    for command in ["/msg bob", "/bob"] {
        let command = format!("{command} {}", "x".repeat(60_000));
        assert_eq!(device.command(command), Err(Errno::EMSGSIZE));
    }
    assert_eq!(listing::of("bob"), before, "no account has changed");
    assert_eq!(sysfs::get("stats/refused_emsgsize"), Some(refused + 2));
    assert_eq!(device.drain(), ["bob 0\n", "bob 1\n", "bob 2\n"]);
    device.send("bob", text(0, 15_000));
    assert_eq!(device.read(), line("bob", text(0, 15_000)), "what does fit");
    let nobody = format!("/msg nobody {}", "x".repeat(60_000));
    assert_eq!(device.command(nobody), Err(Errno::ENOENT));
}

fn broadcast_cannot_fit() {
    sysfs::set("queue_bytes", 20_000);
    let small = Device::registered("small");
    (0..3).for_each(|number| small.send("small", number));
    sysfs::set("cmd_buf_size", 65536);
    sysfs::set("queue_bytes", 0);
    let _large = holder("large");
    let sender = Child::start(|_| {
        let device = Device::registered("sender");
        assert_eq!(
            device.command(format!("/all {}", "x".repeat(60_000))),
            Ok(())
        );
        assert_eq!(listing::of("sender").sent, 1);
    });
    sender.finish();
    let row = listing::of("small");
    assert_eq!((row.received, row.dropped, row.depth), (4, 1, 3));
    assert_eq!(listing::of("large").depth, 1);
    assert_eq!(small.drain(), ["small 0\n", "small 1\n", "small 2\n"]);
    assert_eq!(small.read(), EMPTY);
}

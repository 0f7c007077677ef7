// SPDX-License-Identifier: GPL-2.0

//! Sends that wait for room: in turn, without a loss, and what ends the waiting.

use std::{
    thread,
    time::{Duration, Instant},
};

use nix::{errno::Errno, sys::signal::Signal};

use crate::{
    child::Child,
    device::Device,
    harness::Topic,
    listing,
    records::{self, lines, read_up_to, to, waiting, write, HEADER},
    sys::{self, nowait, Ring},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    ("a send waits for room, and nothing is lost", nothing_lost),
    (
        "those who wait are served in the order in which they came",
        in_turn,
    ),
    ("as many are served as there is room for", as_many_as_fit),
    ("a reader of lines makes room, too", read_as_lines),
    (
        "a large message keeps smaller ones behind it from passing",
        large_first,
    ),
    (
        "whoever comes while others wait goes to the end",
        no_passing,
    ),
    (
        "O_NONBLOCK and RWF_NOWAIT: EAGAIN, and nothing is sent",
        not_waiting,
    ),
    ("a limit of time: ETIMEDOUT, and nothing is sent", limited),
    ("a signal: EINTR, and nothing is sent", interrupted),
    ("a signal whose handler restarts: it waits on", restarted),
    (
        "a sender that is killed leaves its place to the next",
        killed,
    ),
    (
        "one of many records that would wait: a short count",
        short_count,
    ),
    ("the end of the receiver: ENOENT", end),
    ("a flush makes room", flushed),
    ("what can never fit: EMSGSIZE", too_large),
    (
        "a send that does not wait drops the oldest as ever",
        not_patient,
    ),
    ("how many wait, and the bytes queued, are shown", shown),
    ("io_uring waits for room, too", uring),
    (
        "many senders and readers at once: each message arrives, each sender's in order",
        many,
    ),
];

const FOREVER: Duration = Duration::ZERO;

/// A queue for two messages, full.
fn full() -> Device {
    sysfs::set("queue_len", 2);
    let bob = records::registered("bob");
    for text in ["one", "two"] {
        assert_eq!(write(&bob, &to("bob", text)), Ok(40));
    }
    bob
}

fn until_waiting(count: u64) {
    wait::until("so many wait", || listing::of("bob").waiting == count);
}

/// A process that waits to send `text` to bob, and then says what came of it. It is there on return.
#[track_caller]
fn sender(name: &'static str, text: &'static str, limit: Duration) -> Child {
    let before = listing::of("bob").waiting;
    let child = Child::start(move |link| {
        sys::on_signal(Signal::SIGUSR1, false);
        sys::on_signal(Signal::SIGUSR2, true);
        let device = records::registered(name);
        device.wait(true);
        let sent = write(&device, &waiting("bob", text, limit));
        link.say(format!("{sent:?}, {}", listing::of(name).sent));
        link.hear();
    });
    until_waiting(before + 1);
    child
}

const SENT: &str = "Ok(40), 1";

fn one_line(device: &Device) -> Vec<String> {
    let records = read_up_to(device, HEADER + 8).expect("a record");
    records.iter().map(records::Record::line).collect()
}

fn nothing_lost() {
    sysfs::set("queue_len", 2);
    let bob = records::registered("bob");
    let count = wait::many(2_000);
    let alice = Child::start(|_| {
        let alice = records::registered("alice");
        alice.wait(true);
        for number in 0..count {
            let record = waiting("bob", &number.to_string(), FOREVER);
            assert_eq!(write(&alice, &record), Ok(record.len()));
        }
    });
    bob.wait(true);
    for number in 0..count {
        assert_eq!(one_line(&bob), [format!("alice {number}")]);
    }
    alice.finish();
    let row = listing::of("bob");
    assert_eq!((row.received, row.dropped), (count as u64, 0));
}

fn in_turn() {
    let bob = full();
    let senders = ["a", "b", "c"].map(|name| sender(name, name, FOREVER));
    let want = ["bob one", "bob two", "a a", "b b", "c c"];
    for line in want {
        assert_eq!(one_line(&bob), [line]);
    }
    for sender in senders {
        assert_eq!(sender.hear(), SENT);
    }
}

fn read_as_lines() {
    let _bob = full();
    let senders = ["a", "b"].map(|name| sender(name, name, FOREVER));
    // Another open file of the same process, which has no format of its own yet.
    let by_lines = Device::open_nonblocking();
    for line in ["bob one\n", "bob two\n", "a a\n", "b b\n"] {
        assert_eq!(by_lines.read(), Ok(line.to_owned()));
    }
    for sender in senders {
        assert_eq!(sender.hear(), SENT);
        sender.kill();
    }
}

fn as_many_as_fit() {
    let bob = full();
    let senders = ["a", "b", "c"].map(|name| sender(name, name, FOREVER));
    assert_eq!(one_line(&bob), ["bob one"]);
    assert_eq!(senders[0].hear(), SENT);
    thread::sleep(wait::MOMENT);
    assert_eq!(listing::of("bob").waiting, 2);
    assert!(senders[1].heard().is_none() && senders[2].heard().is_none());
    // One read of two.
    assert_eq!(lines(&bob).len(), 4, "what comes meanwhile is read as well");
    assert_eq!(senders[1].hear(), SENT);
    assert_eq!(senders[2].hear(), SENT);
    assert_eq!(listing::of("bob").waiting, 0);
}

/// A message that takes a page, of which there is room for one.
const LARGE: &str = match std::str::from_utf8(&[b'x'; 3000]) {
    Ok(text) => text,
    Err(_) => "",
};

fn large_first() {
    sysfs::set("cmd_buf_size", 3100);
    sysfs::set("queue_bytes", 4096);
    sysfs::set("queue_len", 8);
    let bob = records::registered("bob");
    assert_eq!(write(&bob, &to("bob", "one")), Ok(40));
    let large = sender("a", LARGE, FOREVER);
    let small = sender("b", "small", FOREVER);
    thread::sleep(wait::MOMENT);
    assert_eq!(listing::of("bob").depth, 1, "there would be room for it");
    assert_eq!(one_line(&bob), ["bob one"]);
    assert_eq!(large.hear(), "Ok(3032), 1");
    assert!(small.heard().is_none());
    assert_eq!(lines(&bob)[0], format!("a {LARGE}"));
    assert_eq!(small.hear(), SENT);
}

fn no_passing() {
    sysfs::set("cmd_buf_size", 3100);
    sysfs::set("queue_bytes", 4096);
    sysfs::set("queue_len", 8);
    let bob = records::registered("bob");
    assert_eq!(write(&bob, &to("bob", "one")), Ok(40));
    let large = sender("a", LARGE, FOREVER);
    let patient = waiting("bob", "small", FOREVER);
    assert_eq!(write(&bob, &patient), Err(Errno::EAGAIN), "in turn");
    large.kill();
    assert_eq!(write(&bob, &patient), Ok(40), "now it fits");
    assert_eq!(lines(&bob), ["bob one", "bob small"]);
}

fn not_waiting() {
    let bob = full();
    let patient = waiting("bob", "three", FOREVER);
    assert_eq!(write(&bob, &patient), Err(Errno::EAGAIN), "O_NONBLOCK");
    bob.wait(true);
    assert_eq!(
        nowait::write(&bob, &patient),
        Err(Errno::EAGAIN),
        "RWF_NOWAIT"
    );
    let row = listing::of("bob");
    assert_eq!((row.received, row.waiting, row.sent), (2, 0, 2));
    bob.wait(false);
    assert_eq!(lines(&bob), ["bob one", "bob two"]);
    assert_eq!(write(&bob, &patient), Ok(40), "there is room");
}

fn limited() {
    let bob = full();
    bob.wait(true);
    let limit = Duration::from_millis(100);
    let before = Instant::now();
    let record = waiting("bob", "late", limit);
    assert_eq!(write(&bob, &record), Err(Errno::ETIMEDOUT));
    assert!(before.elapsed() >= limit);
    let alice = sender("alice", "in time", Duration::from_secs(600));
    assert_eq!(one_line(&bob), ["bob one"]);
    assert_eq!(alice.hear(), SENT);
    assert_eq!(lines(&bob), ["bob two", "alice in time"]);
    assert_eq!(listing::of("bob").waiting, 0);
}

fn interrupted() {
    let bob = full();
    for limit in [FOREVER, Duration::from_secs(600)] {
        let alice = sender("alice", "three", limit);
        alice.signal(Signal::SIGUSR1);
        assert_eq!(alice.hear(), "Err(EINTR), 0");
        assert_eq!(listing::of("bob").waiting, 0);
    }
    assert_eq!(lines(&bob), ["bob one", "bob two"]);
}

fn restarted() {
    let bob = full();
    let alice = sender("alice", "three", FOREVER);
    for _ in 0..3 {
        let before = wait::sleeps(alice.pid);
        alice.signal(Signal::SIGUSR2);
        wait::until("the send goes to sleep again", || {
            wait::sleeps(alice.pid) > before && listing::of("bob").waiting == 1
        });
    }
    assert_eq!(one_line(&bob), ["bob one"]);
    assert_eq!(alice.hear(), SENT);
    assert_eq!(lines(&bob), ["bob two", "alice three"]);
}

fn killed() {
    let bob = full();
    let first = sender("a", "a", FOREVER);
    let second = sender("b", "b", FOREVER);
    first.kill();
    assert_eq!(listing::of("bob").waiting, 1);
    assert_eq!(one_line(&bob), ["bob one"]);
    assert_eq!(second.hear(), SENT);
    assert_eq!(lines(&bob), ["bob two", "b b"]);
}

fn short_count() {
    sysfs::set("queue_len", 2);
    let bob = records::registered("bob");
    let records = ["one", "two", "three"].map(|text| waiting("bob", text, FOREVER));
    assert_eq!(write(&bob, &records.concat()), Ok(80));
    assert_eq!(write(&bob, &records[2]), Err(Errno::EAGAIN));
    assert_eq!(lines(&bob), ["bob one", "bob two"]);
}

fn end() {
    type End = fn(&Device);
    let ends: [End; 2] = [
        |bob| assert_eq!(records::unregister_file(bob), Ok(0)),
        |_| sysfs::set("evict", "bob"),
    ];
    sysfs::set("queue_len", 1);
    for end in ends {
        let bob = records::open();
        assert_eq!(records::register_file(&bob, "bob"), Ok(0));
        assert_eq!(write(&bob, &to("bob", "one")), Ok(40));
        let senders = ["a", "b"].map(|name| sender(name, name, FOREVER));
        end(&bob);
        for sender in senders {
            assert_eq!(sender.hear(), "Err(ENOENT), 0");
        }
    }
    let bob = Child::start(|link| {
        let bob = records::registered("bob");
        assert_eq!(write(&bob, &to("bob", "one")), Ok(40));
        link.say("full");
        link.hear();
    });
    bob.hear();
    let alice = sender("alice", "two", FOREVER);
    bob.kill();
    assert_eq!(alice.hear(), "Err(ENOENT), 0");
}

fn flushed() {
    let bob = full();
    let senders = ["a", "b", "c"].map(|name| sender(name, name, FOREVER));
    sysfs::set("flush", "bob");
    assert_eq!(senders[0].hear(), SENT);
    assert_eq!(senders[1].hear(), SENT);
    let row = listing::of("bob");
    assert_eq!((row.depth, row.dropped, row.waiting), (2, 2, 1));
    assert_eq!(one_line(&bob), ["a a"]);
    assert_eq!(senders[2].hear(), SENT);
}

fn too_large() {
    sysfs::set("queue_len", 2);
    let bob = records::registered("bob");
    bob.wait(true);
    sysfs::set("cmd_buf_size", 60_000);
    let record = waiting("bob", &"x".repeat(60_000), FOREVER);
    assert_eq!(write(&bob, &record), Err(Errno::EMSGSIZE));
    assert_eq!(listing::of("bob").received, 0);
}

fn not_patient() {
    let bob = full();
    let alice = sender("alice", "alice", FOREVER);
    assert_eq!(write(&bob, &to("bob", "three")), Ok(40));
    let row = listing::of("bob");
    assert_eq!((row.depth, row.dropped, row.waiting), (2, 1, 1));
    assert_eq!(one_line(&bob), ["bob two"]);
    assert_eq!(alice.hear(), SENT);
    assert_eq!(lines(&bob), ["bob three", "alice alice"]);
}

fn shown() {
    let bob = full();
    let value = |name: &str| sysfs::get(&format!("queues/bob/{name}"));
    assert_eq!((value("bytes"), value("waiting")), (Some(128), Some(0)));
    let _alice = sender("alice", "three", FOREVER);
    assert_eq!(listing::of("bob").bytes, 128);
    assert_eq!((value("bytes"), value("waiting")), (Some(128), Some(1)));
    lines(&bob);
    assert_eq!((value("bytes"), value("waiting")), (Some(0), Some(0)));
}

fn uring() {
    let bob = full();
    bob.wait(true);
    let mut ring = Ring::new();
    let record = waiting("bob", "three", FOREVER).leak();
    ring.write(std::os::fd::AsFd::as_fd(&bob), record, 7);
    until_waiting(1);
    assert_eq!(ring.done(), None);
    assert_eq!(one_line(&bob), ["bob one"]);
    let mut done = None;
    wait::until("it is done", || {
        done = ring.done();
        done.is_some()
    });
    assert_eq!(done, Some((7, 40)));
    bob.wait(false);
    assert_eq!(lines(&bob), ["bob two", "bob three"]);
}

fn many() {
    const SENDERS: usize = 6;
    let count = wait::many(1_000);
    sysfs::set("queue_len", 3);
    let bob = records::open();
    assert_eq!(records::register_file(&bob, "bob"), Ok(0));
    let senders: Vec<Child> = (0..SENDERS)
        .map(|number| {
            Child::start(move |link| {
                let device = records::registered(&format!("s{number}"));
                device.wait(true);
                for message in 0..count {
                    // Now and then one gives up, and tries again.
                    let limit = Duration::from_micros(if message % 16 == 0 { 200 } else { 0 });
                    let record = waiting("bob", &message.to_string(), limit);
                    while write(&device, &record) == Err(Errno::ETIMEDOUT) {}
                }
                link.say("done");
            })
        })
        .collect();
    bob.wait(true);
    let reader = || {
        let mut got = Vec::new();
        while let Ok(records) = read_up_to(&bob, 300) {
            if records.is_empty() {
                break;
            }
            got.extend(records);
        }
        got
    };
    let mut got = thread::scope(|scope| {
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for sender in &senders {
            assert_eq!(sender.hear(), "done");
        }
        wait::until("all is read", || listing::of("bob").depth == 0);
        let row = listing::of("bob");
        assert_eq!((row.received, row.dropped), ((SENDERS * count) as u64, 0));
        assert_eq!(row.waiting, 0);
        assert_eq!(records::unregister_file(&bob), Ok(0));
        readers
            .map(|reader| reader.join().expect("a reader"))
            .concat()
    });
    got.sort_by_key(|record| record.header.sequence);
    for number in 0..SENDERS {
        let from = format!("s{number}");
        let of = got.iter().filter(|record| record.from() == from);
        let texts: Vec<_> = of.map(records::Record::line).collect();
        let want: Vec<_> = (0..count)
            .map(|message| format!("{from} {message}"))
            .collect();
        assert_eq!(texts, want);
    }
}

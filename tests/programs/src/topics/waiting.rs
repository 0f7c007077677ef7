// SPDX-License-Identifier: GPL-2.0

//! Waiting in `read`: for a message, for the end of the registration, and being interrupted.

use std::{collections::HashSet, thread};

use nix::{
    errno::Errno,
    sys::signal::Signal,
    unistd::{gettid, pause},
};

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    harness::Topic,
    listing, sys, sysfs, wait,
};

pub const TESTS: Topic = &[
    ("an empty queue: read waits for a message", waits),
    ("O_NONBLOCK: EAGAIN, also when it is set later", nonblocking),
    ("not registered: ENOENT, before and after", not_registered),
    ("a signal interrupts a waiting read: EINTR", interrupted),
    (
        "with SA_RESTART the read goes on after the signal",
        restarted,
    ),
    (
        "/unr by another thread ends a waiting read: 0",
        ended_by_a_thread,
    ),
    ("evict ends every waiting read: 0", evicted),
    (
        "the end of the opener ends its children's waiting reads: 0",
        opener_ended,
    ),
    (
        "a read that waited for an ended registration is not taken over by a new one",
        registered_anew,
    ),
    ("flush leaves a waiting reader waiting", flushed),
    ("each message wakes one of many readers", wakes_one),
    ("a broadcast wakes a reader of each queue", broadcast_wakes),
    (
        "the rest of a message wakes who reads that file, whoever reads others",
        rest_wakes,
    ),
    (
        "many waiting readers: every message is read once",
        many_readers,
    ),
    (
        "a reader interrupted as a message comes loses nothing",
        interrupted_while_woken,
    ),
    (
        "a reader killed as a message comes loses nothing",
        killed_while_woken,
    ),
];

/// A child that reads the queue of whoever opened `file` once, and says what came of it.
pub fn reader(file: Device) -> Child {
    let child = Child::start(move |link| {
        link.say("ready");
        link.say(format!("{:?}", file.read()));
    });
    assert_eq!(child.hear(), "ready");
    child.until_reading();
    child
}

/// A child that registers a name of its own, waits for a message and says what it read.
fn receiver(name: &'static str) -> Child {
    let child = Child::start(move |link| {
        let device = Device::open();
        device.register(name);
        link.say("ready");
        link.say(format!("{:?}", device.read()));
    });
    assert_eq!(child.hear(), "ready");
    child.until_reading();
    child
}

const NOTHING: &str = "Ok(\"\")";

fn waits() {
    let device = Device::registered("bob");
    let child = reader(Device::open());
    device.send("bob", "hello");
    assert_eq!(child.hear(), format!("{:?}", line("bob", "hello")));
    child.finish();
}

fn nonblocking() {
    let device = Device::open();
    device.register("bob");
    device.wait(false);
    assert_eq!(device.read(), EMPTY);
    assert_eq!(Device::open_nonblocking().read(), EMPTY);
    device.send("bob", "hello");
    assert_eq!(device.read(), line("bob", "hello"));
}

fn not_registered() {
    for device in [Device::open(), Device::open_nonblocking()] {
        assert_eq!(device.read(), Err(Errno::ENOENT));
        device.register("bob");
        device.send("bob", "lost");
        assert_eq!(device.command("/unr"), Ok(()));
        assert_eq!(device.read(), Err(Errno::ENOENT));
    }
}

fn interrupted() {
    let device = Device::registered("bob");
    let file = Device::open();
    let child = Child::start(|link| {
        sys::on_signal(Signal::SIGUSR1, false);
        link.say("ready");
        link.say(format!("{:?}", file.read()));
        link.say(format!("{:?}", file.read()));
    });
    assert_eq!(child.hear(), "ready");
    child.until_reading();
    child.signal(Signal::SIGUSR1);
    assert_eq!(child.hear(), "Err(EINTR)");
    device.send("bob", "after it");
    assert_eq!(child.hear(), format!("{:?}", line("bob", "after it")));
    child.finish();
}

fn restarted() {
    let device = Device::registered("bob");
    let file = Device::open();
    let child = Child::start(|link| {
        sys::on_signal(Signal::SIGUSR1, true);
        link.say("ready");
        link.say(format!("{:?}", file.read()));
    });
    assert_eq!(child.hear(), "ready");
    child.until_reading();
    for _ in 0..3 {
        let before = wait::sleeps(child.pid);
        child.signal(Signal::SIGUSR1);
        wait::until("the read goes to sleep again", || {
            wait::sleeps(child.pid) > before
        });
        child.until_reading();
    }
    device.send("bob", "after them");
    assert_eq!(child.hear(), format!("{:?}", line("bob", "after them")));
    child.finish();
}

fn ended_by_a_thread() {
    let device = Device::open();
    device.register("bob");
    thread::scope(|scope| {
        let (say, hear) = std::sync::mpsc::channel();
        let device = &device;
        let reader = scope.spawn(move || {
            say.send(gettid()).expect("the main thread listens");
            device.read()
        });
        wait::until_asleep_in(hear.recv().expect("the thread's number"), &[libc::SYS_read]);
        assert_eq!(device.command("/unr"), Ok(()));
        assert_eq!(reader.join().expect("a thread"), Ok(String::new()));
    });
    assert_eq!(
        device.read(),
        Err(Errno::ENOENT),
        "only those who waited get 0"
    );
}

fn evicted() {
    let device = Device::registered("bob");
    let mut readers: Vec<Child> = (0..5).map(|_| reader(Device::open())).collect();
    // Several on one open file too.
    let shared = Device::open();
    readers.extend((0..3).map(|_| reader(shared.duplicate())));
    sysfs::set("evict", "bob");
    for child in readers {
        assert_eq!(child.hear(), NOTHING);
        child.finish();
    }
    assert_eq!(device.read(), Err(Errno::ENOENT));
}

fn opener_ended() {
    let opener = Child::start(|link| {
        let device = Device::open();
        device.register("bob");
        link.pass(&device);
        pause();
    });
    let readers = {
        let file: Device = opener.take();
        [reader(file.duplicate()), reader(file)]
    };
    opener.signal(Signal::SIGKILL);
    for child in readers {
        assert_eq!(child.hear(), NOTHING);
        child.finish();
    }
}

fn registered_anew() {
    let device = Device::registered("bob");
    for _ in 0..20 {
        let child = reader(Device::open());
        assert_eq!(device.command("/unr"), Ok(()));
        device.register("bob");
        device.send("bob", "for the new one");
        assert_eq!(child.hear(), NOTHING);
        child.finish();
        assert_eq!(device.drain(), ["bob for the new one\n"]);
    }
}

fn flushed() {
    let device = Device::registered("bob");
    let child = reader(Device::open());
    sysfs::set("flush", "bob");
    sysfs::set("flush", "*");
    device.send("bob", "after it");
    assert_eq!(child.hear(), format!("{:?}", line("bob", "after it")));
    child.finish();
}

/// Children that read the queue of this process again and again until they are told to stop.
fn readers(count: usize) -> Vec<Child> {
    let start = |_| {
        let file = Device::open();
        let child = Child::start(move |link| loop {
            link.say(file.read().expect("a message"));
        });
        child.until_reading();
        child
    };
    (0..count).map(start).collect()
}

fn broadcast_wakes() {
    let receivers = ["ann", "ben"].map(receiver);
    let device = Device::registered("bob");
    assert_eq!(device.command("/all hello"), Ok(()));
    for child in receivers {
        assert_eq!(child.hear(), format!("{:?}", line("bob", "hello")));
        child.finish();
    }
}

fn rest_wakes() {
    let device = Device::registered("bob");
    let shared = Device::open();
    let beginning = shared.duplicate();
    let first = Child::start(move |link| {
        link.say("ready");
        link.say(format!("{:?}", beginning.read_up_to(4)));
    });
    assert_eq!(first.hear(), "ready");
    first.until_reading();
    // Before the one that the rest is for, among those who wait.
    let other = reader(Device::open());
    let second = reader(shared);
    device.send("bob", "hello");
    assert_eq!(first.hear(), format!("{:?}", Ok::<_, Errno>(b"bob ")));
    assert_eq!(second.hear(), format!("{:?}", Ok::<_, Errno>("hello\n")));
    device.send("bob", "again");
    assert_eq!(other.hear(), format!("{:?}", line("bob", "again")));
    for child in [first, other, second] {
        child.finish();
    }
}

fn wakes_one() {
    const MESSAGES: u64 = 10;
    let device = Device::registered("bob");
    let readers = readers(6);
    let sleeps = || {
        readers
            .iter()
            .map(|reader| wait::sleeps(reader.pid))
            .sum::<u64>()
    };
    let before = sleeps();
    for number in 0..MESSAGES {
        device.send("bob", number);
        wait::until("all readers wait again", || {
            listing::of("bob").depth == 0 && sleeps() > before + number
        });
        readers.iter().for_each(Child::until_reading);
    }
    let woken = sleeps() - before;
    assert!(
        woken < 2 * MESSAGES,
        "{woken} readers woken by {MESSAGES} messages"
    );
}

fn many_readers() {
    const MESSAGES: usize = 120;
    sysfs::set("queue_len", MESSAGES);
    let device = Device::registered("bob");
    let readers = readers(8);
    (0..MESSAGES).for_each(|number| device.send("bob", number));
    wait::until("everything is read", || listing::of("bob").depth == 0);
    readers.iter().for_each(Child::until_reading);

    let mut seen = HashSet::new();
    for reader in &readers {
        while let Some(message) = reader.heard() {
            assert!(seen.insert(message.clone()), "{message:?} twice");
        }
    }
    assert_eq!(seen.len(), MESSAGES);
}

/// Lets a message and `signal` reach one of two waiting readers at about the same time: the message must
/// be read by either, and by one only.
fn race_with(signal: Signal) {
    let device = Device::registered("bob");
    for number in 0..wait::many(60) {
        let start = || {
            let file = Device::open();
            let child = Child::start(move |link| {
                sys::on_signal(Signal::SIGUSR1, false);
                link.say("ready");
                link.say(format!("{:?}", file.read()));
            });
            assert_eq!(child.hear(), "ready");
            child.until_reading();
            child
        };
        // The first has waited longer, so it is the one to be woken.
        let (first, second) = (start(), start());
        let message = format!("{:?}", line("bob", number));
        if number % 2 == 0 {
            device.send("bob", number);
            first.signal(signal);
        } else {
            first.signal(signal);
            device.send("bob", number);
        }
        wait::until("the message is read", || listing::of("bob").depth == 0);
        let reads_of_first = if signal == Signal::SIGKILL {
            // It may have died between its read and its word.
            drop(first);
            "unknown".to_owned()
        } else {
            first.hear()
        };
        if reads_of_first == "Err(EINTR)" {
            assert_eq!(second.hear(), message);
        } else if reads_of_first != "unknown" {
            assert_eq!(reads_of_first, message);
        }
    }
}

fn interrupted_while_woken() {
    race_with(Signal::SIGUSR1);
}

fn killed_while_woken() {
    race_with(Signal::SIGKILL);
    assert_eq!(listing::of("bob").dropped, 0);
}

// SPDX-License-Identifier: GPL-2.0

//! The order in which messages arrive, and the accounts: for each queue at any time
//! received = read + dropped + queued.

use nix::{errno::Errno, unistd::Pid};

use crate::{
    cheap::{self, Cheap},
    child::Child,
    device::{line, Device},
    harness::Topic,
    listing::{self, Row},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "concurrent senders: each one's messages arrive in the order sent, none lost",
        concurrent,
    ),
    (
        "messages and broadcasts of one sender keep their order",
        mixed,
    ),
    (
        "a broadcast reaches every other registration and not its sender",
        broadcast,
    ),
    ("a broadcast to nobody succeeds", broadcast_to_nobody),
    (
        "one file sends to more receivers than it remembers places of: each gets its own",
        many_receivers,
    ),
    ("SENT counts each successful /msg and /all once", sent),
    ("refused commands change no account", refused),
    ("received = read + dropped + queued, step by step", accounts),
    (
        "received = read + dropped + queued, with senders, readers and flushes at once",
        accounts_at_once,
    ),
    (
        "flush discards what is queued and counts it as dropped",
        flush,
    ),
    ("flush * discards in every queue", flush_all),
];

fn concurrent() {
    const SENDERS: usize = 4;
    let each = wait::many(250);
    sysfs::set("queue_len", SENDERS * each);
    let device = Device::registered("bob");
    let senders: Vec<Child> = (0..SENDERS)
        .map(|sender| {
            Child::start(move |link| {
                let device = Device::registered(&format!("s{sender}"));
                link.say("ready");
                link.hear();
                (0..each).for_each(|number| device.send("bob", number));
            })
        })
        .collect();
    senders
        .iter()
        .for_each(|sender| assert_eq!(sender.hear(), "ready"));
    senders.iter().for_each(|sender| sender.say("go"));
    senders.into_iter().for_each(Child::finish);

    let mut next = [0; SENDERS];
    for message in device.drain() {
        let (sender, number) = message[1..].trim_end().split_once(' ').expect("a line");
        let next = &mut next[sender.parse::<usize>().expect("a sender's number")];
        assert_eq!(number, next.to_string(), "from sender {sender}");
        *next += 1;
    }
    assert_eq!(next, [each; SENDERS]);
}

fn mixed() {
    sysfs::set("queue_len", 100);
    let device = Device::registered("bob");
    let sender = Child::start(|_| {
        let device = Device::registered("s");
        for number in 0..50 {
            device.send("bob", 2 * number);
            assert_eq!(device.command(format!("/all {}", 2 * number + 1)), Ok(()));
        }
    });
    sender.finish();
    let expected: Vec<String> = (0..100).map(|number| format!("s {number}\n")).collect();
    assert_eq!(device.drain(), expected);
}

/// A process that registers and then says what it reads.
fn listener(name: &'static str) -> Child {
    let child = Child::start(move |link| {
        let device = Device::open();
        device.register(name);
        link.say("ready");
        loop {
            link.say(device.read().expect("a message"));
        }
    });
    assert_eq!(child.hear(), "ready");
    child
}

fn broadcast() {
    let listeners = ["one", "two", "three"].map(listener);
    let device = Device::registered("bob");
    assert_eq!(device.command("/all hello"), Ok(()));
    listeners
        .iter()
        .for_each(|listener| assert_eq!(listener.hear(), "bob hello\n"));
    assert_eq!(device.command("/[all] again"), Ok(()));
    listeners
        .iter()
        .for_each(|listener| assert_eq!(listener.hear(), "bob again\n"));
    assert_eq!(device.drain(), [""; 0]);
    assert_eq!(
        (listing::of("bob").sent, listing::of("bob").received),
        (2, 0)
    );
}

fn broadcast_to_nobody() {
    let device = Device::registered("bob");
    assert_eq!(device.command("/all hello"), Ok(()));
    assert_eq!(listing::of("bob").sent, 1);
}

fn many_receivers() {
    const RECEIVERS: usize = 20;
    sysfs::set("max_devices", RECEIVERS + 1);
    let device = Device::registered("bob");
    let cheap = Cheap::new();
    let names: Vec<String> = (0..RECEIVERS).map(|number| format!("r{number}")).collect();
    let receivers: Vec<Pid> = names.iter().map(|name| cheap.start(name)).collect();
    for depth in 1..=3 {
        for name in &names {
            device.send(name, "hello");
            assert_eq!(listing::of(name).depth, depth, "{name}");
        }
    }
    cheap::end(&receivers);
}

fn sent() {
    let _listeners = ["one", "two"].map(listener);
    let device = Device::registered("bob");
    device.send("bob", "to myself");
    assert_eq!(device.command("/one hello"), Ok(()));
    assert_eq!(device.command("/all hello"), Ok(()));
    assert_eq!(device.command("/[all] hello"), Ok(()));
    assert_eq!(listing::of("bob").sent, 4);
    assert_eq!(listing::of("bob").received, 1);
}

fn refused() {
    let _listener = listener("one");
    let device = Device::registered("bob");
    for (command, error) in [
        ("/msg nobody x", Errno::ENOENT),
        ("/msg one", Errno::EINVAL),
        ("/all", Errno::EINVAL),
        ("/reg two", Errno::EEXIST),
        ("/unreg one", Errno::EPERM),
        ("hello", Errno::EINVAL),
    ] {
        assert_eq!(device.command(command), Err(error), "{command}");
    }
    assert_eq!(
        device.command(format!("/msg one {}", "x".repeat(300))),
        Err(Errno::EMSGSIZE)
    );
    for row in listing::rows() {
        assert_eq!(
            (row.sent, row.received, row.dropped),
            (0, 0, 0),
            "{}",
            row.name
        );
    }
}

/// Whether the accounts of a queue are right, `read` messages having been read from it.
#[track_caller]
fn balance(row: &Row, read: u64) {
    assert_eq!(
        row.received,
        read + row.dropped + row.depth,
        "{row:?} after {read} reads"
    );
}

fn accounts() {
    let device = Device::registered("bob");
    let mut read = 0;
    for step in 0..200 {
        match step % 7 {
            0..=3 => device.send("bob", step),
            4 | 5 => read += u64::from(device.read().is_ok()),
            _ if step % 5 == 0 => sysfs::set("flush", "bob"),
            _ => (0..step % 11).for_each(|number| device.send("bob", number)),
        }
        balance(&listing::of("bob"), read);
    }
    let row = listing::of("bob");
    assert!(
        row.dropped > 0 && read > 0,
        "{row:?}: the test reads and drops"
    );
    let attribute = |name| sysfs::get(&format!("queues/bob/{name}")).expect("an attribute");
    assert_eq!(attribute("received"), row.received);
    assert_eq!(attribute("dropped"), row.dropped);
    assert_eq!(attribute("depth"), row.depth);
}

fn accounts_at_once() {
    const SENDERS: usize = 3;
    let each = wait::many(300);
    let device = Device::registered("bob");
    let senders: Vec<Child> = (0..SENDERS)
        .map(|sender| {
            Child::start(move |_| {
                let device = Device::registered(&format!("s{sender}"));
                (0..each).for_each(|number| device.send("bob", number));
            })
        })
        .collect();
    let readers: Vec<Child> = (0..2)
        .map(|_| {
            let file = Device::open();
            Child::start(move |link| {
                let mut read = 0;
                while file.read().expect("a message") != "bob stop\n" {
                    read += 1;
                }
                link.say(read.to_string());
            })
        })
        .collect();
    for _ in 0..20 {
        sysfs::set("flush", "bob");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    senders.into_iter().for_each(Child::finish);
    wait::until("all is read", || listing::of("bob").depth == 0);
    readers.iter().for_each(|_| device.send("bob", "stop"));
    let read: u64 = readers
        .iter()
        .map(|reader| reader.hear().parse::<u64>().expect("a count") + 1)
        .sum();
    let row = listing::of("bob");
    assert_eq!(row.received, (SENDERS * each) as u64 + 2);
    balance(&row, read);
}

fn flush() {
    let device = Device::registered("bob");
    (0..3).for_each(|number| device.send("bob", number));
    sysfs::set("flush", "bob");
    let row = listing::of("bob");
    assert_eq!((row.depth, row.received, row.dropped), (0, 3, 3));
    device.send("bob", "after it");
    assert_eq!(device.read(), line("bob", "after it"));
    assert_eq!(sysfs::put("flush", "nobody"), Err(Errno::ENOENT));
}

fn flush_all() {
    let _others = ["one", "two"].map(|name| {
        let child = Child::start(move |link| {
            Device::registered(name);
            link.say("ready");
            nix::unistd::pause();
        });
        assert_eq!(child.hear(), "ready");
        child
    });
    let device = Device::registered("bob");
    for to in ["one", "two", "bob"] {
        device.send(to, "hello");
    }
    sysfs::set("flush", "*");
    for row in listing::rows() {
        assert_eq!(
            (row.depth, row.received, row.dropped),
            (0, 1, 1),
            "{}",
            row.name
        );
    }
}

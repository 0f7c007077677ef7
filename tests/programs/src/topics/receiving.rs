// SPDX-License-Identifier: GPL-2.0

//! Receiving one record by `ioctl`: at once or within a time, to take it or to look at it.

use std::time::{Duration, Instant};

use mq_policy::uapi::{Receive, IOC_RECEIVE, RECEIVE_DONTWAIT, RECEIVE_FROM, RECEIVE_PEEK};
use nix::errno::Errno;

use crate::{
    child::Child,
    device::Device,
    harness::Topic,
    listing,
    records::{self, lines, padded, receive, switch_to_text, to, write, Record, HEADER},
    sys::{area::Area, ioctl},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    ("one record at a time", one),
    ("what is peeked at stays", peeked),
    ("a limit of time: ETIMEDOUT", limited),
    ("MQ_RECEIVE_DONTWAIT and O_NONBLOCK: EAGAIN", not_waiting),
    (
        "bad requests: EINVAL, E2BIG, EFAULT, EMSGSIZE, and nothing is lost",
        refused,
    ),
    ("only from one sender, in order", from_one),
    (
        "only from one sender, whatever the priorities",
        from_one_by_priority,
    ),
    (
        "only from one sender, into bad memory: EFAULT, and it stays in its place",
        from_one_into_a_hole,
    ),
    (
        "who waits for one sender keeps nobody from being woken for another",
        from_one_waiting,
    ),
    ("the end of the registration: 0", end),
];

/// Room for a record.
const ROOM: usize = 1_000;

fn asked(flags: u32) -> Receive {
    Receive {
        flags,
        ..Receive::default()
    }
}

fn limit(time: Duration) -> Receive {
    Receive {
        timeout: time.as_nanos() as u64,
        ..Receive::default()
    }
}

/// What a request gives, as a line.
fn received(device: &Device, asked: Receive) -> Result<String, Errno> {
    let record = receive(device, ROOM, asked)?;
    Ok(record.map_or(String::new(), |record| record.line()))
}

fn one() {
    let bob = records::registered("bob");
    for text in ["one", "two"] {
        assert!(write(&bob, &to("bob", text)).is_ok());
    }
    assert_eq!(received(&bob, asked(0)), Ok("bob one".to_owned()));
    assert_eq!(received(&bob, asked(0)), Ok("bob two".to_owned()));
}

fn peeked() {
    sysfs::set("queue_len", 2);
    let bob = records::registered("bob");
    for text in ["one", "two", "three"] {
        assert!(write(&bob, &to("bob", text)).is_ok());
    }
    let first = receive(&bob, ROOM, asked(RECEIVE_PEEK)).expect("a record");
    let again = receive(&bob, ROOM, asked(RECEIVE_PEEK)).expect("a record");
    assert_eq!(first, again);
    let taken = receive(&bob, ROOM, asked(0)).expect("a record");
    assert_eq!(first, taken, "what was lost is told of again");
    assert_eq!(taken.map(|record| record.header.lost), Some(1));
    assert_eq!(lines(&bob), ["bob three"]);
    let nothing = receive(&bob, ROOM, asked(RECEIVE_PEEK | RECEIVE_DONTWAIT));
    assert_eq!(nothing, Err(Errno::EAGAIN));
}

fn limited() {
    let bob = records::registered("bob");
    bob.wait(true);
    let short = Duration::from_millis(100);
    for flags in [0, RECEIVE_PEEK] {
        let before = Instant::now();
        let wanted = Receive {
            flags,
            ..limit(short)
        };
        assert_eq!(received(&bob, wanted), Err(Errno::ETIMEDOUT));
        assert!(before.elapsed() >= short);
    }
    let forever = Receive {
        timeout: u64::MAX,
        ..Receive::default()
    };
    for wanted in [limit(Duration::from_secs(60)), forever, asked(0)] {
        let reader = bob.duplicate();
        let reader = wait::asleep(&[libc::SYS_ioctl], move || received(&reader, wanted));
        assert!(write(&bob, &to("bob", "one")).is_ok());
        assert_eq!(reader.join().expect("a reader"), Ok("bob one".to_owned()));
    }
}

fn not_waiting() {
    let bob = records::registered("bob");
    assert_eq!(received(&bob, asked(0)), Err(Errno::EAGAIN));
    assert_eq!(
        received(&bob, limit(Duration::from_secs(60))),
        Err(Errno::EAGAIN)
    );
    bob.wait(true);
    assert_eq!(received(&bob, asked(RECEIVE_DONTWAIT)), Err(Errno::EAGAIN));
}

fn refused() {
    let bob = records::registered("bob");
    assert!(write(&bob, &to("bob", "one")).is_ok());
    let mut with_time = asked(RECEIVE_DONTWAIT);
    with_time.timeout = 1;
    let mut with_name = asked(0);
    with_name.from = padded("bob");
    for wanted in [
        asked(8),
        asked(1 << 31),
        asked(RECEIVE_FROM),
        with_time,
        with_name,
    ] {
        assert_eq!(received(&bob, wanted), Err(Errno::EINVAL), "{wanted:?}");
    }
    for room in [0, 1, HEADER, HEADER + 7] {
        assert_eq!(
            receive(&bob, room, asked(0)),
            Err(Errno::EMSGSIZE),
            "{room}"
        );
    }
    let in_a_hole = Receive {
        buffer: 1,
        size: 100,
        ..Receive::default()
    };
    let bytes = in_a_hole.to_bytes();
    assert_eq!(ioctl::with(&bob, IOC_RECEIVE, &bytes), Err(Errno::EFAULT));
    let half = Area::before_a_hole(&bytes[..31]);
    assert_eq!(half.ioctl(&bob, IOC_RECEIVE), Err(Errno::EFAULT));
    let mut longer = bytes.to_vec();
    longer.extend([1, 0, 0, 0]);
    let command = IOC_RECEIVE + (4 << 16);
    assert_eq!(ioctl::with(&bob, command, &longer), Err(Errno::E2BIG));
    let command = IOC_RECEIVE - (4 << 16);
    assert_eq!(ioctl::with(&bob, command, &bytes), Err(Errno::EINVAL));
    assert_eq!(switch_to_text(&bob), Ok(0));
    assert_eq!(received(&bob, asked(0)), Err(Errno::EINVAL));
    assert_eq!(bob.read(), Ok("bob one\n".to_owned()));
}

fn only_from(name: &str) -> Receive {
    Receive {
        flags: RECEIVE_FROM,
        from: padded(name),
        ..Receive::default()
    }
}

/// A process of this name that sends to bob what it is told.
fn sender(name: &'static str) -> Child {
    Child::start(move |link| {
        let device = Device::registered(name);
        loop {
            device.send("bob", link.hear());
            link.say("sent");
        }
    })
}

fn sends(sender: &Child, text: &str) {
    sender.say(text);
    assert_eq!(sender.hear(), "sent");
}

fn from_one() {
    sysfs::set("queue_len", 500);
    let bob = records::registered("bob");
    let (alice, carol) = (sender("alice"), sender("carol"));
    // More than are looked at in one go.
    for number in 0..100 {
        sends(&alice, &number.to_string());
        if number % 50 == 49 {
            sends(&carol, &number.to_string());
        }
    }
    let peek = Receive {
        flags: RECEIVE_FROM | RECEIVE_PEEK,
        ..only_from("carol")
    };
    assert_eq!(received(&bob, peek), Ok("carol 49".to_owned()));
    assert_eq!(receive(&bob, HEADER, peek), Err(Errno::EMSGSIZE));
    let record = receive(&bob, ROOM, only_from("carol")).expect("a record");
    assert_eq!(
        record.as_ref().map(Record::line),
        Some("carol 49".to_owned())
    );
    assert_eq!(record.map(|record| record.header.sequence), Some(51));
    assert_eq!(
        received(&bob, only_from("carol")),
        Ok("carol 99".to_owned())
    );
    for name in ["carol", "nobody", "alic"] {
        assert_eq!(
            received(&bob, only_from(name)),
            Err(Errno::EAGAIN),
            "{name}"
        );
    }
    let rest: Vec<_> = (0..100).map(|number| format!("alice {number}")).collect();
    assert_eq!(lines(&bob), rest);
    alice.kill();
    carol.kill();
}

fn from_one_into_a_hole() {
    let bob = records::registered("bob");
    let carol = records::open();
    assert_eq!(records::register_file(&carol, "carol"), Ok(0));
    for (device, text) in [(&bob, "1"), (&carol, "2"), (&bob, "3"), (&carol, "4")] {
        for priority in [0, 7] {
            let record = records::urgent("bob", text, priority);
            assert_eq!(write(device, &record), Ok(record.len()));
        }
    }
    let in_a_hole = Receive {
        buffer: 1,
        size: ROOM as u32,
        ..only_from("carol")
    };
    // That of priority 7, and then, with those of bob alone before it, that of 0.
    for read in [["bob 1", "carol 2", "bob 3", "carol 4"]; 2] {
        let bytes = in_a_hole.to_bytes();
        assert_eq!(ioctl::with(&bob, IOC_RECEIVE, &bytes), Err(Errno::EFAULT));
        for line in read {
            assert_eq!(received(&bob, asked(0)), Ok(line.to_owned()));
        }
    }
}

fn from_one_by_priority() {
    sysfs::set("queue_len", 500);
    let bob = records::registered("bob");
    let alice = sender("alice");
    let carol = Child::start(|link| {
        let device = records::registered("carol");
        for (text, priority) in [("low", 1), ("plain", 0), ("high", 9), ("low too", 1)] {
            let record = records::urgent("bob", text, priority);
            assert_eq!(records::write(&device, &record), Ok(record.len()));
        }
        link.say("sent");
        link.hear();
    });
    assert_eq!(carol.hear(), "sent");
    // More than are looked at in one go, between those of carol.
    for number in 0..100 {
        let text = number.to_string();
        let record = records::urgent("bob", &text, 2 + number % 5);
        assert_eq!(records::write(&bob, &record), Ok(record.len()));
    }
    sends(&alice, "last");
    let found: Vec<_> = std::iter::from_fn(|| received(&bob, only_from("carol")).ok()).collect();
    assert_eq!(
        found,
        ["carol high", "carol low", "carol low too", "carol plain"]
    );
    assert_eq!(
        received(&bob, only_from("alice")),
        Ok("alice last".to_owned())
    );
    assert_eq!(listing::of("bob").depth, 100);
    let first: Vec<_> = lines(&bob).into_iter().take(2).collect();
    assert_eq!(first, ["bob 4", "bob 9"]);
    alice.kill();
    carol.kill();
}

fn from_one_waiting() {
    let bob = records::registered("bob");
    bob.wait(true);
    let (alice, carol) = (sender("alice"), sender("carol"));
    let start = |wanted| {
        let bob = bob.duplicate();
        wait::asleep(&[libc::SYS_ioctl], move || received(&bob, wanted))
    };
    let from_carol = start(only_from("carol"));
    let from_any = start(asked(0));
    sends(&alice, "one");
    assert_eq!(
        from_any.join().expect("a reader"),
        Ok("alice one".to_owned())
    );
    sends(&alice, "two");
    sends(&carol, "three");
    assert_eq!(
        from_carol.join().expect("a reader"),
        Ok("carol three".to_owned())
    );
    assert_eq!(received(&bob, asked(0)), Ok("alice two".to_owned()));
    alice.kill();
    carol.kill();
}

fn end() {
    let bob = records::registered("bob");
    bob.wait(true);
    let reader = bob.duplicate();
    let reader = wait::asleep(&[libc::SYS_ioctl], move || received(&reader, asked(0)));
    assert_eq!(Device::open().command("/unr"), Ok(()));
    assert_eq!(reader.join().expect("a reader"), Ok(String::new()));
    assert_eq!(received(&bob, asked(0)), Err(Errno::ENOENT));
}

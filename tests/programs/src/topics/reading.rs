// SPDX-License-Identifier: GPL-2.0

//! Reading: whole messages and parts of them, through one open file and several, and faults on the
//! way. Waiting for a message is another topic.

use std::{
    io::IoSliceMut,
    sync::atomic::{AtomicUsize, Ordering},
};

use nix::{errno::Errno, sys::uio::readv};

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    harness::Topic,
    listing,
    sys::area::Area,
    sysfs,
};

pub const TESTS: Topic = &[
    (
        "one read is one line: sender, blank, text, newline",
        one_line,
    ),
    ("a buffer of exactly the line takes it whole", exact_buffer),
    (
        "a buffer one byte short: the next read returns the newline",
        one_byte_short,
    ),
    ("one byte at a time: nothing is lost or mixed", byte_by_byte),
    ("a read of no bytes takes nothing", no_bytes),
    ("readv fills its buffers in turn", scattered),
    (
        "two processes on one open file: the second gets the rest of the first's message",
        shared_file,
    ),
    (
        "the rest stays with its open file: another one gets the next message",
        own_rest,
    ),
    ("a duplicated descriptor goes on with the rest", duplicated),
    (
        "closing the file discards the rest; the message counts as read",
        closed_early,
    ),
    (
        "a process that dies in the middle of a message takes only that one along",
        died_early,
    ),
    ("an overflow leaves the rest of a message alone", overflow),
    ("flush leaves the rest of a message alone", flushed),
    (
        "the rest can be read after the registration has ended",
        rest_of_the_ended,
    ),
    ("a fault at the first byte loses nothing", fault_at_once),
    (
        "a fault in the middle of copying out loses nothing",
        fault_in_the_middle,
    ),
    (
        "a fault while the rest is read loses nothing",
        fault_in_the_rest,
    ),
    (
        "two readers of one queue: whole messages, none twice, none lost",
        two_readers,
    ),
    (
        "two threads on one open file: no byte lost, none twice",
        two_threads,
    ),
];

/// A registered process with its file and messages `one`, `two`, … in its queue.
#[track_caller]
fn bob(messages: &[&str]) -> Device {
    let device = Device::registered("bob");
    messages.iter().for_each(|text| device.send("bob", text));
    device
}

/// As text, to be compared.
fn part(device: &Device, len: usize) -> Result<String, Errno> {
    device
        .read_up_to(len)
        .map(|bytes| String::from_utf8(bytes).expect("text"))
}

fn one_line() {
    let device = bob(&["hello", "good bye"]);
    assert_eq!(device.read(), line("bob", "hello"));
    assert_eq!(device.read(), line("bob", "good bye"));
    assert_eq!(device.read(), EMPTY);
}

fn exact_buffer() {
    let device = bob(&["hello", "more"]);
    assert_eq!(part(&device, "bob hello\n".len()), line("bob", "hello"));
    assert_eq!(part(&device, "bob more\n".len()), line("bob", "more"));
    assert_eq!(device.read(), EMPTY);
}

fn one_byte_short() {
    let device = bob(&["hello", "more"]);
    assert_eq!(part(&device, "bob hello".len()), Ok("bob hello".to_owned()));
    assert_eq!(
        part(&device, 100),
        Ok("\n".to_owned()),
        "the rest, and no more than it"
    );
    assert_eq!(device.read(), line("bob", "more"));
}

fn byte_by_byte() {
    let device = bob(&["hello", "more"]);
    let mut bytes = String::new();
    while let Ok(byte) = part(&device, 1) {
        assert_eq!(byte.len(), 1);
        bytes += &byte;
    }
    assert_eq!(bytes, "bob hello\nbob more\n");
}

fn no_bytes() {
    let device = bob(&["hello"]);
    assert_eq!(part(&device, 0), Ok(String::new()));
    assert_eq!(listing::of("bob").depth, 1);
    assert_eq!(device.read(), line("bob", "hello"));
}

fn scattered() {
    let device = bob(&["hello", "more"]);
    let (mut head, mut tail) = ([0; 4], [0; 20]);
    let buffers = &mut [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
    assert_eq!(readv(&device, buffers), Ok(10));
    assert_eq!((&head, &tail[..7]), (b"bob ", &b"hello\n\0"[..]));
}

fn shared_file() {
    let device = bob(&["hello", "more"]);
    assert_eq!(part(&device, 6), Ok("bob he".to_owned()));
    let child = Child::start(|link| {
        link.say(part(&device, 2).expect("the rest"));
        link.say(device.read().expect("the rest of the rest"));
    });
    assert_eq!(
        (child.hear(), child.hear()),
        ("ll".to_owned(), "o\n".to_owned())
    );
    child.finish();
    assert_eq!(device.read(), line("bob", "more"));
}

fn own_rest() {
    let device = bob(&["hello", "more"]);
    let other = Device::open_nonblocking();
    assert_eq!(part(&device, 6), Ok("bob he".to_owned()));
    assert_eq!(other.read(), line("bob", "more"));
    assert_eq!(other.read(), EMPTY);
    assert_eq!(device.read(), Ok("llo\n".to_owned()));
}

fn duplicated() {
    let device = bob(&["hello"]);
    let duplicate = device.duplicate();
    assert_eq!(part(&device, 6), Ok("bob he".to_owned()));
    drop(device);
    assert_eq!(duplicate.read(), Ok("llo\n".to_owned()));
}

fn closed_early() {
    let device = bob(&["hello", "more"]);
    let other = Device::open_nonblocking();
    assert_eq!(part(&other, 1), Ok("b".to_owned()));
    drop(other);
    let row = listing::of("bob");
    assert_eq!((row.received, row.depth, row.dropped), (2, 1, 0));
    assert_eq!(device.read(), line("bob", "more"));
    assert_eq!(device.read(), EMPTY);
}

fn died_early() {
    let device = bob(&["hello", "more"]);
    let other = Device::open_nonblocking();
    let child = Child::start(|link| {
        link.say(part(&other, 1).expect("a byte"));
        nix::unistd::pause();
    });
    drop(other);
    assert_eq!(child.hear(), "b");
    child.kill();
    assert_eq!(device.drain(), ["bob more\n"]);
}

fn overflow() {
    sysfs::set("queue_len", 1);
    let device = bob(&["first"]);
    assert_eq!(part(&device, 6), Ok("bob fi".to_owned()));
    device.send("bob", "second");
    device.send("bob", "third");
    assert_eq!(device.read(), Ok("rst\n".to_owned()));
    assert_eq!(device.read(), line("bob", "third"));
    assert_eq!(listing::of("bob").dropped, 1);
}

fn flushed() {
    let device = bob(&["first", "second"]);
    assert_eq!(part(&device, 6), Ok("bob fi".to_owned()));
    sysfs::set("flush", "bob");
    assert_eq!(device.read(), Ok("rst\n".to_owned()));
    assert_eq!(device.read(), EMPTY);
    assert_eq!(listing::of("bob").dropped, 1);
}

fn rest_of_the_ended() {
    let device = bob(&["hello", "more"]);
    assert_eq!(part(&device, 6), Ok("bob he".to_owned()));
    assert_eq!(device.command("/unr"), Ok(()));
    assert_eq!(device.read(), Ok("llo\n".to_owned()));
    assert_eq!(device.read(), Err(Errno::ENOENT));
}

fn fault_at_once() {
    let device = bob(&["hello", "more"]);
    assert_eq!(
        Area::before_a_hole(b"").read_from(&device, 100),
        Err(Errno::EFAULT)
    );
    assert_eq!(listing::of("bob").depth, 2);
    assert_eq!(device.drain(), ["bob hello\n", "bob more\n"]);
}

fn fault_in_the_middle() {
    let device = bob(&["hello", "more"]);
    for mapped in 1.."bob hello\n".len() {
        let area = Area::before_a_hole(&vec![0; mapped]);
        assert_eq!(
            area.read_from(&device, 100),
            Err(Errno::EFAULT),
            "{mapped} bytes mapped"
        );
        assert_eq!(listing::of("bob").depth, 2);
    }
    let area = Area::before_a_hole(&[0; "bob hello\n".len()]);
    assert_eq!(area.read_from(&device, 100), Ok(10), "just enough");
    assert_eq!(area.bytes(10), b"bob hello\n");
    assert_eq!(device.drain(), ["bob more\n"]);
}

fn fault_in_the_rest() {
    let device = bob(&["hello", "more"]);
    assert_eq!(part(&device, 5), Ok("bob h".to_owned()));
    assert_eq!(
        Area::before_a_hole(b"\0\0").read_from(&device, 100),
        Err(Errno::EFAULT)
    );
    assert_eq!(device.read(), Ok("ello\n".to_owned()));
    assert_eq!(device.read(), line("bob", "more"));
}

fn two_readers() {
    const MESSAGES: usize = 400;
    sysfs::set("queue_len", MESSAGES + 2);
    let sender = Device::registered("bob");
    let readers: Vec<Child> = (0..2)
        .map(|_| {
            let file = Device::open();
            Child::start(move |link| {
                let mut mine = String::new();
                loop {
                    match file.read().expect("a message").as_str() {
                        "bob stop\n" => break,
                        message => mine += message,
                    }
                }
                link.say(format!("got:{mine}"));
            })
        })
        .collect();
    (0..MESSAGES).for_each(|number| sender.send("bob", number));
    readers.iter().for_each(|_| sender.send("bob", "stop"));

    let mut numbers: Vec<usize> = Vec::new();
    for reader in readers {
        let got = reader.hear();
        let before = numbers.len();
        numbers.extend(got["got:".len()..].lines().map(|line| {
            let number = line.strip_prefix("bob ").expect("a whole message");
            number.parse::<usize>().expect("a whole message")
        }));
        assert!(
            numbers[before..].is_sorted(),
            "each reader sees the order of sending"
        );
        reader.finish();
    }
    numbers.sort_unstable();
    assert_eq!(numbers, Vec::from_iter(0..MESSAGES));
}

fn two_threads() {
    const MESSAGES: usize = 100;
    sysfs::set("queue_len", MESSAGES);
    let device = Device::registered("bob");
    let mut sent: Vec<u8> = Vec::new();
    for number in 0..MESSAGES {
        device.send("bob", format!("message {number}"));
        sent.extend(format!("bob message {number}\n").as_bytes());
    }
    let taken = AtomicUsize::new(0);
    let read = || {
        let mut mine = Vec::new();
        while let Ok(bytes) = device.read_up_to(3) {
            taken.fetch_add(bytes.len(), Ordering::Relaxed);
            mine.extend(bytes);
        }
        mine
    };
    let mut got = std::thread::scope(|scope| {
        let (one, other) = (scope.spawn(read), scope.spawn(read));
        [
            one.join().expect("a thread"),
            other.join().expect("a thread"),
        ]
        .concat()
    });
    assert_eq!(taken.into_inner(), sent.len());
    got.sort_unstable();
    sent.sort_unstable();
    assert_eq!(got, sent);
}

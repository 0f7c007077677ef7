// SPDX-License-Identifier: GPL-2.0

//! Records in place of commands and lines: what they say, how many at a time, and text beside them.

use std::{io::IoSlice, time::Duration};

use mq_policy::uapi::{RECEIVED_BROADCAST, SEND_BROADCAST};
use nix::{
    errno::Errno,
    poll::PollFlags,
    sys::signal::Signal,
    sys::uio::{readv, writev},
    time::{clock_gettime, ClockId},
    unistd::{getpid, getuid},
};

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    harness::Topic,
    puppet::become_user,
    records::{self, header, read, read_up_to, to, with_header, write, HEADER},
    sys::{self, area::Area, nowait},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    ("a record says who sent it, when, and its number", says),
    ("a message of text is a record, too", from_text),
    ("a record is read as a line", as_a_line),
    ("a broadcast says so", broadcast),
    ("one read gives as many whole records as fit", many_read),
    (
        "a buffer too small for the first record: EMSGSIZE, and it stays",
        too_small,
    ),
    ("one write sends many records, in order", many_written),
    ("the last record needs no padding", without_padding),
    (
        "a record that fails: a short count, and then its error",
        short_count,
    ),
    (
        "a signal while many records are written: a short count",
        signalled,
    ),
    ("readv and writev", vectors),
    ("lost messages are told of, each once", lost),
    (
        "where the end of a buffer is bad, whole records are read",
        bad_end,
    ),
    (
        "a bad buffer: EFAULT, and the record and what it tells stay",
        bad_buffer,
    ),
    ("poll tells of records, and of the end", polled),
    ("a read of records waits for one", waits),
    ("RWF_NOWAIT and O_NONBLOCK: EAGAIN", not_waiting),
    ("not registered: EACCES, ENOENT", not_registered),
    ("the text of a record has its limit", limit),
];

fn boottime() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("a clock");
    Duration::from(time).as_nanos() as u64
}

fn says() {
    let bob = records::registered("bob");
    let before = boottime();
    assert_eq!(write(&bob, &to("bob", "hello")), Ok(40));
    let after = boottime();
    let record = &read(&bob).expect("a record")[0];
    assert_eq!(record.line(), "bob hello");
    let header = record.header;
    assert_eq!(header.flags, 0);
    assert_eq!(header.pid, getpid().as_raw() as u32);
    assert_eq!(header.uid, getuid().as_raw());
    assert!(before <= header.time && header.time <= after);
    assert_eq!((header.sequence, header.lost), (1, 0));
    assert_eq!(header.size as usize, HEADER + 8);
    assert_eq!(write(&bob, &to("bob", "again")), Ok(40));
    assert_eq!(read(&bob).expect("a record")[0].header.sequence, 2);
}

fn from_text() {
    let bob = records::registered("bob");
    let alice = Child::start(|link| {
        become_user(1000);
        let alice = Device::registered("alice");
        let before = boottime();
        alice.send("bob", "hello");
        link.say(before.to_string());
        link.hear();
    });
    let before: u64 = alice.hear().parse().expect("a time");
    let record = read(&bob).expect("a record").remove(0);
    assert_eq!(record.line(), "alice hello");
    assert_eq!(record.header.pid, alice.pid.as_raw() as u32);
    assert_eq!(record.header.uid, 1000);
    assert_eq!(record.header.priority, 0);
    assert!(record.header.time >= before);
    alice.say("end");
    alice.finish();
}

fn as_a_line() {
    let text = Device::registered("bob");
    let bob = records::open();
    let all: String = (0..=255_u8).map(char::from).collect();
    assert_eq!(write(&bob, &to("bob", "a\nb\0c")), Ok(40));
    assert!(write(&bob, &with_header(header("bob", 3), "end")).is_ok());
    assert_eq!(text.read(), line("bob", "a\nb\0c"));
    assert_eq!(text.read_up_to(6), Ok(b"bob en".to_vec()));
    assert_eq!(text.read(), Ok("d\n".to_owned()));
    // What was half read through one file is nothing to another.
    assert_eq!(read(&bob), Err(Errno::EAGAIN));
    text.send("bob", &all[..40]);
    assert_eq!(records::lines(&bob), [format!("bob {}", &all[..40])]);
}

fn broadcast() {
    let bob = records::registered("bob");
    let alice = Child::start(|_| {
        let alice = records::registered("alice");
        alice.events();
        let mut header = header("", 5);
        header.flags = SEND_BROADCAST;
        assert_eq!(write(&alice, &with_header(header, "hello")), Ok(40));
        assert_eq!(records::switch_to_text(&alice), Ok(0));
        assert_eq!(alice.command("/all again"), Ok(()));
        assert_eq!(alice.read(), EMPTY, "not to the sender");
    });
    alice.finish();
    let records = read(&bob).expect("records");
    let flags = records.iter().map(|record| record.header.flags);
    assert_eq!(flags.collect::<Vec<_>>(), [RECEIVED_BROADCAST; 2]);
}

fn many_read() {
    let bob = records::registered("bob");
    for text in ["one", "three", "a long text here", "four"] {
        assert!(write(&bob, &to("bob", text)).is_ok());
    }
    let one = HEADER + 8;
    let records = read_up_to(&bob, 2 * one + HEADER + 15).expect("records");
    assert_eq!(records.len(), 2, "the third does not fit");
    assert_eq!(
        read_up_to(&bob, HEADER + 16 + one).map(|all| all.len()),
        Ok(2)
    );
    assert_eq!(read(&bob), Err(Errno::EAGAIN));
}

fn too_small() {
    let bob = records::registered("bob");
    assert!(write(&bob, &to("bob", "hello")).is_ok());
    for len in [1, HEADER, HEADER + 5, HEADER + 7] {
        assert_eq!(bob.read_up_to(len), Err(Errno::EMSGSIZE), "{len}");
    }
    assert_eq!(bob.read_up_to(0), Ok(Vec::new()));
    let records = read_up_to(&bob, HEADER + 8).expect("a record");
    assert_eq!(records[0].line(), "bob hello");
    assert_eq!(records[0].header.lost, 0);
}

fn many_written() {
    let bob = records::registered("bob");
    let all = [to("bob", "one"), to("bob", "two"), to("bob", "three")].concat();
    assert_eq!(write(&bob, &all), Ok(all.len()));
    assert_eq!(records::lines(&bob), ["bob one", "bob two", "bob three"]);
    assert_eq!(write(&bob, b""), Ok(0));
}

fn without_padding() {
    let bob = records::registered("bob");
    let mut all = [to("bob", "one"), to("bob", "two")].concat();
    all.truncate(all.len() - 5);
    assert_eq!(write(&bob, &all), Ok(all.len()));
    assert_eq!(records::lines(&bob), ["bob one", "bob two"]);
}

fn short_count() {
    let bob = records::registered("bob");
    let all = [to("bob", "one"), to("nobody", "two"), to("bob", "three")].concat();
    assert_eq!(write(&bob, &all), Ok(40));
    assert_eq!(write(&bob, &all[40..]), Err(Errno::ENOENT));
    assert_eq!(write(&bob, &all[80..]), Ok(40));
    assert_eq!(records::lines(&bob), ["bob one", "bob three"]);
}

fn signalled() {
    const MANY: usize = 200_000;
    let child = Child::start(|link| {
        sys::on_signal(Signal::SIGUSR1, true);
        let device = records::registered("bob");
        let records = to("bob", "x").repeat(MANY);
        link.say("ready");
        link.say(format!(
            "{:?} of {}",
            write(&device, &records),
            records.len()
        ));
    });
    assert_eq!(child.hear(), "ready");
    let said = loop {
        child.signal(Signal::SIGUSR1);
        std::thread::sleep(Duration::from_millis(1));
        if let Some(said) = child.heard() {
            break said;
        }
    };
    let (written, all) = said
        .strip_prefix("Ok(")
        .and_then(|rest| rest.split_once(") of "))
        .unwrap_or_else(|| panic!("{said}"));
    let [written, all] = [written, all].map(|count| count.parse::<usize>().expect("a count"));
    assert!(0 < written && written < all, "{said}");
    assert_eq!(written % (all / MANY), 0, "whole records: {said}");
    child.finish();
}

fn vectors() {
    let bob = records::registered("bob");
    let all = [to("bob", "one"), to("bob", "four")].concat();
    let pieces: Vec<_> = all.chunks(7).map(IoSlice::new).collect();
    assert_eq!(writev(&bob, &pieces), Ok(all.len()));
    let mut bytes = vec![0; 2 * (HEADER + 8)];
    let mut pieces: Vec<_> = bytes.chunks_mut(9).map(std::io::IoSliceMut::new).collect();
    assert_eq!(readv(&bob, &mut pieces), Ok(2 * (HEADER + 8)));
    let lines: Vec<_> = records::parse(&bytes).iter().map(|r| r.line()).collect();
    assert_eq!(lines, ["bob one", "bob four"]);
}

fn lost() {
    sysfs::set("queue_len", 2);
    let bob = records::registered("bob");
    let text = Device::open_nonblocking();
    for number in 0..5 {
        assert!(write(&bob, &to("bob", &number.to_string())).is_ok());
    }
    // The line does not tell.
    assert_eq!(text.read(), line("bob", "3"));
    let record = read(&bob).expect("a record").remove(0);
    assert_eq!((record.header.sequence, record.header.lost), (5, 3));
    for number in 0..3 {
        assert!(write(&bob, &to("bob", &number.to_string())).is_ok());
    }
    let told: Vec<_> = read(&bob)
        .expect("records")
        .iter()
        .map(|record| (record.header.sequence, record.header.lost))
        .collect();
    assert_eq!(told, [(7, 1), (8, 0)]);
}

fn bad_end() {
    let bob = records::registered("bob");
    for text in ["one", "two"] {
        assert!(write(&bob, &to("bob", text)).is_ok());
    }
    // One record fits before the hole, and all but a byte of the second.
    let one = HEADER + 8;
    let area = Area::before_a_hole(&vec![0; 2 * one - 1]);
    assert_eq!(area.read_from(&bob, 4 * one), Ok(one));
    assert_eq!(records::parse(&area.bytes(one))[0].line(), "bob one");
    assert_eq!(records::lines(&bob), ["bob two"]);
    let area = Area::before_a_hole(&[to("bob", "one"), to("bob", "two")].concat()[..79]);
    assert_eq!(area.write_to(&bob, 80), Ok(40));
    assert_eq!(records::lines(&bob), ["bob one"]);
}

fn bad_buffer() {
    sysfs::set("queue_len", 1);
    let bob = records::registered("bob");
    for text in ["one", "two"] {
        assert!(write(&bob, &to("bob", text)).is_ok());
    }
    for len in [0, 8, HEADER, HEADER + 1] {
        let area = Area::before_a_hole(&vec![0; len]);
        assert_eq!(area.read_from(&bob, 100), Err(Errno::EFAULT), "{len}");
    }
    let record = read(&bob).expect("a record").remove(0);
    assert_eq!((record.header.sequence, record.header.lost), (2, 1));
    for len in [0, 31, 32, 36] {
        let area = Area::before_a_hole(&to("bob", "three")[..len]);
        assert_eq!(area.write_to(&bob, 40), Err(Errno::EFAULT), "{len}");
    }
    assert_eq!(read(&bob), Err(Errno::EAGAIN));
}

fn polled() {
    let bob = records::registered("bob");
    assert_eq!(bob.events(), PollFlags::POLLOUT);
    assert!(write(&bob, &to("bob", "one")).is_ok());
    assert_eq!(bob.events(), PollFlags::POLLOUT | PollFlags::POLLIN);
    assert_eq!(records::lines(&bob), ["bob one"]);
    assert_eq!(Device::open().command("/unr"), Ok(()));
    assert_eq!(bob.events(), PollFlags::POLLOUT | PollFlags::POLLHUP);
}

fn waits() {
    let bob = records::registered("bob");
    bob.wait(true);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let bob = bob.duplicate();
            wait::asleep(&[libc::SYS_read], move || {
                read_up_to(&bob, HEADER + 8).expect("a record").len()
            })
        })
        .collect();
    let both = [to("bob", "one"), to("bob", "two")].concat();
    assert_eq!(write(&bob, &both), Ok(80));
    for reader in readers {
        assert_eq!(reader.join().expect("a reader"), 1);
    }
    let last = bob.duplicate();
    let last = wait::asleep(&[libc::SYS_read], move || {
        read(&last).expect("the end").len()
    });
    assert_eq!(Device::open().command("/unr"), Ok(()));
    assert_eq!(last.join().expect("a reader"), 0);
}

fn not_waiting() {
    let bob = records::registered("bob");
    assert_eq!(read(&bob), Err(Errno::EAGAIN));
    bob.wait(true);
    assert_eq!(nowait::read(&bob, 100), Err(Errno::EAGAIN));
    assert_eq!(nowait::write(&bob, &to("bob", "one")), Ok(40));
    assert_eq!(
        nowait::read(&bob, 100).map(|bytes| bytes.len()),
        Ok(HEADER + 8)
    );
}

fn not_registered() {
    let nobody = records::open();
    assert_eq!(write(&nobody, &to("bob", "one")), Err(Errno::EACCES));
    assert_eq!(read(&nobody), Err(Errno::ENOENT));
}

fn limit() {
    for limit in [16, 256, 65536] {
        sysfs::set("cmd_buf_size", limit);
        let bob = records::registered("bob");
        let text = "x".repeat(limit as usize);
        let record = to("bob", &text);
        assert_eq!(write(&bob, &record), Ok(record.len()));
        assert_eq!(records::lines(&bob), [format!("bob {text}")]);
        let longer = to("bob", &format!("{text}x"));
        assert_eq!(write(&bob, &longer), Err(Errno::EMSGSIZE));
        assert_eq!(Device::open().command("/unr"), Ok(()));
    }
}

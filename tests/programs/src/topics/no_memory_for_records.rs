// SPDX-License-Identifier: GPL-2.0

//! What programs do with records and requests, with something of it failing: it is done, or nothing
//! has happened.
//!
//! Registrations are those of files, made anew where an operation makes something once for each.

use std::{cell::RefCell, time::Duration};

use mq_policy::uapi::{
    Receive, SendHeader, FORMAT_RECORDS, RECEIVE_FROM, RECEIVE_PEEK, SEND_BROADCAST,
};
use nix::errno::Errno;

use crate::{
    device::Device,
    faults::{self, prepare, sweep, sweep_allowing},
    harness::Topic,
    listing, records, sysfs,
};

pub const TESTS: Topic = &[
    (
        "every fault of MQ_IOC_SET_FORMAT in turn: switched, or as before",
        switch,
    ),
    (
        "every fault of sending a record in turn: sent, or nothing has happened",
        send,
    ),
    (
        "every fault of writing many records in turn: the count says which were sent",
        send_many,
    ),
    (
        "every fault of the first record with a priority in turn: sent, or nothing has happened",
        send_urgent,
    ),
    (
        "every fault of waiting for room in turn: nothing sent, nobody waits",
        wait_for_room,
    ),
    (
        "every fault of a broadcast with a priority in turn: every queue has or counts it",
        broadcast,
    ),
    (
        "every fault of reading records in turn: what is not read stays, and what it tells",
        read,
    ),
    (
        "every fault of receiving one record in turn: it is received, or stays",
        receive,
    ),
    (
        "every fault of MQ_IOC_REGISTER in turn: registered, or the name is free",
        register,
    ),
    ("MQ_IOC_UNREGISTER: nothing in it can fail", unregister),
    (
        "the last close of a file that is registered: nothing in it can fail",
        close,
    ),
];

/// A file of records that is registered itself.
fn registered(name: &str) -> Device {
    let device = records::open();
    assert_eq!(records::register_file(&device, name), Ok(0));
    device
}

/// Messages that the one with this name has sent, received and dropped, and that it has in its queue.
fn accounts(name: &str) -> [u64; 4] {
    let row = listing::of(name);
    [row.sent, row.received, row.dropped, row.depth]
}

fn switch() {
    prepare();
    let bob = Device::registered("bob");
    sweep(
        || records::switch(&bob, FORMAT_RECORDS),
        |result| {
            if result.is_ok() {
                let record = records::to("bob", "a record");
                assert_eq!(records::write(&bob, &record), Ok(record.len()));
                assert_eq!(records::switch_to_text(&bob), Ok(0));
            } else {
                bob.send("bob", "a line");
            }
            bob.read().expect("what was sent");
        },
    );
}

fn send() {
    prepare();
    let bob = registered("bob");
    let record = records::to("bob", &"x".repeat(200));
    let mut sent = 0;
    sweep(
        || records::write(&bob, &record),
        |result| {
            assert!(result.is_err() || result == Ok(record.len()));
            sent += u64::from(result.is_ok());
            assert_eq!(accounts("bob"), [sent, sent, 0, u64::from(result.is_ok())]);
            if result.is_ok() {
                assert_eq!(records::lines(&bob).len(), 1);
            }
        },
    );
}

fn send_many() {
    prepare();
    let bob = registered("bob");
    let one = records::to("bob", "one of many");
    let many = one.repeat(4);
    let mut sent = 0;
    sweep(
        || records::write(&bob, &many),
        |result| {
            let written = result.unwrap_or_default();
            assert_eq!(written % one.len(), 0);
            let now = (written / one.len()) as u64;
            sent += now;
            assert_eq!(accounts("bob"), [sent, sent, 0, now]);
            if now > 0 {
                assert_eq!(records::lines(&bob), vec!["bob one of many"; now as usize]);
            }
        },
    );
}

fn send_urgent() {
    prepare();
    let bob = RefCell::new(Some(registered("bob")));
    let record = records::urgent("bob", "now", 9);
    sweep(
        || records::write(bob.borrow().as_ref().expect("bob"), &record),
        |result| {
            let sent = u64::from(result.is_ok());
            assert_eq!(accounts("bob"), [sent, sent, 0, sent]);
            bob.take();
            bob.replace(Some(registered("bob")));
        },
    );
}

fn wait_for_room() {
    prepare();
    sysfs::set("queue_len", 1);
    let full = || {
        let bob = registered("bob");
        let first = records::to("bob", "first");
        assert_eq!(records::write(&bob, &first), Ok(first.len()));
        bob.wait(true);
        bob
    };
    let bob = RefCell::new(Some(full()));
    let record = records::waiting("bob", "second", Duration::from_millis(1));
    sweep_allowing(
        &[Errno::ETIMEDOUT],
        || match records::write(bob.borrow().as_ref().expect("bob"), &record) {
            // That is how it ends where nothing fails.
            Err(Errno::ETIMEDOUT) => Ok(0),
            other => other,
        },
        |_| {
            assert_eq!(accounts("bob"), [1, 1, 0, 1]);
            assert_eq!(listing::of("bob").waiting, 0);
            // Whoever waits next is served as ever.
            let device = bob.take().expect("bob");
            assert_eq!(records::lines(&device), ["bob first"]);
            assert_eq!(records::write(&device, &record), Ok(record.len()));
            drop(device);
            bob.replace(Some(full()));
        },
    );
}

fn broadcast() {
    prepare();
    let all = || ["bob", "one", "two"].map(registered);
    let files = RefCell::new(Some(all()));
    let header = SendHeader {
        flags: SEND_BROADCAST,
        to: [0; 8],
        priority: 9,
        ..records::header("", 5)
    };
    let record = records::with_header(header, "hello");
    sweep(
        || records::write(&files.borrow().as_ref().expect("files")[0], &record),
        |result| {
            let sent = u64::from(result.is_ok());
            assert_eq!(accounts("bob"), [sent, 0, 0, 0]);
            for name in ["one", "two"] {
                // Where there is no memory for priorities, it is lost there.
                let [_, received, dropped, depth] = accounts(name);
                assert_eq!((received, dropped + depth), (sent, sent), "{name}");
            }
            files.take();
            files.replace(Some(all()));
        },
    );
}

fn read() {
    prepare();
    sysfs::set("queue_len", 2);
    let bob = registered("bob");
    let one = records::to("bob", "hello");
    // The first of them tells of one that was lost.
    let fill = || assert_eq!(records::write(&bob, &one.repeat(3)), Ok(3 * one.len()));
    fill();
    sweep(
        || records::read_up_to(&bob, 300),
        |result| {
            let mut read = result.unwrap_or_default();
            if read.len() < 2 {
                read.extend(records::read(&bob).expect("the rest"));
            }
            let lost: Vec<_> = read.iter().map(|record| record.header.lost).collect();
            assert_eq!(lost, [1, 0]);
            assert!(read[0].header.sequence < read[1].header.sequence);
            fill();
        },
    );
}

fn receive() {
    prepare();
    let bob = registered("bob");
    let eve = registered("eve");
    for (device, text) in [(&bob, "first"), (&eve, "second")] {
        let record = records::to("bob", text);
        assert_eq!(records::write(device, &record), Ok(record.len()));
    }
    let from_eve = records::padded("eve");
    for (flags, from) in [
        (RECEIVE_PEEK, [0; 8]),
        (RECEIVE_PEEK | RECEIVE_FROM, from_eve),
        (RECEIVE_FROM, from_eve),
        (0, [0; 8]),
    ] {
        let asked = Receive {
            flags,
            from,
            ..Receive::default()
        };
        let wanted = if from == [0; 8] {
            "bob first"
        } else {
            "eve second"
        };
        sweep(
            || records::receive(&bob, 100, asked),
            |result| {
                let received = result.map(|record| record.expect("a record").line());
                let is_taken = received.is_ok() && flags & RECEIVE_PEEK == 0;
                assert_eq!(received.as_deref().unwrap_or(wanted), wanted);
                assert_eq!(listing::of("bob").depth, 2 - u64::from(is_taken));
                let left = records::lines(&bob);
                let all = ["bob first", "eve second"].into_iter();
                let stays: Vec<_> = all.filter(|&line| !is_taken || line != wanted).collect();
                assert_eq!(left, stays);
                for (device, text) in [(&bob, "first"), (&eve, "second")] {
                    let record = records::to("bob", text);
                    assert_eq!(records::write(device, &record), Ok(record.len()));
                }
            },
        );
    }
}

fn register() {
    prepare();
    let device = records::open();
    let other = records::open();
    sweep(
        || records::register_file(&device, "bob"),
        |result| {
            assert_eq!(sysfs::is_registered("bob"), result.is_ok());
            assert_eq!(listing::rows().len(), usize::from(result.is_ok()));
            if result.is_err() {
                assert_eq!(records::unregister_file(&device), Err(Errno::ENOENT));
                assert_eq!(records::register_file(&other, "bob"), Ok(0));
                assert_eq!(records::unregister_file(&other), Ok(0));
                assert_eq!(records::register_file(&device, "bob"), Ok(0));
            }
            assert_eq!(records::unregister_file(&device), Ok(0));
        },
    );
}

fn unregister() {
    prepare();
    let device = with_message();
    // The first fault is still to come.
    let ended = faults::with(1, || records::unregister_file(&device));
    assert_eq!(ended, (1, Ok(0)));
    assert_eq!(listing::rows(), []);
    assert_eq!(records::register_file(&device, "bob"), Ok(0));
}

fn close() {
    prepare();
    let device = with_message();
    let (left, ()) = faults::with(1, || drop(device));
    assert_eq!(left, 1);
    assert_eq!(listing::rows(), []);
    registered("bob");
}

/// A registered file with a message in its queue.
fn with_message() -> Device {
    let device = registered("bob");
    let record = records::to("bob", "hello");
    assert_eq!(records::write(&device, &record), Ok(record.len()));
    device
}

// SPDX-License-Identifier: GPL-2.0

//! Allocations that fail: for each operation the first, the second, … allocation in it, until none is
//! left to fail. The operation then gives `ENOMEM` and has changed nothing, or has succeeded.
//!
//! Needs a kernel with fault injection. Where copies from and to user memory are made to fail too,
//! `EFAULT` is as good.

use std::{
    fs::{self, OpenOptions},
    os::fd::OwnedFd,
};

use nix::{
    errno::Errno,
    unistd::{seteuid, Uid},
};

use super::waiting::reader;
use crate::{
    cheap::{self, Cheap},
    child::Child,
    device::{line, Device, EMPTY},
    faults::{prepare, sweep, sweep_allowing, FAIL_NTH},
    harness::Topic,
    listing,
    sys::nowait,
    sysfs,
};

pub const TESTS: Topic = &[
    ("every allocation of open fails in turn", open),
    (
        "every allocation of /reg fails in turn: not registered, the name is free",
        register,
    ),
    (
        "every allocation of /reg fails in turn, anew under another user id: the one before stays",
        register_anew,
    ),
    ("every allocation of /msg fails in turn: nothing sent", send),
    (
        "every allocation of /all fails in turn: sent to all or to none",
        broadcast,
    ),
    (
        "every allocation of read fails in turn: the message stays",
        read,
    ),
    (
        "a reader without memory for the rest of a message: the next gets it whole",
        read_by_the_next,
    ),
    (
        "every allocation of /unr fails in turn: ended, or as before",
        unregister,
    ),
    ("every allocation of reading /proc/mq fails in turn", list),
    (
        "every fault of /reg in turn, where the table grows",
        register_one_more,
    ),
    (
        "every fault of /msg with a long text in turn: nothing sent",
        send_long,
    ),
    (
        "every fault of /msg with RWF_NOWAIT in turn: nothing sent",
        send_nowait,
    ),
    (
        "every fault of reading a part in turn: the message stays, or its rest",
        read_part,
    ),
];

fn open() {
    prepare();
    let open = || {
        let file = OpenOptions::new().read(true).write(true).open("/dev/mq");
        let file = file.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
        Ok(Device::from(OwnedFd::from(file)))
    };
    sweep(open, |result| {
        if let Ok(device) = result {
            device.register("bob");
            assert_eq!(device.command("/unr"), Ok(()));
        }
    });
}

fn register() {
    prepare();
    let device = Device::open_nonblocking();
    sweep(
        || device.command("/reg bob"),
        |result| {
            assert_eq!(sysfs::is_registered("bob"), result.is_ok());
            assert_eq!(listing::rows().len(), usize::from(result.is_ok()));
            if result.is_err() {
                assert_eq!(device.command("/unr"), Err(Errno::ENOENT));
                device.register("bob");
            }
            device.send("bob", "as good as any");
            assert_eq!(device.read(), line("bob", "as good as any"));
            assert_eq!(device.command("/unr"), Ok(()));
        },
    );
}

fn send() {
    prepare();
    let device = Device::registered("bob");
    let text = "x".repeat(200);
    let mut sent = 0;
    let command = format!("/msg bob {text}");
    sweep(
        || device.command(&command),
        |result| {
            sent += u64::from(result.is_ok());
            let expected = if result.is_ok() {
                line("bob", &text)
            } else {
                EMPTY
            };
            assert_eq!(device.read(), expected);
            let row = listing::of("bob");
            assert_eq!((row.sent, row.received, row.depth), (sent, sent, 0));
        },
    );
}

fn register_one_more() {
    const FIRST_TABLE: usize = 32;

    prepare();
    sysfs::set("max_devices", 2 * FIRST_TABLE);
    let cheap = Cheap::new();
    let others: Vec<_> = (0..FIRST_TABLE)
        .map(|number| cheap.start(&format!("c{number}")))
        .collect();
    let device = Device::open_nonblocking();
    sweep(
        || device.command("/reg bob"),
        |result| {
            let rows = listing::rows().len();
            assert_eq!(rows, FIRST_TABLE + usize::from(result.is_ok()));
            let ended = device.command("/unr");
            assert_eq!(ended.is_ok(), result.is_ok());
        },
    );
    device.register("bob");
    cheap::end(&others);
}

fn send_long() {
    prepare();
    sysfs::set("cmd_buf_size", 20_000);
    let device = Device::registered("bob");
    let text = "x".repeat(15_000);
    let command = format!("/msg bob {text}");
    sweep(
        || device.command(&command),
        |result| {
            let expected = result.map_or(EMPTY, |()| line("bob", &text));
            assert_eq!(device.read(), expected);
        },
    );
}

fn send_nowait() {
    prepare();
    let device = Device::registered("bob");
    sweep_allowing(
        &[Errno::EAGAIN],
        || nowait::write(&device, b"/msg bob hello"),
        |result| {
            let expected = result.map_or(EMPTY, |_| line("bob", "hello"));
            assert_eq!(device.read(), expected);
        },
    );
}

fn read_part() {
    prepare();
    let device = Device::registered("bob");
    device.send("bob", "hello");
    sweep(
        || device.read_up_to(3),
        |result| {
            let rest = match result {
                Ok(_) => Ok(" hello\n".to_owned()),
                Err(_) => line("bob", "hello"),
            };
            assert_eq!(device.read(), rest);
            assert_eq!(device.read(), EMPTY);
            let row = listing::of("bob");
            assert_eq!((row.depth, row.dropped), (0, 0));
            device.send("bob", "hello");
        },
    );
}

fn broadcast() {
    prepare();
    let device = Device::registered("bob");
    let _listeners = ["one", "two"].map(|name| {
        let child = Child::start(move |link| {
            Device::registered(name);
            link.say("ready");
            nix::unistd::pause();
        });
        assert_eq!(child.hear(), "ready");
        child
    });
    let mut sent = 0;
    sweep(
        || device.command("/all hello"),
        |result| {
            sent += u64::from(result.is_ok());
            assert_eq!(listing::of("bob").sent, sent);
            assert_eq!(
                (listing::of("one").received, listing::of("two").received),
                (sent, sent)
            );
        },
    );
}

fn read() {
    prepare();
    let device = Device::registered("bob");
    device.send("bob", "hello");
    // A small buffer: memory of the test itself must not be what is missing.
    sweep(
        || device.read_up_to(100),
        |result| {
            if result.is_err() {
                assert_eq!(listing::of("bob").depth, 1);
                assert_eq!(device.read(), line("bob", "hello"));
            }
            device.send("bob", "hello");
        },
    );
}

fn unregister() {
    prepare();
    let device = Device::registered("bob");
    device.send("bob", "hello");
    sweep(
        || device.command("/unr"),
        |result| {
            assert_eq!(sysfs::is_registered("bob"), result.is_err());
            if result.is_ok() {
                device.register("bob");
                device.send("bob", "hello");
            }
            assert_eq!(listing::of("bob").depth, 1);
        },
    );
}

fn list() {
    prepare();
    let _device = Device::registered("bob");
    let read = || {
        let text = fs::read_to_string(listing::PATH);
        text.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
    };
    sweep(read, |result| {
        if let Ok(text) = result {
            assert_eq!(listing::parse(&text).len(), 1);
        }
    });
}

/// A process registered under one user id registers anew under another.
fn register_anew() {
    const ALICE: Uid = Uid::from_raw(1000);
    const ROOT: Uid = Uid::from_raw(0);

    prepare();
    let as_root = Device::open_nonblocking();
    seteuid(ALICE).expect("seteuid");
    let as_alice = Device::open_nonblocking();
    let trusted = || {
        seteuid(ALICE).expect("seteuid");
        as_alice.register("trusted");
        as_alice.send("trusted", "still here");
        seteuid(ROOT).expect("seteuid");
    };
    trusted();
    sweep(
        || as_root.command("/reg svc"),
        |result| {
            let rows = listing::rows();
            if result.is_ok() {
                assert_eq!(listing::only(), ("svc".to_owned(), 0));
                assert_eq!(as_root.command("/unr"), Ok(()));
                trusted();
            } else {
                assert_eq!(rows.len(), 1, "{rows:?}");
                assert_eq!((&*rows[0].name, rows[0].depth), ("trusted", 1));
                assert_eq!(as_root.command("/unr"), Err(Errno::ENOENT));
                assert_eq!(as_alice.read(), line("trusted", "still here"));
                as_alice.send("trusted", "still here");
            }
        },
    );
}

/// Two wait; the first is woken and has no memory for the rest of the message.
fn read_by_the_next() {
    prepare();
    let device = Device::registered("bob");
    let mut failed = 0;
    for nth in 1..=4 {
        let file = Device::open();
        let first = Child::start(|link| {
            fs::write(FAIL_NTH, nth.to_string()).expect(FAIL_NTH);
            let result = file.read_up_to(4);
            // The fault may not have been used; then it is taken back.
            let _ = fs::write(FAIL_NTH, "0");
            link.say(format!("{result:?}"));
        });
        first.until_reading();
        let second = reader(Device::open());
        device.send("bob", "hello");
        if first.hear() == "Err(ENOMEM)" {
            failed += 1;
            assert_eq!(second.hear(), format!("{:?}", line("bob", "hello")));
            second.finish();
        }
        device.drain();
    }
    assert!(failed > 0, "no allocation failed");
}

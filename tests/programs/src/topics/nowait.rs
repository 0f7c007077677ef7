// SPDX-License-Identifier: GPL-2.0

//! Operations that are not to sleep: `RWF_NOWAIT`, and `io_uring`, which asks the same first and has
//! a thread for what would sleep.

use std::os::fd::AsFd;

use nix::{errno::Errno, unistd::getpid};

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    harness::Topic,
    listing,
    sys::{nowait, Ring},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "/reg with RWF_NOWAIT: EAGAIN, and nothing has happened",
        register,
    ),
    (
        "/unr with RWF_NOWAIT: EAGAIN, and nothing has happened",
        unregister,
    ),
    (
        "/msg with RWF_NOWAIT: sent, or EAGAIN and nothing has happened",
        send,
    ),
    (
        "/all with RWF_NOWAIT: sent, or EAGAIN and nothing has happened",
        broadcast,
    ),
    (
        "a read with RWF_NOWAIT: a message, or EAGAIN, on a file that waits",
        read,
    ),
    (
        "O_NONBLOCK is about reads alone: every command is carried out",
        nonblocking_file,
    ),
    (
        "every command through io_uring, which does not sleep at first",
        by_ring,
    ),
    (
        "every command through io_uring on a file with O_NONBLOCK",
        by_ring_nonblocking,
    ),
    (
        "every command through an io_uring with a thread of its own",
        by_ring_with_a_thread,
    ),
];

fn register() {
    for device in [Device::open(), Device::open_nonblocking()] {
        assert_eq!(nowait::write(&device, b"/reg bob"), Err(Errno::EAGAIN));
        assert_eq!((listing::rows(), sysfs::registrations()), (vec![], 0));
        assert_eq!(device.command("/unr"), Err(Errno::ENOENT));
        device.register("bob");
        assert_eq!(device.command("/unr"), Ok(()));
    }
}

fn unregister() {
    let device = Device::registered("bob");
    device.send("bob", "still here");
    for command in ["/unr", "/unreg", "/unreg bob"] {
        let result = nowait::write(&device, command.as_bytes());
        assert_eq!(result, Err(Errno::EAGAIN), "{command}");
        assert_eq!(listing::of("bob").depth, 1);
    }
    assert_eq!(device.read(), line("bob", "still here"));
}

/// Whether a command was carried out, which it may not have been if it would have had to sleep.
#[track_caller]
fn done(device: &Device, command: &str) -> bool {
    match nowait::write(device, command.as_bytes()) {
        Ok(written) => {
            assert_eq!(written, command.len());
            true
        }
        Err(error) => {
            assert_eq!(error, Errno::EAGAIN, "{command}");
            false
        }
    }
}

fn send() {
    let device = Device::registered("bob");
    let mut sent = 0;
    for number in 0..50 {
        let expected = if done(&device, &format!("/msg bob {number}")) {
            sent += 1;
            line("bob", number)
        } else {
            EMPTY
        };
        assert_eq!(device.read(), expected);
        let row = listing::of("bob");
        assert_eq!((row.sent, row.received), (sent, sent));
    }
}

fn broadcast() {
    let device = Device::registered("bob");
    let listener = Child::start(|link| {
        Device::registered("carol");
        link.say("ready");
        nix::unistd::pause();
    });
    assert_eq!(listener.hear(), "ready");
    let mut sent = 0;
    for number in 0..50 {
        sent += u64::from(done(&device, &format!("/all {number}")));
        assert_eq!(
            (listing::of("bob").sent, listing::of("carol").received),
            (sent, sent)
        );
    }
}

fn read() {
    let device = Device::open();
    assert_eq!(nowait::read(&device, 100), Err(Errno::ENOENT));
    device.register("bob");
    assert_eq!(nowait::read(&device, 100), Err(Errno::EAGAIN));
    device.send("bob", "hello");
    assert_eq!(nowait::read(&device, 100), Ok(b"bob hello\n".to_vec()));
    assert_eq!(nowait::read(&device, 100), Err(Errno::EAGAIN));
    device.send("bob", "hello");
    device.send("bob", "again");
    // A message that is longer than the buffer may need memory first.
    match nowait::read(&device, 4) {
        Ok(start) => {
            assert_eq!(start, b"bob ");
            assert_eq!(nowait::read(&device, 100), Ok(b"hello\n".to_vec()));
        }
        Err(error) => {
            assert_eq!((error, listing::of("bob").depth), (Errno::EAGAIN, 2));
            assert_eq!(nowait::read(&device, 100), Ok(b"bob hello\n".to_vec()));
        }
    }
    assert_eq!(nowait::read(&device, 100), Ok(b"bob again\n".to_vec()));
}

fn nonblocking_file() {
    let device = Device::open_nonblocking();
    for _ in 0..20 {
        device.register("bob");
        device.send("bob", "hello");
        assert_eq!(device.command("/all hello"), Ok(()));
        assert_eq!(device.read(), line("bob", "hello"));
        assert_eq!(device.command("/unr"), Ok(()));
    }
}

/// Every command, one after the other.
#[track_caller]
fn all_commands(mut ring: Ring, device: &Device) {
    let mut write = |bytes: &'static [u8]| {
        ring.write(device.as_fd(), bytes, 1);
        let mut result = None;
        wait::until("the write is done", || {
            result = ring.done();
            result.is_some()
        });
        result.map(|(_, result)| result)
    };
    for _ in 0..3 {
        assert_eq!(write(b"/reg bob"), Some(8));
        assert_eq!(listing::of("bob").pid, getpid().as_raw());
        assert_eq!(write(b"/reg rob"), Some(-(Errno::EEXIST as i32)));
        assert_eq!(write(b"/msg bob hello"), Some(14));
        assert_eq!(write(b"/all hello"), Some(10));
        assert_eq!(write(b"/msg nobody x"), Some(-(Errno::ENOENT as i32)));
        device.wait(false);
        assert_eq!(device.read(), line("bob", "hello"));
        assert_eq!(write(b"/unr"), Some(4));
        assert_eq!(write(b"/unr"), Some(-(Errno::ENOENT as i32)));
        assert_eq!(sysfs::registrations(), 0);
    }
}

fn by_ring() {
    all_commands(Ring::new(), &Device::open());
}

fn by_ring_nonblocking() {
    all_commands(Ring::new(), &Device::open_nonblocking());
}

fn by_ring_with_a_thread() {
    all_commands(Ring::with_a_thread(), &Device::open());
}

// SPDX-License-Identifier: GPL-2.0

//! What an administrator does, with something of it failing: it is done, or nothing has happened.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd},
};

use nix::{
    errno::Errno,
    kmod::{delete_module, DeleteModuleFlags},
    unistd::getpid,
};

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    faults::{prepare, sweep},
    harness::Topic,
    listing, module, sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "every fault of writing a parameter in turn: the new value, or the one before",
        parameters,
    ),
    ("every fault of flush in turn: flushed, or as before", flush),
    ("every fault of evict in turn: ended, or as before", evict),
    (
        "every fault of reading files in sysfs and fdinfo in turn",
        files,
    ),
    (
        "every fault of unloading in turn: unloaded, or as before",
        unload,
    ),
];

fn parameters() {
    prepare();
    for (name, values) in [
        ("max_devices", [8, 9]),
        ("queue_len", [8, 9]),
        ("cmd_buf_size", [256, 257]),
        ("max_per_user", [0, 1]),
        ("queue_bytes", [0, 70_000]),
        ("max_bytes_per_user", [0, 90_000]),
    ] {
        let [before, after] = values;
        sysfs::set(name, before);
        sweep(
            || sysfs::put(name, after),
            |result| {
                let now = if result.is_ok() { after } else { before };
                assert_eq!(sysfs::get(name), Some(now), "{name}");
                sysfs::set(name, before);
            },
        );
    }
}

fn flush() {
    prepare();
    let device = Device::registered("bob");
    device.send("bob", "hello");
    let mut dropped = 0;
    for whom in ["bob", "*"] {
        sweep(
            || sysfs::put("flush", whom),
            |result| {
                dropped += u64::from(result.is_ok());
                let row = listing::of("bob");
                let expected = (u64::from(result.is_err()), dropped);
                assert_eq!((row.depth, row.dropped), expected, "{whom}");
                let message = if result.is_ok() {
                    EMPTY
                } else {
                    line("bob", "hello")
                };
                assert_eq!(device.read(), message, "{whom}");
                device.send("bob", "hello");
            },
        );
    }
}

fn evict() {
    prepare();
    let device = Device::registered("bob");
    device.send("bob", "hello");
    sweep(
        || sysfs::put("evict", "bob"),
        |result| {
            assert_eq!(sysfs::is_registered("bob"), result.is_err());
            if result.is_ok() {
                assert_eq!(device.command("/unr"), Err(Errno::ENOENT));
                device.register("bob");
                device.send("bob", "hello");
            }
            assert_eq!(listing::of("bob").depth, 1);
        },
    );
}

fn files() {
    prepare();
    let device = Device::registered("bob");
    let file = device.as_fd().as_raw_fd();
    for path in [
        "/sys/class/misc/mq/registered".to_owned(),
        "/sys/class/misc/mq/stats/sends".to_owned(),
        "/sys/class/misc/mq/queues/bob/depth".to_owned(),
        format!("/proc/{}/fdinfo/{file}", getpid()),
    ] {
        let whole = fs::read_to_string(&path).expect("the file");
        let read = || {
            let text = fs::read_to_string(&path);
            text.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
        };
        sweep(read, |result| {
            if let Ok(text) = result {
                assert_eq!(text, whole, "{path}");
            }
        });
    }
}

/// With a registration there, and a message, whose process has no file open.
fn unload() {
    prepare();
    let left = || {
        let child = Child::start(|link| {
            let device = Device::registered("bob");
            device.send("bob", "hello");
            drop(device);
            link.say("registered");
            nix::unistd::pause();
        });
        assert_eq!(child.hear(), "registered");
        child
    };
    let mut child = left();
    sweep(
        || delete_module(c"mq_driver", DeleteModuleFlags::O_NONBLOCK),
        |result| {
            if result.is_err() {
                assert_eq!(listing::of("bob").depth, 1);
            } else {
                module::load();
                wait::until("nobody is registered", || sysfs::registrations() == 0);
                child = left();
            }
        },
    );
    drop(child);
}

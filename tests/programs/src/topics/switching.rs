// SPDX-License-Identifier: GPL-2.0

//! Switching an open file between text and records.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use mq_policy::uapi::{Format, FORMAT_RECORDS, FORMAT_TEXT, IOC_SET_FORMAT, IOC_TYPE};
use nix::errno::Errno;

use crate::{
    device::{line, Device, EMPTY},
    harness::Topic,
    records::{self, lines, switch, switch_to_text, to, write},
    sys::ioctl,
};

pub const TESTS: Topic = &[
    (
        "a file is switched to records and back, and others are not",
        there_and_back,
    ),
    (
        "a format that is not known, flags, another size: EINVAL, E2BIG",
        refused,
    ),
    ("not while a line is half read: EBUSY", half_read),
    (
        "a file is switched while others read and write",
        under_traffic,
    ),
    ("two formats on two files of one registration", two_formats),
    ("an unknown request: ENOTTY", unknown),
    ("fdinfo says which format a file has", shown),
];

fn there_and_back() {
    let file = Device::registered("bob");
    let other = Device::open_nonblocking();
    assert_eq!(switch(&file, FORMAT_RECORDS), Ok(0));
    assert_eq!(
        file.command("/msg bob hello, which is no record"),
        Err(Errno::EINVAL)
    );
    other.send("bob", "one");
    assert_eq!(lines(&file), ["bob one"]);
    assert_eq!(switch(&file, FORMAT_RECORDS), Ok(0), "again");
    assert_eq!(switch_to_text(&file), Ok(0));
    assert_eq!(write(&file, &to("bob", "two")), Err(Errno::EINVAL));
    file.send("bob", "two");
    assert_eq!(other.read(), line("bob", "two"));
}

/// Sets a format by so many bytes of a longer structure.
fn set(device: &Device, bytes: &[u8]) -> Result<usize, Errno> {
    let command = IOC_SET_FORMAT & !(0x3fff << 16) | (bytes.len() as u32) << 16;
    ioctl::with(device, command, bytes)
}

fn refused() {
    let file = Device::registered("bob");
    for format in [2, u32::MAX] {
        assert_eq!(switch(&file, format), Err(Errno::EINVAL), "{format}");
    }
    let flags = Format {
        format: FORMAT_RECORDS,
        flags: 1,
    };
    assert_eq!(set(&file, &flags.to_bytes()), Err(Errno::EINVAL));
    let format = Format {
        format: FORMAT_RECORDS,
        flags: 0,
    };
    let bytes = format.to_bytes();
    for len in [0, 4, 7] {
        assert_eq!(set(&file, &bytes[..len]), Err(Errno::EINVAL), "{len}");
    }
    let mut longer = bytes.to_vec();
    longer.extend([0, 0, 0, 1]);
    assert_eq!(set(&file, &longer), Err(Errno::E2BIG));
    for address in [0, 1 << 63] {
        let done = ioctl::at(&file, IOC_SET_FORMAT, address);
        assert_eq!(done, Err(Errno::EFAULT), "{address}");
    }
    file.send("bob", "still text");
    assert_eq!(file.read(), line("bob", "still text"));
    longer[11] = 0;
    assert_eq!(
        set(&file, &longer),
        Ok(0),
        "a later version of the structure"
    );
    assert_eq!(write(&file, &to("bob", "one")), Ok(40));
}

fn half_read() {
    let file = Device::registered("bob");
    file.send("bob", "hello");
    assert_eq!(file.read_up_to(3), Ok(b"bob".to_vec()));
    assert_eq!(switch(&file, FORMAT_RECORDS), Err(Errno::EBUSY));
    assert_eq!(switch_to_text(&file), Ok(0));
    assert_eq!(file.read(), Ok(" hello\n".to_owned()));
    assert_eq!(switch(&file, FORMAT_RECORDS), Ok(0));
}

fn under_traffic() {
    const REFUSED: usize = 100;
    let file = Device::registered("bob");
    let refused = AtomicUsize::new(0);
    let is_done = || refused.load(Ordering::Relaxed) >= REFUSED;
    // Either it is of the format that the file has just then, or it is refused.
    let try_writing = |bytes: &[u8]| {
        if let Err(errno) = write(&file, bytes) {
            assert_eq!(errno, Errno::EINVAL);
            refused.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done() {
                match file.read_up_to(1_000) {
                    Ok(bytes) if bytes.starts_with(b"bob ") => {
                        assert!(bytes.ends_with(b"\n"), "{bytes:?}");
                    }
                    Ok(bytes) => assert!(!records::parse(&bytes).is_empty()),
                    Err(errno) => assert_eq!(errno, Errno::EAGAIN),
                }
            }
        });
        scope.spawn(|| {
            while !is_done() {
                try_writing(&to("bob", "a record"));
                try_writing(b"/msg bob a line");
            }
        });
        let mut formats = [FORMAT_RECORDS, FORMAT_TEXT].into_iter().cycle();
        while !is_done() {
            let format = formats.next().expect("no end");
            assert_eq!(switch(&file, format), Ok(0), "whole lines were read");
        }
    });
}

fn two_formats() {
    let text = Device::registered("bob");
    let file = records::open();
    for number in 0..4 {
        text.send("bob", number);
    }
    assert_eq!(text.read(), line("bob", 0));
    let one = records::read_up_to(&file, records::HEADER + 8).expect("a record");
    assert_eq!(one[0].line(), "bob 1");
    assert_eq!(text.read(), line("bob", 2));
    assert_eq!(lines(&file), ["bob 3"]);
    assert_eq!(text.read(), EMPTY);
}

fn unknown() {
    let file = Device::open();
    let none = IOC_TYPE << 8;
    let other_direction = IOC_SET_FORMAT ^ (3 << 30);
    let other_type = IOC_SET_FORMAT ^ (1 << 8);
    for command in [0, none, none | 99, other_direction, other_type, u32::MAX] {
        let done = ioctl::with(&file, command, &[0; 64]);
        assert_eq!(done, Err(Errno::ENOTTY), "{command:#x}");
    }
}

fn shown() {
    let file = Device::open();
    let path = format!("/proc/self/fdinfo/{}", file.as_fd().as_raw_fd());
    let says = |format: &str| {
        let info = fs::read_to_string(&path).expect("fdinfo");
        info.lines()
            .any(|line| line == format!("mq-format:\t{format}"))
    };
    assert!(says("text"));
    assert_eq!(switch(&file, FORMAT_RECORDS), Ok(0));
    assert!(says("records"));
}

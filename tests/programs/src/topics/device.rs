// SPDX-License-Identifier: GPL-2.0

//! The device file: what it allows and refuses whatever the command, and bad user memory.

use std::io::{IoSlice, IoSliceMut};

use nix::{
    errno::Errno,
    sys::uio::{pread, preadv, pwrite, pwritev, writev},
    unistd::{lseek, setresuid, Uid, Whence},
};

use crate::{
    child::elsewhere,
    device::{line, Device, EMPTY},
    harness::Topic,
    listing,
    sys::area::Area,
};

pub const TESTS: Topic = &[
    ("lseek: ESPIPE", seek),
    (
        "pread and pwrite: ESPIPE, and nothing is read or sent",
        positioned,
    ),
    ("writev gathers one command", gathered),
    (
        "write returns the whole length, a trailing newline included",
        whole_length,
    ),
    (
        "a user without rights registers, sends and reads",
        without_rights,
    ),
    (
        "bad user memory: EFAULT, and nothing has happened",
        bad_memory,
    ),
    (
        "bad user memory in the middle of a command: EFAULT, and nothing has happened",
        bad_middle,
    ),
    ("a write of 1 GiB: EMSGSIZE", giant_write),
];

fn seek() {
    let device = Device::registered("bob");
    for whence in [Whence::SeekSet, Whence::SeekCur, Whence::SeekEnd] {
        assert_eq!(lseek(&device, 0, whence), Err(Errno::ESPIPE), "{whence:?}");
    }
}

fn positioned() {
    let device = Device::registered("bob");
    let mut buffer = [0; 16];
    device.send("bob", "one");
    assert_eq!(pread(&device, &mut buffer, 0), Err(Errno::ESPIPE));
    assert_eq!(
        preadv(&device, &mut [IoSliceMut::new(&mut buffer)], 0),
        Err(Errno::ESPIPE)
    );
    assert_eq!(pwrite(&device, b"/msg bob two", 0), Err(Errno::ESPIPE));
    assert_eq!(
        pwritev(&device, &[IoSlice::new(b"/msg bob two")], 0),
        Err(Errno::ESPIPE)
    );
    assert_eq!(device.drain(), ["bob one\n"]);
}

fn gathered() {
    let device = Device::registered("bob");
    let parts: [&[u8]; 6] = [b"/m", b"sg bo", b"", b"b hel", b"lo", b"\n"];
    let parts = parts.map(IoSlice::new);
    assert_eq!(writev(&device, &parts), Ok(15));
    assert_eq!(device.read(), line("bob", "hello"));
    assert_eq!(device.read(), EMPTY);
}

fn whole_length() {
    let device = Device::open();
    for command in [
        "/reg bob",
        "/msg bob x\n",
        "/msg bob x\0",
        "/msg bob x\n\0",
        "/all x\n",
        "/unr\n",
    ] {
        assert_eq!(
            nix::unistd::write(&device, command.as_bytes()),
            Ok(command.len()),
            "{command:?}"
        );
    }
}

fn without_rights() {
    let said = elsewhere(|| {
        let nobody = Uid::from_raw(65534);
        setresuid(nobody, nobody, nobody).expect("setresuid");
        let device = Device::registered("nobody");
        device.send("nobody", "hello");
        assert_eq!(listing::of("nobody").uid, 65534);
        device.read().expect("a message")
    });
    assert_eq!(said, "nobody hello\n");
}

fn bad_memory() {
    let device = Device::registered("bob");
    let nowhere = Area::before_a_hole(b"");
    assert_eq!(nowhere.write_to(&device, 12), Err(Errno::EFAULT));
    assert_eq!(device.read(), EMPTY);
    assert_eq!(
        (listing::of("bob").sent, listing::of("bob").received),
        (0, 0)
    );
}

fn bad_middle() {
    let device = Device::registered("bob");
    let cut = Area::before_a_hole(b"/msg bob hel");
    assert_eq!(cut.write_to(&device, 14), Err(Errno::EFAULT));
    let cut = Area::before_a_hole(b"/un");
    assert_eq!(cut.write_to(&device, 4), Err(Errno::EFAULT));
    assert_eq!(device.read(), EMPTY);
    assert_eq!(
        (listing::of("bob").sent, listing::of("bob").received),
        (0, 0)
    );

    let whole = Area::before_a_hole(b"/msg bob hello");
    assert_eq!(
        whole.write_to(&device, 14),
        Ok(14),
        "up to the last byte before a hole"
    );
    assert_eq!(device.read(), line("bob", "hello"));
}

fn giant_write() {
    let device = Device::registered("bob");
    let giant = Area::untouched(1 << 30);
    assert_eq!(giant.write_to(&device, 1 << 30), Err(Errno::EMSGSIZE));
}

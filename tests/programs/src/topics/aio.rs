// SPDX-License-Identifier: GPL-2.0

//! Linux AIO: polls that complete later, or are given up.

use std::{os::fd::AsFd, time::Duration};

use nix::unistd::pause;

use crate::{
    child::Child,
    device::{line, Device},
    harness::Topic,
    sys::aio::Aio,
    sysfs, wait,
};

pub const TESTS: Topic = &[
    ("an AIO poll completes when a message comes", by_the_opener),
    ("an AIO poll completes at once where a message is", at_once),
    (
        "an AIO poll by a child completes when a message comes to the opener",
        by_a_child,
    ),
    (
        "an AIO poll by a registered child completes when a message comes to it",
        by_a_registered_child,
    ),
    (
        "an AIO poll completes when the registration ends",
        told_of_the_end,
    ),
    (
        "an AIO poll on a file whose process registers later",
        registered_later,
    ),
    ("an AIO poll that is given up harms nobody", given_up),
];

const IN: i16 = libc::POLLIN;
const HUP: i16 = libc::POLLHUP;

/// What a poll for input is told.
fn told(aio: &Aio, limit: Duration) -> Option<i16> {
    aio.told(limit).map(|events| events & (IN | HUP))
}

/// A context with a poll for input under way that has nothing to tell yet.
#[track_caller]
fn polling(device: &Device) -> Aio {
    let aio = Aio::new();
    assert_eq!(aio.poll(device.as_fd(), IN), Ok(()));
    assert_eq!(told(&aio, wait::MOMENT), None);
    aio
}

fn by_the_opener() {
    let device = Device::registered("bob");
    for number in 0..3 {
        let aio = polling(&device);
        device.send("bob", number);
        assert_eq!(told(&aio, wait::LIMIT), Some(IN));
        assert_eq!(told(&aio, Duration::ZERO), None, "told once");
        assert_eq!(device.read(), line("bob", number));
    }
}

fn at_once() {
    let device = Device::registered("bob");
    device.send("bob", "hello");
    let aio = Aio::new();
    assert_eq!(aio.poll(device.as_fd(), IN), Ok(()));
    assert_eq!(told(&aio, wait::LIMIT), Some(IN));
}

fn by_a_child() {
    let device = Device::registered("bob");
    let child = Child::start(|link| {
        let aio = polling(&device);
        link.say("polling");
        link.say(format!("{:?}", told(&aio, wait::LIMIT)));
        link.say(format!("{:?}", device.read()));
    });
    assert_eq!(child.hear(), "polling");
    device.send("bob", "hello");
    assert_eq!(child.hear(), format!("{:?}", Some(IN)));
    assert_eq!(child.hear(), format!("{:?}", line("bob", "hello")));
    child.finish();
}

fn by_a_registered_child() {
    let device = Device::registered("bob");
    let child = Child::start(|link| {
        device.register("carol");
        let aio = polling(&device);
        link.say("polling");
        link.hear();
        assert_eq!(told(&aio, wait::MOMENT), None, "the opener's message");
        link.say("polling on");
        link.say(format!("{:?}", told(&aio, wait::LIMIT)));
        link.say(format!("{:?}", device.read()));
    });
    assert_eq!(child.hear(), "polling");
    device.send("bob", "for bob");
    child.say("go on");
    assert_eq!(child.hear(), "polling on");
    device.send("carol", "for carol");
    assert_eq!(child.hear(), format!("{:?}", Some(IN)));
    assert_eq!(child.hear(), format!("{:?}", line("bob", "for carol")));
    child.finish();
}

fn told_of_the_end() {
    let device = Device::registered("bob");
    let aio = polling(&device);
    sysfs::set("evict", "bob");
    assert_eq!(told(&aio, wait::LIMIT), Some(HUP));

    let opener = Child::start(|link| {
        link.pass(Device::registered("carol"));
        pause();
    });
    let file: Device = opener.take();
    let aio = polling(&file);
    opener.kill();
    assert_eq!(told(&aio, wait::LIMIT), Some(HUP), "the opener died");
}

fn registered_later() {
    let device = Device::open_nonblocking();
    let aio = polling(&device);
    device.register("bob");
    assert_eq!(told(&aio, wait::MOMENT), None);
    device.send("bob", "hello");
    assert_eq!(told(&aio, wait::LIMIT), Some(IN));
}

fn given_up() {
    let device = Device::registered("bob");
    for _ in 0..20 {
        let aio = Aio::new();
        for _ in 0..4 {
            assert_eq!(aio.poll(device.as_fd(), IN), Ok(()));
        }
        drop(aio);
    }
    // A file that is polled is closed, and its process ends.
    Child::start(|_| {
        let device = Device::registered("carol");
        std::mem::forget(polling(&device));
    })
    .finish();
    let aio = polling(&device);
    device.send("bob", "hello");
    assert_eq!(told(&aio, wait::LIMIT), Some(IN));
}

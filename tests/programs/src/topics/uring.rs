// SPDX-License-Identifier: GPL-2.0

//! `io_uring`: reads and polls that complete later, are given up, or outlive what they wait for.

use std::os::fd::AsFd;

use nix::{errno::Errno, fcntl::OFlag, sys::signal::Signal, unistd::pause};

use crate::{
    child::Child,
    device::{line, Device},
    harness::Topic,
    listing,
    sys::{self, Ring},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    ("a read completes when a message comes", read),
    ("a read of what is there completes at once", read_at_once),
    (
        "a read on a file opened with O_NONBLOCK does what it does on a pipe",
        nonblocking,
    ),
    ("a poll completes when a message comes", poll),
    (
        "a poll completes when the registration ends",
        poll_of_the_ended,
    ),
    (
        "a waiting read ends with the registration: 0",
        read_of_the_ended,
    ),
    ("a read that is given up loses nothing", cancelled),
    (
        "a process with a waiting read can be killed, and its registration ends",
        killed,
    ),
    (
        "a command written through io_uring acts for its process",
        written_by_the_process,
    ),
];

const IN: u32 = libc::POLLIN as u32;
const HUP: u32 = libc::POLLHUP as u32;

/// The next request done, waiting for it.
fn done(ring: &mut Ring) -> (u64, i32) {
    let mut result = None;
    wait::until("a request is done", || {
        result = ring.done();
        result.is_some()
    });
    result.expect("just waited for")
}

fn blocking(name: &str) -> Device {
    let device = Device::open();
    device.register(name);
    device
}

fn read() {
    let device = blocking("bob");
    let mut ring = Ring::new();
    let buffer = ring.read(device.as_fd(), 100, 1);
    std::thread::sleep(wait::MOMENT);
    assert_eq!(ring.done(), None);
    device.send("bob", "hello");
    assert_eq!(done(&mut ring), (1, 10));
    assert_eq!(sys::filled(buffer, 10), b"bob hello\n");
}

fn read_at_once() {
    let device = blocking("bob");
    device.send("bob", "hello");
    let mut ring = Ring::new();
    let start = ring.read(device.as_fd(), 4, 1);
    assert_eq!(done(&mut ring), (1, 4));
    let rest = ring.read(device.as_fd(), 100, 2);
    assert_eq!(done(&mut ring), (2, 6));
    assert_eq!(
        (sys::filled(start, 4), sys::filled(rest, 6)),
        (b"bob ".to_vec(), b"hello\n".to_vec())
    );
}

fn nonblocking() {
    /// What comes of a read of nothing, within a moment.
    fn result(file: impl AsFd) -> Option<i32> {
        let mut ring = Ring::new();
        ring.read(file.as_fd(), 100, 1);
        std::thread::sleep(wait::MOMENT);
        ring.done().map(|(_, result)| result)
    }
    let (read, _write) = nix::unistd::pipe2(OFlag::O_NONBLOCK).expect("pipe");
    assert_eq!(result(Device::registered("bob")), result(read));
}

fn poll() {
    let device = blocking("bob");
    let mut ring = Ring::new();
    ring.poll(device.as_fd(), IN, 1);
    std::thread::sleep(wait::MOMENT);
    assert_eq!(ring.done(), None);
    device.send("bob", "hello");
    assert_eq!(done(&mut ring), (1, IN as i32));
    assert_eq!(device.read(), line("bob", "hello"));
}

fn poll_of_the_ended() {
    let device = blocking("bob");
    let mut ring = Ring::new();
    ring.poll(device.as_fd(), IN, 1);
    assert_eq!(device.command("/unr"), Ok(()));
    let (tag, events) = done(&mut ring);
    assert_eq!((tag, events as u32 & HUP), (1, HUP));
}

fn read_of_the_ended() {
    let device = blocking("bob");
    let mut ring = Ring::new();
    ring.read(device.as_fd(), 100, 1);
    std::thread::sleep(wait::MOMENT);
    assert_eq!(ring.done(), None);
    sysfs::set("evict", "bob");
    let (tag, result) = done(&mut ring);
    assert_eq!(tag, 1);
    // A ring that waits by poll and then reads comes too late for the end of file.
    assert!(result == 0 || result == -(Errno::ENOENT as i32), "{result}");
}

fn cancelled() {
    let device = blocking("bob");
    let mut ring = Ring::new();
    ring.read(device.as_fd(), 100, 1);
    std::thread::sleep(wait::MOMENT);
    ring.cancel(1, 2);
    let mut results = [done(&mut ring), done(&mut ring)];
    results.sort_unstable();
    assert!(
        [Errno::ECANCELED, Errno::EINTR]
            .map(|error| (1, -(error as i32)))
            .contains(&results[0]),
        "{results:?}"
    );
    device.send("bob", "hello");
    assert_eq!(device.read(), line("bob", "hello"));
}

fn killed() {
    let child = Child::start(|link| {
        let device = blocking("bob");
        let mut ring = Ring::new();
        ring.read(device.as_fd(), 100, 1);
        ring.poll(device.as_fd(), IN, 2);
        link.say("waiting");
        pause();
    });
    assert_eq!(child.hear(), "waiting");
    assert!(sysfs::is_registered("bob"));
    child.signal(Signal::SIGKILL);
    wait::until("the registration ends", || !sysfs::is_registered("bob"));
    child.kill();
}

fn written_by_the_process() {
    let device = Device::open();
    let mut ring = Ring::new();
    ring.write_by_worker(device.as_fd(), b"/reg bob", 1);
    assert_eq!(done(&mut ring), (1, 8));
    assert_eq!(listing::of("bob").pid, nix::unistd::getpid().as_raw());
    assert_eq!(device.command("/reg rob"), Err(Errno::EEXIST));
}

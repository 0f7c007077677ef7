// SPDX-License-Identifier: GPL-2.0

//! Memory of one user that is slow to come must hold up nobody else: the driver copies outside of
//! every lock that others need.

use std::thread;

use nix::{sys::signal::Signal, unistd::gettid};

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    harness::{self, Topic},
    listing,
    sys::area::AbsentPage,
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "a writer whose memory is not there yet holds nobody up",
        slow_writer,
    ),
    (
        "a reader whose memory is not there yet holds nobody up",
        slow_reader,
    ),
    (
        "a reader killed while its memory is awaited leaves the others unharmed",
        killed_reader,
    ),
];

/// A page that is not there yet.
pub fn absent_page() -> AbsentPage {
    AbsentPage::new().unwrap_or_else(|| harness::skip("this kernel has no userfaultfd"))
}

/// All that others can do while somebody waits for memory; `bob` is who does.
fn everything_else_works() {
    let other = Child::start(|link| {
        let device = Device::registered("carol");
        device.send("bob", "from carol");
        device.send("carol", "to myself");
        assert_eq!(device.read(), line("carol", "to myself"));
        assert_eq!(device.command("/all to all"), Ok(()));
        assert_eq!(device.command("/unr"), Ok(()));
        device.register("dave");
        assert!(listing::find("bob").is_some());
        assert_eq!(sysfs::get("queues/bob/len"), Some(8));
        link.say("done");
    });
    assert_eq!(other.hear(), "done");
    other.finish();
}

fn slow_writer() {
    let page = absent_page();
    let device = Device::registered("bob");
    thread::scope(|scope| {
        let (say, hear) = std::sync::mpsc::channel();
        let (page, device) = (&page, &device);
        let writer = scope.spawn(move || {
            say.send(gettid()).expect("the main thread listens");
            page.area().write_to(device, 100)
        });
        let thread = hear.recv().expect("the thread's number");
        wait::until_asleep_in(thread, &[libc::SYS_write]);
        everything_else_works();
        assert_eq!(device.read(), line("carol", "from carol"));
        page.give();
        assert_eq!(
            writer.join().expect("a thread"),
            Err(nix::errno::Errno::EINVAL),
            "100 zero bytes"
        );
    });
}

fn slow_reader() {
    let page = absent_page();
    let device = Device::registered("bob");
    let second = Device::open_nonblocking();
    device.send("bob", "one");
    device.send("bob", "two");
    thread::scope(|scope| {
        let (say, hear) = std::sync::mpsc::channel();
        let (page, device) = (&page, &device);
        let reader = scope.spawn(move || {
            say.send(gettid()).expect("the main thread listens");
            page.area().read_from(device, 100)
        });
        let thread = hear.recv().expect("the thread's number");
        wait::until_asleep_in(thread, &[libc::SYS_read]);
        everything_else_works();
        assert_eq!(
            second.read(),
            line("bob", "two"),
            "another reader gets the next one"
        );
        page.give();
        assert_eq!(reader.join().expect("a thread"), Ok(8));
        assert_eq!(page.area().bytes(8), b"bob one\n");
    });
    assert_eq!(device.drain(), ["carol from carol\n", "carol to all\n"]);
}

fn killed_reader() {
    drop(absent_page());
    let device = Device::registered("bob");
    device.send("bob", "one");
    device.send("bob", "two");
    let theirs = Device::open();
    let child = Child::start(|_| {
        let page = absent_page();
        let _ = page.area().read_from(&theirs, 100);
    });
    wait::until("the child has ended or is reading", || {
        let path = format!("/proc/{}/syscall", child.pid);
        let now = std::fs::read_to_string(path).unwrap_or_default();
        now.is_empty() || now.starts_with(&format!("{} ", libc::SYS_read))
    });
    child.signal(Signal::SIGKILL);
    child.kill();
    let left = device.drain();
    assert!(
        left == ["bob two\n"] || left == ["bob one\n", "bob two\n"],
        "{left:?}"
    );
    assert_eq!(device.read(), EMPTY);
    let row = listing::of("bob");
    assert_eq!((row.received, row.depth, row.dropped), (2, 0, 0));
}

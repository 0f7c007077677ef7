// SPDX-License-Identifier: GPL-2.0

//! Readers that were woken and leave without a message: it is for the next who waits. And what they
//! give back when they leave is told to those who wait for it.

use std::thread;

use nix::{
    errno::Errno,
    poll::{PollFlags, PollTimeout},
    sys::signal::Signal,
    unistd::{gettid, Pid},
};

use super::{stalling::absent_page, waiting::reader};
use crate::{
    child::{elsewhere, Child},
    device::{line, Device},
    harness::Topic,
    listing,
    puppet::become_user,
    sys::area::Area,
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "a reader with bad memory: the next gets the message",
        bad_memory,
    ),
    (
        "a reader that cannot keep the rest of a message: the next gets it whole",
        no_bytes_left,
    ),
    (
        "a reader killed while its memory is awaited: the next gets the message",
        killed,
    ),
    (
        "a reader of a file whose rest another has in hand: the next gets the message",
        rest_in_hand,
    ),
    (
        "the rest that a reader puts back is told to those who poll its file",
        rest_put_back,
    ),
    (
        "a message given back after its registration has ended counts as discarded",
        given_back_too_late,
    ),
];

fn bad_memory() {
    let device = Device::registered("bob");
    for number in 0..3 {
        let file = Device::open();
        let first = Child::start(|link| {
            let result = Area::before_a_hole(b"").read_from(&file, 100);
            link.say(format!("{result:?}"));
        });
        first.until_reading();
        let second = reader(Device::open());
        device.send("bob", number);
        assert_eq!(first.hear(), "Err(EFAULT)");
        assert_eq!(second.hear(), format!("{:?}", line("bob", number)));
        first.finish();
        second.finish();
    }
}

fn no_bytes_left() {
    const TEXT: usize = 60_000;
    sysfs::set("cmd_buf_size", 65536);
    sysfs::set("queue_bytes", 128 << 10);
    sysfs::set("max_bytes_per_user", 512 << 10);
    elsewhere(|| {
        become_user(1000);
        let device = Device::registered("alice");
        let text = "x".repeat(TEXT);
        let mut files = Vec::new();
        loop {
            device.send("alice", &text);
            let file = Device::open_nonblocking();
            if let Err(error) = file.read_up_to(1) {
                assert_eq!(error, Errno::EDQUOT);
                break;
            }
            files.push(file);
            assert!(files.len() < 10, "there is no end of it");
        }
        assert_eq!(device.drain().len(), 1);

        let file = Device::open();
        let first = Child::start(|link| link.say(format!("{:?}", file.read_up_to(1))));
        first.until_reading();
        let second = reader(Device::open());
        device.send("alice", &text);
        assert_eq!(first.hear(), "Err(EDQUOT)");
        assert_eq!(second.hear(), format!("{:?}", line("alice", &text)));
        String::new()
    });
}

/// A child whose read of up to `len` bytes waits for its memory until it is told to go on, and the
/// thread of it that reads.
fn slow_reader(file: &Device, len: usize) -> (Child, Pid) {
    let child = Child::start(|link| {
        let page = absent_page();
        thread::scope(|scope| {
            let said = link.duplicate();
            let page = &page;
            let reading = scope.spawn(move || {
                said.say(gettid().to_string());
                page.area().read_from(file, len)
            });
            link.hear();
            page.give();
            link.say(format!("{:?}", reading.join().expect("a thread")));
        });
    });
    let thread = Pid::from_raw(child.hear().parse().expect("a thread's number"));
    wait::until_asleep_in(thread, &[libc::SYS_read]);
    (child, thread)
}

/// Waits until the one message there is has been taken, by a reader that waits for its memory.
#[track_caller]
fn until_taken(reader: Pid) {
    wait::until("the message is taken", || listing::of("bob").depth == 0);
    wait::until_asleep_in(reader, &[libc::SYS_read]);
}

fn killed() {
    drop(absent_page());
    let device = Device::registered("bob");
    let file = Device::open();
    let (first, thread) = slow_reader(&file, 100);
    let second = reader(Device::open());
    device.send("bob", "one");
    until_taken(thread);
    first.signal(Signal::SIGKILL);
    first.kill();
    assert_eq!(second.hear(), format!("{:?}", line("bob", "one")));
    second.finish();
    let row = listing::of("bob");
    assert_eq!((row.received, row.depth, row.dropped), (1, 0, 0));
}

/// Has `file` keep a rest for once, so that there is room for it later: a reader that must get it
/// first lets others go before.
fn make_room(file: &Device, sender: &Device) {
    sender.send("bob", "half");
    assert_eq!(file.read_up_to(4), Ok(b"bob ".to_vec()));
    assert_eq!(file.read(), Ok("half\n".to_owned()));
}

fn rest_in_hand() {
    drop(absent_page());
    let device = Device::registered("bob");
    let shared = Device::open();
    make_room(&shared, &device);
    let (first, thread) = slow_reader(&shared, 4);
    let second = reader(shared.duplicate());
    let third = reader(Device::open());
    device.send("bob", "one");
    until_taken(thread);
    // The second is woken first, and can have neither the rest nor, before it, the next message.
    device.send("bob", "two");
    assert_eq!(third.hear(), format!("{:?}", line("bob", "two")));
    assert_eq!(second.heard(), None);
    first.say("go on");
    assert_eq!(first.hear(), "Ok(4)");
    assert_eq!(second.hear(), "Ok(\"one\\n\")");
    first.finish();
    second.finish();
    third.finish();
}

fn rest_put_back() {
    drop(absent_page());
    let device = Device::registered("bob");
    let shared = Device::open();
    make_room(&shared, &device);
    let (first, thread) = slow_reader(&shared, 4);
    device.send("bob", "one");
    until_taken(thread);
    let poller = Child::start(|link| {
        let events = shared.poll(PollTimeout::NONE);
        link.say(format!("{events:?}"));
        link.say(format!("{:?}", shared.read()));
    });
    wait::until_polling(poller.pid);
    assert_eq!(poller.heard(), None);
    first.say("go on");
    assert_eq!(first.hear(), "Ok(4)");
    assert_eq!(poller.hear(), format!("{:?}", PollFlags::POLLIN));
    assert_eq!(poller.hear(), "Ok(\"one\\n\")");
    first.finish();
    poller.finish();
}

fn given_back_too_late() {
    drop(absent_page());
    let totals = || {
        ["deliveries", "reads", "dropped_end", "dropped_overflow"]
            .map(|name| sysfs::get(&format!("stats/{name}")).expect("a total"))
    };
    let device = Device::registered("bob");
    let file = Device::open();
    for _ in 0..5 {
        let before = totals();
        let (first, thread) = slow_reader(&file, 100);
        device.send("bob", "one");
        until_taken(thread);
        assert_eq!(device.command("/unr"), Ok(()));
        first.signal(Signal::SIGKILL);
        first.kill();
        let now = totals();
        let counted: Vec<u64> = now
            .iter()
            .zip(before)
            .map(|(now, then)| now - then)
            .collect();
        assert_eq!(counted, [1, 0, 1, 0]);
        device.register("bob");
    }
}

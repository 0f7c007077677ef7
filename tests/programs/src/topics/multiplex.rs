// SPDX-License-Identifier: GPL-2.0

//! `poll`, `select` and `epoll`: what they say at once, and when they wake who waits in them.

use std::{os::fd::AsFd, sync::mpsc, thread};

use nix::{
    errno::Errno,
    poll::{PollFlags, PollTimeout},
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        select::{select, FdSet},
        signal::{kill, Signal},
        time::{TimeVal, TimeValLike},
    },
    unistd::{gettid, pause, Pid},
};

use crate::{
    cheap::{self, Cheap},
    child::Child,
    device::{line, Device},
    harness::Topic,
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "never registered: writable, not readable, no hang-up",
        never_registered,
    ),
    (
        "a refused /reg is no end of a registration: no hang-up",
        refused,
    ),
    ("registered: readable while a message waits", readable),
    ("the rest of a message is readable", rest_is_readable),
    (
        "after the registration has ended: hang-up, until there is a new one",
        hang_up,
    ),
    ("evicted: hang-up", evicted),
    (
        "its opener has died: hang-up, as soon as anybody can know",
        opener_died,
    ),
    ("poll waits for a message", poll_waits),
    (
        "so it does where the process has opened and closed others meanwhile",
        others_closed,
    ),
    (
        "poll is woken by the end of the registration: /unr, evict, death",
        poll_woken_by_the_end,
    ),
    ("a child polls the queue of the opener", opener_s_queue),
    ("select: readable, writable, and its time limit", selected),
    (
        "epoll, level-triggered: told until all is read",
        level_triggered,
    ),
    (
        "epoll, edge-triggered: told once for each message",
        edge_triggered,
    ),
    (
        "epoll on a file whose process registers later",
        registered_later,
    ),
    (
        "epoll on a file whose process registers anew",
        registered_anew,
    ),
    (
        "epoll is told of the end of the registration",
        epoll_hang_up,
    ),
    (
        "epoll, exclusive: all who wait are told of the end",
        exclusive_hang_up,
    ),
    ("many pollers: all are told", many_pollers),
];

const WRITABLE: PollFlags = PollFlags::POLLOUT;
const READABLE: PollFlags = PollFlags::POLLIN.union(PollFlags::POLLOUT);
const ENDED: PollFlags = PollFlags::POLLOUT.union(PollFlags::POLLHUP);

fn never_registered() {
    assert_eq!(Device::open().events(), WRITABLE);
}

fn refused() {
    let _bob = Device::registered("bob");
    let child = Child::start(|link| {
        let device = Device::open();
        assert_eq!(device.command("/reg bob"), Err(Errno::EEXIST));
        link.say(format!("{:?}", device.events()));
    });
    assert_eq!(child.hear(), format!("{WRITABLE:?}"));
    child.finish();
}

fn readable() {
    let device = Device::registered("bob");
    assert_eq!(device.events(), WRITABLE);
    device.send("bob", "one");
    device.send("bob", "two");
    assert_eq!(device.events(), READABLE);
    assert_eq!(device.read(), line("bob", "one"));
    assert_eq!(device.events(), READABLE);
    assert_eq!(device.read(), line("bob", "two"));
    assert_eq!(device.events(), WRITABLE);
    device.send("bob", "three");
    sysfs::set("flush", "bob");
    assert_eq!(device.events(), WRITABLE, "after a flush");
}

fn rest_is_readable() {
    let device = Device::registered("bob");
    let other = Device::open();
    device.send("bob", "one");
    assert_eq!(device.read_up_to(3).as_deref(), Ok(&b"bob"[..]));
    assert_eq!(device.events(), READABLE);
    assert_eq!(
        other.events(),
        WRITABLE,
        "the rest is not for another open file"
    );
    assert_eq!(device.read(), Ok(" one\n".to_owned()));
    assert_eq!(device.events(), WRITABLE);
}

fn hang_up() {
    let device = Device::registered("bob");
    device.send("bob", "discarded");
    assert_eq!(device.command("/unr"), Ok(()));
    assert_eq!(device.events(), ENDED);
    assert_eq!(device.events(), ENDED, "it stays");
    device.register("rob");
    assert_eq!(device.events(), WRITABLE);
    device.send("rob", "hello");
    assert_eq!(device.events(), READABLE);
}

fn evicted() {
    let device = Device::registered("bob");
    sysfs::set("evict", "bob");
    assert_eq!(device.events(), ENDED);
}

/// Others die just before, so that the driver has much to release.
fn opener_died() {
    let crowd = wait::many(300);
    sysfs::set("max_devices", crowd + 1);
    let cheap = Cheap::new();
    for _ in 0..5 {
        let members: Vec<Pid> = (0..crowd)
            .map(|number| cheap.start(&format!("m{number}")))
            .collect();
        let opener = Child::start(|link| {
            link.pass(Device::registered("bob"));
            link.hear();
        });
        let file: Device = opener.take();
        wait::until("bob is there", || sysfs::is_registered("bob"));
        for &member in &members {
            kill(member, Signal::SIGKILL).expect("kill");
        }
        opener.kill();
        assert_eq!(file.events(), ENDED);
        cheap::end(&members);
    }
}

/// A child that polls the queue of whoever opened `file`, without a limit, and says what it got.
fn poller(file: Device) -> Child {
    let child = Child::start(move |link| link.say(format!("{:?}", file.poll(PollTimeout::NONE))));
    wait::until_polling(child.pid);
    child
}

fn poll_waits() {
    let device = Device::registered("bob");
    let child = poller(Device::open());
    device.send("bob", "hello");
    assert_eq!(child.hear(), format!("{:?}", PollFlags::POLLIN));
    child.finish();
}

fn poll_woken_by_the_end() {
    let told = format!("{:?}", PollFlags::POLLHUP);
    let device = Device::registered("bob");
    let child = poller(Device::open());
    assert_eq!(device.command("/unr"), Ok(()));
    assert_eq!(child.hear(), told, "/unr");

    device.register("bob");
    let child = poller(Device::open());
    sysfs::set("evict", "bob");
    assert_eq!(child.hear(), told, "evict");

    let opener = Child::start(|link| {
        link.pass(Device::registered("carol"));
        pause();
    });
    let child = poller(opener.take());
    opener.kill();
    assert_eq!(child.hear(), told, "death");
}

fn others_closed() {
    let device = Device::registered("bob");
    (0..10).for_each(|_| drop(Device::open()));
    let child = poller(Device::open());
    device.send("bob", "hello");
    assert_eq!(child.hear(), format!("{:?}", PollFlags::POLLIN));
    child.finish();
}

fn opener_s_queue() {
    let device = Device::registered("bob");
    device.send("bob", "hello");
    let child = Child::start(|link| link.say(format!("{:?}", device.events())));
    assert_eq!(child.hear(), format!("{READABLE:?}"));
    child.finish();
}

fn selected() {
    let device = Device::registered("bob");
    let ready = |milliseconds| {
        let (mut read, mut write) = (FdSet::new(), FdSet::new());
        read.insert(device.as_fd());
        write.insert(device.as_fd());
        let limit = &mut TimeVal::milliseconds(milliseconds);
        select(None, &mut read, &mut write, None, limit).expect("select");
        (
            read.contains(device.as_fd()),
            write.contains(device.as_fd()),
        )
    };
    assert_eq!(ready(0), (false, true));
    device.send("bob", "hello");
    assert_eq!(ready(0), (true, true));
    device.drain();

    let mut read = FdSet::new();
    read.insert(device.as_fd());
    let limit = &mut TimeVal::milliseconds(10);
    assert_eq!(
        select(None, &mut read, None, None, limit),
        Ok(0),
        "the limit passes"
    );
}

/// An epoll that watches `device`.
fn watching(device: &Device, flags: EpollFlags) -> Epoll {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("epoll_create");
    epoll
        .add(device, EpollEvent::new(flags, 0))
        .expect("epoll_ctl");
    epoll
}

/// What it has to say, waiting up to `milliseconds`.
fn said(epoll: &Epoll, milliseconds: u16) -> EpollFlags {
    let mut events = [EpollEvent::empty()];
    epoll
        .wait(&mut events, EpollTimeout::from(milliseconds))
        .expect("epoll_wait");
    events[0].events()
}

const QUIET: EpollFlags = EpollFlags::empty();
const INPUT: EpollFlags = EpollFlags::EPOLLIN;
const AGES: u16 = 20_000;

fn level_triggered() {
    let device = Device::registered("bob");
    let epoll = watching(&device, INPUT);
    assert_eq!(said(&epoll, 0), QUIET);
    device.send("bob", "one");
    device.send("bob", "two");
    for read in ["nothing", "one", "two"] {
        if read != "nothing" {
            assert_eq!(said(&epoll, 0), INPUT);
            assert_eq!(device.read(), line("bob", read));
        } else {
            assert_eq!((said(&epoll, 0), said(&epoll, 0)), (INPUT, INPUT));
        }
    }
    assert_eq!(said(&epoll, 0), QUIET);
}

fn edge_triggered() {
    let device = Device::registered("bob");
    let epoll = watching(&device, INPUT | EpollFlags::EPOLLET);
    assert_eq!(said(&epoll, 0), QUIET);
    for number in 0..3 {
        device.send("bob", number);
        assert_eq!(
            (said(&epoll, 0), said(&epoll, 0)),
            (INPUT, QUIET),
            "message {number}"
        );
    }
    device.drain();
    assert_eq!(said(&epoll, 0), QUIET);
    device.send("bob", "after the draining");
    assert_eq!((said(&epoll, 0), said(&epoll, 0)), (INPUT, QUIET));
}

/// A child that waits in an epoll made before its process registers, and says what it is told.
fn registered_later() {
    for flags in [INPUT, INPUT | EpollFlags::EPOLLET] {
        let child = Child::start(|link| {
            let device = Device::open_nonblocking();
            let epoll = watching(&device, flags);
            assert_eq!(said(&epoll, 0), QUIET);
            device.register("bob");
            assert_eq!(said(&epoll, 0), QUIET);
            link.say("registered");
            assert_eq!(said(&epoll, AGES), INPUT);
            link.say(device.read().expect("a message"));
        });
        assert_eq!(child.hear(), "registered");
        wait::until_polling(child.pid);
        let device = Device::registered("carol");
        device.send("bob", "hello");
        assert_eq!(child.hear(), "carol hello\n");
        child.finish();
        assert_eq!(device.command("/unr"), Ok(()));
    }
}

fn registered_anew() {
    let child = Child::start(|link| {
        let device = Device::registered("rob");
        let epoll = watching(&device, INPUT);
        assert_eq!(device.command("/unr"), Ok(()));
        assert_eq!(said(&epoll, 0), EpollFlags::EPOLLHUP);
        device.register("bob");
        assert_eq!(said(&epoll, 0), QUIET);
        link.say("registered");
        assert_eq!(said(&epoll, AGES), INPUT);
        link.say(device.read().expect("a message"));
    });
    assert_eq!(child.hear(), "registered");
    wait::until_polling(child.pid);
    Device::registered("carol").send("bob", "hello");
    assert_eq!(child.hear(), "carol hello\n");
    child.finish();
}

fn epoll_hang_up() {
    for flags in [INPUT, INPUT | EpollFlags::EPOLLET] {
        let child = Child::start(|link| {
            let device = Device::registered("bob");
            let epoll = watching(&device, flags);
            assert_eq!(said(&epoll, 0), QUIET);
            link.say("waiting");
            link.say(format!("{:?}", said(&epoll, AGES)));
        });
        assert_eq!(child.hear(), "waiting");
        wait::until_polling(child.pid);
        sysfs::set("evict", "bob");
        assert_eq!(child.hear(), format!("{:?}", EpollFlags::EPOLLHUP));
        child.finish();
    }
}

fn exclusive_hang_up() {
    let device = &Device::registered("bob");
    thread::scope(|scope| {
        let waiters = [(); 2].map(|()| {
            let (say, hear) = mpsc::channel();
            let waiter = scope.spawn(move || {
                let epoll = watching(device, INPUT | EpollFlags::EPOLLEXCLUSIVE);
                say.send(gettid()).expect("the main thread listens");
                said(&epoll, AGES)
            });
            wait::until_polling(hear.recv().expect("the thread's number"));
            waiter
        });
        sysfs::set("evict", "bob");
        for waiter in waiters {
            assert_eq!(waiter.join().expect("a thread"), EpollFlags::EPOLLHUP);
        }
    });
}

fn many_pollers() {
    let device = Device::registered("bob");
    let shared = Device::open();
    let children: Vec<Child> = (0..6)
        .map(|_| poller(shared.duplicate()))
        .chain([poller(Device::open())])
        .collect();
    device.send("bob", "hello");
    for child in children {
        assert_eq!(child.hear(), format!("{:?}", PollFlags::POLLIN));
        child.finish();
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Polls through a file that another process opened, by a process that is registered itself: it is
//! told of its own queue, and of its own end.

use std::thread;

use nix::{
    poll::{PollFlags, PollTimeout},
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
    unistd::{gettid, pause, Pid},
};

use crate::{
    child::{Child, Link},
    device::{line, Device},
    harness::Topic,
    puppet::{ENDED, IDLE},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "a child that registered through its opener's file polls its own queue",
        own_queue,
    ),
    (
        "it is woken in poll by a message to it, not by one to the opener",
        woken,
    ),
    (
        "evicted, it sees the hang-up at once, and who opened the file does not",
        evicted,
    ),
    ("the hang-up wakes it in poll", woken_by_the_end),
    ("the hang-up is told by its epoll", epoll_told_of_the_end),
    (
        "so it is where the file was passed over a socket",
        passed_over_a_socket,
    ),
    (
        "an epoll made before the fork tells a child of its own queue",
        epoll_before_the_fork,
    ),
    (
        "an epoll made before the fork tells a child of the opener's queue",
        epoll_of_the_opener,
    ),
    (
        "each message to it tells one of its exclusive epolls",
        exclusive_epolls,
    ),
];

const READABLE: PollFlags = PollFlags::POLLIN.union(PollFlags::POLLOUT);
const AGES: u16 = 20_000;

/// A child that registers `name` through `file`, and goes on with `body`.
fn registered(file: &Device, name: &str, body: impl FnOnce(&Link)) -> Child {
    let child = Child::start(|link| {
        file.register(name);
        link.say("registered");
        body(link);
    });
    assert_eq!(child.hear(), "registered");
    child
}

fn own_queue() {
    let device = Device::registered("bob");
    let child = registered(&device, "carol", |link| loop {
        link.hear();
        link.say(format!("{:?}", device.events()));
    });
    let events = || {
        child.say("poll");
        child.hear()
    };
    assert_eq!(events(), format!("{IDLE:?}"));
    device.send("bob", "for bob");
    assert_eq!(events(), format!("{IDLE:?}"));
    assert_eq!(device.events(), READABLE);
    device.send("carol", "for carol");
    assert_eq!(device.drain(), ["bob for bob\n"]);
    assert_eq!(events(), format!("{READABLE:?}"));
    assert_eq!(device.events(), IDLE);
}

fn woken() {
    let device = Device::registered("bob");
    let file = device.duplicate();
    let child = registered(&file, "carol", |link| {
        link.say(format!("{:?}", file.poll(PollTimeout::NONE)));
        link.say(format!("{:?}", file.read()));
    });
    wait::until_polling(child.pid);
    device.send("bob", "for bob");
    thread::sleep(wait::MOMENT);
    wait::until_polling(child.pid);
    assert_eq!(child.heard(), None);
    device.send("carol", "for carol");
    assert_eq!(child.hear(), format!("{:?}", PollFlags::POLLIN));
    assert_eq!(child.hear(), format!("{:?}", line("bob", "for carol")));
    child.finish();
}

fn evicted() {
    let device = Device::open_nonblocking();
    let child = registered(&device, "carol", |link| loop {
        link.hear();
        link.say(format!("{:?}", device.events()));
    });
    sysfs::set("evict", "carol");
    for _ in 0..2 {
        child.say("poll");
        assert_eq!(child.hear(), format!("{ENDED:?}"));
    }
    assert_eq!(device.events(), IDLE, "never registered");
}

fn woken_by_the_end() {
    let device = Device::open_nonblocking();
    let child = registered(&device, "carol", |link| {
        link.say(format!("{:?}", device.poll(PollTimeout::NONE)));
        link.say(format!("{:?}", device.read()));
    });
    wait::until_polling(child.pid);
    sysfs::set("evict", "carol");
    assert_eq!(child.hear(), format!("{:?}", PollFlags::POLLHUP));
    assert_eq!(child.hear(), "Err(ENOENT)");
    child.finish();
}

/// An epoll that watches `device`.
fn watching(device: &Device, flags: EpollFlags) -> Epoll {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("epoll_create");
    let event = EpollEvent::new(flags, 0);
    epoll.add(device, event).expect("epoll_ctl");
    epoll
}

/// What it has to say, waiting up to `milliseconds`.
fn said(epoll: &Epoll, milliseconds: u16) -> EpollFlags {
    let mut events = [EpollEvent::empty()];
    let limit = EpollTimeout::from(milliseconds);
    epoll.wait(&mut events, limit).expect("epoll_wait");
    events[0].events()
}

const INPUT: EpollFlags = EpollFlags::EPOLLIN;
const BOTH_WAYS: [EpollFlags; 2] = [INPUT, INPUT.union(EpollFlags::EPOLLET)];

fn epoll_told_of_the_end() {
    for flags in BOTH_WAYS {
        let device = Device::open_nonblocking();
        let child = registered(&device, "carol", |link| {
            let epoll = watching(&device, flags);
            link.say(format!("{:?}", said(&epoll, AGES)));
        });
        wait::until_polling(child.pid);
        sysfs::set("evict", "carol");
        assert_eq!(child.hear(), format!("{:?}", EpollFlags::EPOLLHUP));
        child.finish();
    }
}

fn passed_over_a_socket() {
    let opener = Child::start(|link| {
        link.pass(Device::open_nonblocking());
        pause();
    });
    let file: Device = opener.take();
    file.register("bob");
    assert_eq!(file.events(), IDLE);
    file.send("bob", "hello");
    assert_eq!(file.events(), READABLE);
    sysfs::set("evict", "bob");
    assert_eq!(file.events(), ENDED);
}

fn epoll_before_the_fork() {
    for flags in BOTH_WAYS {
        for message_first in [false, true] {
            let device = Device::open_nonblocking();
            let epoll = watching(&device, flags);
            assert_eq!(said(&epoll, 0), EpollFlags::empty());
            let child = registered(&device, "carol", |link| {
                if message_first {
                    link.hear();
                }
                link.say(format!("{:?}", said(&epoll, AGES)));
                link.say(format!("{:?}", device.read()));
                link.say(format!("{:?}", said(&epoll, AGES)));
            });
            if !message_first {
                wait::until_polling(child.pid);
            }
            let sender = Device::registered("bob");
            sender.send("carol", "hello");
            if message_first {
                child.say("go on");
            }
            let told = child.hear();
            assert_eq!(
                told,
                format!("{INPUT:?}"),
                "{flags:?}, first {message_first}"
            );
            assert_eq!(child.hear(), format!("{:?}", line("bob", "hello")));
            wait::until_polling(child.pid);
            sysfs::set("evict", "carol");
            assert_eq!(child.hear(), format!("{:?}", EpollFlags::EPOLLHUP));
            child.finish();
            assert_eq!(sender.command("/unr"), Ok(()));
        }
    }
}

fn epoll_of_the_opener() {
    for flags in BOTH_WAYS {
        let device = Device::registered("bob");
        let epoll = watching(&device, flags);
        let child = Child::start(|link| {
            link.say(format!("{:?}", said(&epoll, AGES)));
            link.say(format!("{:?}", device.read()));
        });
        wait::until_polling(child.pid);
        device.send("bob", "hello");
        assert_eq!(child.hear(), format!("{INPUT:?}"));
        assert_eq!(child.hear(), format!("{:?}", line("bob", "hello")));
        child.finish();
        assert_eq!(device.command("/unr"), Ok(()));
    }
}

fn exclusive_epolls() {
    let device = Device::open_nonblocking();
    let child = registered(&device, "carol", |link| {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let epoll = watching(&device, INPUT | EpollFlags::EPOLLEXCLUSIVE);
                    link.say(gettid().to_string());
                    assert_eq!(said(&epoll, AGES), INPUT);
                    link.say("told");
                });
            }
        });
    });
    for _ in 0..2 {
        let thread = child.hear().parse().expect("a thread's number");
        wait::until_polling(Pid::from_raw(thread));
    }
    let sender = Device::registered("bob");
    sender.send("carol", "first");
    assert_eq!(child.hear(), "told");
    thread::sleep(wait::MOMENT);
    assert_eq!(child.heard(), None);
    sender.send("carol", "second");
    assert_eq!(child.hear(), "told");
    child.finish();
}

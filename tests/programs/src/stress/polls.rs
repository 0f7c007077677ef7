// SPDX-License-Identifier: GPL-2.0

//! Several processes register through one file, or act through it for its opener. Each waits for a
//! message of its own by a poll, and must be told of it, whatever the others are told at that time.

use std::{
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    poll::PollFlags,
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
};

use super::{dice::Dice, end_of};
use crate::{
    child::{Child, Link},
    device::Device,
    sys::{aio::Aio, Ring},
    wait,
};

/// See above. Half of the time the opener is registered itself.
pub fn run() {
    let end = end_of(1);
    let mut turns = 0;
    for is_registered in [false, true] {
        let half = Instant::now() + end.saturating_duration_since(Instant::now()) / 2;
        turns += poll_together(is_registered, if is_registered { end } else { half });
    }
    println!("# count {turns} messages polled for under stress");
}

/// Has all of them wait, and then sends to each or to all, in turns; how many messages that were.
fn poll_together(opener_is_registered: bool, end: Instant) -> u64 {
    let file = Device::open_nonblocking();
    if opener_is_registered {
        file.register("o");
    }
    let names: &[&'static str] = if opener_is_registered {
        &["c", "d", "o"]
    } else {
        &["c", "d"]
    };
    let pollers: Vec<Child> = names.iter().map(|name| poller(name, &file)).collect();
    let mut turns = 0;
    let sender = Child::start(|link| {
        let device = Device::registered("s");
        loop {
            let to = link.hear();
            match &*to {
                "all" => assert_eq!(device.command("/all x"), Ok(())),
                name => device.send(name, "x"),
            }
            link.say("sent");
        }
    });
    let mut dice = Dice::new(opener_is_registered.into());
    while Instant::now() < end {
        let way = dice.roll(WAYS.len() as u64).to_string();
        pollers.iter().for_each(|poller| poller.say(&way));
        // Some of them are asleep by then.
        dice.sleep(Duration::from_millis(2));
        let first = dice.roll(names.len() as u64) as usize;
        let order = names.iter().cycle().skip(first).take(names.len());
        let to_all = dice.roll(2) == 0;
        let orders: Vec<&str> = if to_all {
            vec!["all"]
        } else {
            order.copied().collect()
        };
        for to in orders {
            sender.say(to);
            assert_eq!(sender.hear(), "sent");
        }
        for (name, poller) in names.iter().zip(&pollers) {
            assert_eq!(poller.hear(), "read", "{name}, way {way}, to all: {to_all}");
            turns += 1;
        }
    }
    turns
}

/// How a poller waits until there may be something to read. The ring is kept from one wait to the
/// next, because taking one down may interrupt what the process waits in after that.
const WAYS: [fn(&Device, &mut Ring); 4] = [
    |file, _| {
        let limit = wait::LIMIT.try_into().expect("in range");
        assert!(file.poll(limit).contains(PollFlags::POLLIN), "poll");
    },
    |file, _| {
        let epoll = Epoll::new(EpollCreateFlags::empty()).expect("epoll_create");
        epoll
            .add(file, EpollEvent::new(EpollFlags::EPOLLIN, 0))
            .expect("epoll_ctl");
        let limit = EpollTimeout::try_from(wait::LIMIT).expect("in range");
        assert_eq!(
            epoll.wait(&mut [EpollEvent::empty()], limit),
            Ok(1),
            "epoll"
        );
    },
    |file, _| {
        let aio = Aio::new();
        assert_eq!(aio.poll(file.as_fd(), libc::POLLIN), Ok(()));
        assert!(aio.told(wait::LIMIT).is_some(), "Linux AIO");
    },
    |file, ring| {
        ring.poll(file.as_fd(), libc::POLLIN as u32, 0);
        wait::until("a poll of io_uring is told", || ring.done().is_some());
    },
];

/// A process that registers through the file, or acts for its opener where it has that name. It
/// waits in the way that it hears, and says that it has read its message.
fn poller(name: &'static str, file: &Device) -> Child {
    let child = Child::start(|link| {
        if name == "o" {
            poll_for_the_opener(file, link);
        } else {
            file.register(name);
            link.say("ready");
            poll(file, link);
        }
    });
    assert_eq!(child.hear(), "ready");
    child
}

/// A child of a process that has registered through the file inherits an epoll instance of that.
fn poll_for_the_opener(file: &Device, link: &Link) {
    let parent = file.duplicate();
    parent.register("e");
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("epoll_create");
    epoll
        .add(file, EpollEvent::new(EpollFlags::EPOLLIN, 0))
        .expect("epoll_ctl");
    let child = Child::start(|_| {
        link.say("ready");
        loop {
            link.hear();
            let limit = EpollTimeout::try_from(wait::LIMIT).expect("in range");
            assert_eq!(
                epoll.wait(&mut [EpollEvent::empty()], limit),
                Ok(1),
                "inherited epoll"
            );
            read(file);
            link.say("read");
        }
    });
    loop {
        thread::sleep(wait::LIMIT);
        drop(child.heard());
    }
}

fn poll(file: &Device, link: &Link) {
    let mut ring = Ring::new();
    loop {
        let way: usize = link.hear().parse().expect("a number");
        WAYS[way](file, &mut ring);
        read(file);
        link.say("read");
    }
}

/// Takes the one message that there is, or will be in a moment if who waited was told too early.
fn read(file: &Device) {
    wait::until("the message is there", || match file.read() {
        Err(Errno::EAGAIN) => false,
        message => {
            assert_eq!(message, Ok("s x\n".to_owned()));
            true
        }
    });
}

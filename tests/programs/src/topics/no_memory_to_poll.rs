// SPDX-License-Identifier: GPL-2.0

//! Polls of which something fails: who polls is told of an error, or of what happens later.

use std::{cell::RefCell, os::fd::AsFd};

use nix::{
    errno::Errno,
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags},
};

use crate::{
    device::{line, Device},
    faults::{prepare, sweep, sweep_allowing},
    harness::Topic,
    sys::aio::Aio,
    wait,
};

pub const TESTS: Topic = &[
    (
        "every fault of poll in turn: an error is told, and the next poll is right",
        polls,
    ),
    (
        "every fault of adding to an epoll in turn: not added, or told of what comes",
        epoll,
    ),
    (
        "every fault of a poll by Linux AIO in turn: refused, or told of what comes",
        aio,
    ),
];

/// A file that nobody has polled yet.
fn unpolled() -> RefCell<Device> {
    RefCell::new(Device::open_nonblocking())
}

fn polls() {
    // Without any time there is nothing to wait in, and so nothing to make.
    const A_MOMENT: u8 = 1;

    prepare();
    let device = Device::registered("bob");
    let file = unpolled();
    let ask = |limit: u8| {
        let file = file.borrow();
        let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(limit))?;
        match fds[0].revents() {
            Some(events) if events.contains(PollFlags::POLLERR) => Err(Errno::ENOMEM),
            events => Ok(events),
        }
    };
    sweep(
        || ask(A_MOMENT),
        |_| {
            assert_eq!(ask(A_MOMENT), Ok(Some(PollFlags::empty())));
            device.send("bob", "hello");
            assert_eq!(ask(0), Ok(Some(PollFlags::POLLIN)));
            assert_eq!(device.read(), line("bob", "hello"));
            file.replace(Device::open_nonblocking());
        },
    );
}

fn epoll() {
    prepare();
    let device = Device::registered("bob");
    let file = unpolled();
    let new = || Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("epoll_create");
    let epoll = RefCell::new(new());
    let add = || {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        epoll.borrow().add(&*file.borrow(), event)
    };
    let told = |milliseconds: u16| {
        let mut events = [EpollEvent::empty()];
        epoll
            .borrow()
            .wait(&mut events, milliseconds)
            .expect("epoll_wait")
    };
    sweep(add, |result| {
        if result.is_err() {
            assert_eq!(add(), Ok(()), "it is not in there");
        }
        // An error that was to be told may have been.
        told(0);
        device.send("bob", "hello");
        assert_eq!(told(wait::LIMIT.as_millis() as u16), 1, "{result:?}");
        assert_eq!(device.read(), line("bob", "hello"));
        epoll.replace(new());
        file.replace(Device::open_nonblocking());
    });
}

fn aio() {
    prepare();
    let device = Device::registered("bob");
    let file = unpolled();
    let aio = RefCell::new(Aio::new());
    let submit = || aio.borrow().poll(file.borrow().as_fd(), libc::POLLIN);
    // What the kernel itself has no memory for is `EAGAIN`.
    sweep_allowing(&[Errno::EAGAIN], submit, |result| {
        device.send("bob", "hello");
        let told = aio.borrow().told(if result.is_ok() {
            wait::LIMIT
        } else {
            wait::MOMENT
        });
        assert_eq!(told.is_some(), result.is_ok(), "{result:?}");
        assert_eq!(device.read(), line("bob", "hello"));
        aio.replace(Aio::new());
        file.replace(Device::open_nonblocking());
    });
}

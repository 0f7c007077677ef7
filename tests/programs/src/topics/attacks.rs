// SPDX-License-Identifier: GPL-2.0

//! What an ordinary user might try against others, or against the kernel, that has no place with a
//! clause of its own: files in circles, wake-ups through many layers, a storm of signals.

use std::{
    io::IoSlice,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        signal::Signal,
        socket::{
            sendmsg, socketpair, AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType,
        },
    },
    unistd::pause,
};

use crate::{
    child::Child,
    device::{line, Device},
    harness::Topic,
    puppet::become_user,
    sys, wait,
};

pub const TESTS: Topic = &[
    (
        "files in circles over sockets: collected, and the driver can be unloaded",
        circles,
    ),
    (
        "epoll in epoll, as deep as the kernel allows: told of a message",
        nested_epoll,
    ),
    (
        "a storm of signals against sender and reader: every message once, and in order",
        signal_storm,
    ),
];

const ALICE: u32 = 1000;

/// Puts a file into the queue of the other end of a socket.
fn put(into: &OwnedFd, files: &[i32]) {
    let data = [IoSlice::new(b"x")];
    let control = [ControlMessage::ScmRights(files)];
    sendmsg::<()>(into.as_raw_fd(), &data, &control, MsgFlags::empty(), None).expect("sendmsg");
}

/// How many references there are to the module.
fn references() -> String {
    std::fs::read_to_string("/sys/module/mq_driver/refcnt").expect("refcnt")
}

fn circles() {
    let before = references();
    let user = Child::start(|link| {
        become_user(ALICE);
        for number in 0..20 {
            let flags = SockFlag::SOCK_CLOEXEC;
            let (one, other) = socketpair(AddressFamily::Unix, SockType::Datagram, None, flags)
                .expect("socketpair");
            let device = Device::open();
            if number == 0 {
                device.register("alice");
            }
            // Each end is in the queue of the other, and nobody else has them or the file.
            let file = device.as_fd().as_raw_fd();
            put(&one, &[one.as_raw_fd(), file]);
            put(&other, &[other.as_raw_fd(), file]);
        }
        link.say("done");
        link.hear();
    });
    assert_eq!(user.hear(), "done");
    drop(user);
    // The kernel collects circles when it next closes such a socket.
    wait::until("the files in circles are closed", || {
        let flags = SockFlag::SOCK_CLOEXEC;
        drop(socketpair(
            AddressFamily::Unix,
            SockType::Datagram,
            None,
            flags,
        ));
        references() == before
    });
}

fn watch(outer: &Epoll, inner: impl AsFd) -> nix::Result<()> {
    outer.add(inner, EpollEvent::new(EpollFlags::EPOLLIN, 0))
}

fn nested_epoll() {
    become_user(ALICE);
    let device = Device::registered("alice");
    let new = || Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("epoll_create1");
    let mut layers = vec![new()];
    watch(&layers[0], &device).expect("EPOLL_CTL_ADD");
    loop {
        let outer = new();
        match watch(&outer, &layers.last().expect("one").0) {
            Ok(()) => layers.push(outer),
            Err(error) => {
                assert_eq!(error, Errno::ELOOP);
                break;
            }
        }
        assert!(layers.len() < 100, "the kernel has a limit");
    }
    assert!(layers.len() > 2, "only {} layers", layers.len());
    let outermost = layers.last().expect("one");
    let mut events = [EpollEvent::empty()];
    assert_eq!(outermost.wait(&mut events, EpollTimeout::ZERO), Ok(0));
    let sender = Child::start(|link| {
        let device = Device::registered("bob");
        link.hear();
        device.send("alice", "hello");
        link.hear();
    });
    sender.say("go");
    let limit = EpollTimeout::try_from(wait::LIMIT).expect("in range");
    assert_eq!(outermost.wait(&mut events, limit), Ok(1));
    assert_eq!(device.read(), line("bob", "hello"));
}

/// Until it is killed, whatever other signals come.
fn stay() -> ! {
    loop {
        pause();
    }
}

fn signal_storm() {
    let messages = wait::many(2000);
    let sender = Child::start(move |link| {
        sys::on_signal(Signal::SIGUSR1, false);
        let device = Device::registered("bob");
        link.say("ready");
        link.hear();
        let mut sent = 0;
        while sent < messages {
            match device.command(format!("/msg alice {sent}")) {
                Ok(()) => sent += 1,
                Err(error) => {
                    assert_eq!(error, Errno::EINTR);
                    continue;
                }
            }
            // The queue never overflows: the reader says how far it is.
            while sent % 8 == 0 && link.heard().is_none() {
                std::thread::yield_now();
            }
        }
        stay();
    });
    let reader = Child::start(move |link| {
        sys::on_signal(Signal::SIGUSR1, false);
        let device = Device::open();
        device.register("alice");
        link.say("ready");
        let mut read = 0;
        while read < messages {
            match device.read() {
                Ok(text) => {
                    assert_eq!(Ok(text), line("bob", read));
                    read += 1;
                    if read % 8 == 0 {
                        link.say("more");
                    }
                }
                Err(error) => assert_eq!(error, Errno::EINTR),
            }
        }
        link.say("all");
        stay();
    });
    assert_eq!(
        (sender.hear(), reader.hear()),
        ("ready".into(), "ready".into())
    );
    sender.say("go");
    let deadline = Instant::now() + 2 * wait::LIMIT;
    loop {
        sender.signal(Signal::SIGUSR1);
        reader.signal(Signal::SIGUSR1);
        match reader.heard().as_deref() {
            Some("more") => sender.say("more"),
            Some(_) => break,
            None => std::thread::sleep(Duration::from_micros(200)),
        }
        assert!(Instant::now() < deadline, "the messages do not all arrive");
    }
}

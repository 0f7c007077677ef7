// SPDX-License-Identifier: GPL-2.0

//! Registrations that belong to an open file: who acts for them, and when they end.

use std::{
    io::IoSlice,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::net::UnixDatagram,
    },
    thread,
};

use mq_policy::uapi::{Registration, IOC_REGISTER, IOC_UNREGISTER};
use nix::{
    errno::Errno,
    fcntl::{fcntl, FcntlArg, FdFlag},
    poll::{PollFlags, PollTimeout},
    sys::socket::{sendmsg, ControlMessage, MsgFlags},
    unistd::getpid,
};

use crate::{
    child::{elsewhere, Child},
    device::{line, Device, EMPTY},
    harness::Topic,
    listing,
    puppet::{become_user, ENDED, IDLE},
    records::{padded, register_file, unregister_file},
    sys::{aio::Aio, area::Area, ioctl},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "a process holds as many as it has files, and each file acts for its own",
        several,
    ),
    (
        "one file holds one: EEXIST, and a name is taken once: EEXIST",
        taken,
    ),
    ("it ends with the last close of the file", last_close),
    ("MQ_IOC_UNREGISTER, /unr and evict end it", ended),
    (
        "a file that has registered acts for no process any more",
        for_no_process,
    ),
    (
        "/reg through a file that acts for itself registers the file",
        by_text,
    ),
    ("a child that inherits the file acts for it", inherited),
    (
        "a file that is passed on acts for itself, and outlives its maker",
        passed,
    ),
    (
        "a file that is passed to another user acts for itself",
        passed_to_another,
    ),
    ("another user cannot register a file: EPERM", foreign),
    (
        "execve: it ends with a file that is closed by it, and stays otherwise",
        executed,
    ),
    (
        "a file that nobody can reach any more: its registration ends",
        circle,
    ),
    (
        "poll: readable, and a hang-up at the end, begun before or after",
        polled,
    ),
    ("Linux AIO is told of the file alone", aio),
    ("the quotas are those of processes: EDQUOT, ENOSPC", quotas),
    (
        "bad requests: EINVAL, EFAULT, and nothing is registered",
        bad,
    ),
    ("a line that is half read is read on", half_read),
    (
        "registering, sending and closing in many threads at once",
        racing,
    ),
];

/// An open file that is registered itself.
#[track_caller]
fn registered(name: &str) -> Device {
    let device = Device::open_nonblocking();
    assert_eq!(register_file(&device, name), Ok(0));
    device
}

fn several() {
    let [bob, carol] = ["bob", "carol"].map(registered);
    let own = Device::registered("own");
    bob.send("carol", "hello");
    carol.send("own", "hello");
    own.send("bob", "hello");
    assert_eq!(carol.read(), line("bob", "hello"));
    assert_eq!(own.read(), line("carol", "hello"));
    assert_eq!(bob.read(), line("own", "hello"));
    for row in listing::rows() {
        assert_eq!((row.pid, row.sent), (getpid().as_raw(), 1));
    }
    assert_eq!(sysfs::registrations(), 3);
}

fn taken() {
    let bob = registered("bob");
    assert_eq!(register_file(&bob, "carol"), Err(Errno::EEXIST));
    assert_eq!(
        register_file(Device::open(), "bob"),
        Err(Errno::EEXIST),
        "the name"
    );
    assert_eq!(Device::open().command("/reg bob"), Err(Errno::EEXIST));
    assert_eq!(listing::only().0, "bob");
}

fn last_close() {
    let bob = registered("bob");
    let again = bob.duplicate();
    drop(bob);
    again.send("bob", "hello");
    let child = Child::start(|link| {
        link.say("inherited");
        link.hear();
    });
    child.hear();
    drop(again);
    assert!(sysfs::is_registered("bob"), "the child has it open");
    child.kill();
    assert!(!sysfs::is_registered("bob"));
    drop(registered("bob"));
    // At once, whoever has closed it.
    drop(registered("bob"));
    assert_eq!(listing::rows(), []);
}

fn ended() {
    let bob = registered("bob");
    assert_eq!(unregister_file(&bob), Ok(0));
    assert_eq!(unregister_file(&bob), Err(Errno::ENOENT));
    assert_eq!(register_file(&bob, "bob"), Ok(0));
    assert_eq!(bob.command("/unreg bob"), Ok(()));
    assert_eq!(bob.command("/unr"), Err(Errno::ENOENT));
    assert_eq!(register_file(&bob, "carol"), Ok(0), "under another name");
    sysfs::set("evict", "carol");
    assert_eq!(bob.read(), Err(Errno::ENOENT));
    assert_eq!(
        unregister_file(Device::registered("own")),
        Err(Errno::ENOENT)
    );
    assert!(
        sysfs::is_registered("own"),
        "that of the process is another's"
    );
}

fn for_no_process() {
    let own = Device::registered("own");
    let file = Device::open_nonblocking();
    file.send("own", "as the process");
    assert_eq!(register_file(&file, "bob"), Ok(0));
    own.send("own", "hello");
    assert_eq!(file.read(), EMPTY, "its own queue");
    assert_eq!(unregister_file(&file), Ok(0));
    assert_eq!(file.read(), Err(Errno::ENOENT));
    assert_eq!(file.command("/msg own hello"), Err(Errno::EACCES));
    assert_eq!(file.command("/unr"), Err(Errno::ENOENT));
    assert_eq!(file.events(), ENDED);
    assert_eq!(own.drain(), ["own as the process\n", "own hello\n"]);
}

fn by_text() {
    let bob = registered("bob");
    assert_eq!(bob.command("/reg carol"), Err(Errno::EEXIST));
    assert_eq!(bob.command("/unr"), Ok(()));
    assert_eq!(bob.command("/reg carol"), Ok(()));
    let own = Device::registered("own");
    own.send("carol", "hello");
    assert_eq!(bob.read(), line("own", "hello"));
    drop(bob);
    assert_eq!(listing::only().0, "own");
}

fn inherited() {
    let bob = registered("bob");
    let said = elsewhere(|| {
        let own = Device::registered("own");
        bob.send("own", "from the child");
        own.read().expect("a message")
    });
    assert_eq!(said, "bob from the child\n");
    assert_eq!(listing::of("bob").sent, 1);
}

fn passed() {
    let maker = Child::start(|link| {
        link.pass(registered("bob"));
        link.hear();
    });
    let bob: Device = maker.take();
    assert_eq!(listing::of("bob").pid, maker.pid.as_raw());
    maker.say("end");
    maker.finish();
    bob.send("bob", "hello");
    assert_eq!(bob.read(), line("bob", "hello"));
    assert_eq!(listing::of("bob").pid, 0, "whose number it was is no more");
    assert_eq!(sysfs::get("queues/bob/pid"), Some(0));
    drop(bob);
    assert_eq!(sysfs::registrations(), 0);
}

fn passed_to_another() {
    let bob = registered("bob");
    let alice = Child::start(|link| {
        become_user(1000);
        let file: Device = link.take();
        let own = Device::registered("alice");
        file.send("alice", "as bob");
        link.say(own.read().expect("a message"));
        assert_eq!(register_file(&file, "other"), Err(Errno::EPERM));
        assert_eq!(unregister_file(&file), Ok(0));
        assert_eq!(file.command("/reg other"), Err(Errno::EPERM));
    });
    alice.pass(&bob);
    assert_eq!(alice.hear(), "bob as bob\n");
    alice.finish();
    assert_eq!(bob.read(), Err(Errno::ENOENT));
}

fn foreign() {
    let file = Device::open_nonblocking();
    elsewhere(|| {
        become_user(1000);
        assert_eq!(register_file(&file, "bob"), Err(Errno::EPERM));
        String::new()
    });
    assert_eq!(file.events(), IDLE);
    assert_eq!(sysfs::registrations(), 0);
}

fn executed() {
    for closed in [true, false] {
        let bob = Child::start(|_| {
            let bob = registered("bob");
            let flags = if closed {
                FdFlag::FD_CLOEXEC
            } else {
                FdFlag::empty()
            };
            fcntl(&bob, FcntlArg::F_SETFD(flags)).expect("F_SETFD");
            let sleep = [c"sleep", c"600"];
            nix::unistd::execv(c"/bin/sleep", &sleep).expect("execve");
        });
        wait::until("it has been executed", || {
            let path = format!("/proc/{}/comm", bob.pid);
            std::fs::read_to_string(path).is_ok_and(|name| name == "sleep\n")
        });
        if closed {
            wait::until("it has ended", || sysfs::registrations() == 0);
        } else {
            thread::sleep(wait::MOMENT);
            assert_eq!(sysfs::registrations(), 1);
        }
        bob.kill();
        assert_eq!(sysfs::registrations(), 0);
    }
}

fn circle() {
    let (one, other) = UnixDatagram::pair().expect("a pair of sockets");
    let bob = registered("bob");
    for end in [&one, &other] {
        let fds = [one.as_raw_fd(), other.as_raw_fd(), bob.as_fd().as_raw_fd()];
        let sent = sendmsg::<()>(
            end.as_raw_fd(),
            &[IoSlice::new(b"x")],
            &[ControlMessage::ScmRights(&fds)],
            MsgFlags::empty(),
            None,
        );
        assert_eq!(sent, Ok(1));
    }
    drop((one, other, bob));
    wait::until("what nobody can reach is collected", || {
        // Any socket that is closed makes the kernel look for such.
        let pair = UnixDatagram::pair().expect("a pair of sockets");
        drop::<(OwnedFd, OwnedFd)>((pair.0.into(), pair.1.into()));
        !sysfs::is_registered("bob")
    });
}

fn polled() {
    for before in [true, false] {
        let bob = Device::open_nonblocking();
        let poll = || {
            let file = bob.duplicate();
            thread::spawn(move || file.poll(PollTimeout::from(20_000_u16)))
        };
        let polling = before.then(poll);
        if before {
            thread::sleep(wait::MOMENT);
        }
        assert_eq!(register_file(&bob, "bob"), Ok(0));
        let polling = polling.unwrap_or_else(poll);
        thread::sleep(wait::MOMENT);
        let own = Device::registered("own");
        // What concerns the process does not concern the file.
        own.send("own", "hello");
        thread::sleep(wait::MOMENT);
        assert!(!polling.is_finished());
        own.send("bob", "hello");
        let events = polling.join().expect("a poll");
        assert_eq!(events & PollFlags::POLLIN, PollFlags::POLLIN);
        assert_eq!(bob.drain(), ["own hello\n"]);
        let polling = poll();
        thread::sleep(wait::MOMENT);
        sysfs::set("evict", "bob");
        assert_eq!(polling.join().expect("a poll"), PollFlags::POLLHUP);
        assert_eq!(own.command("/unr"), Ok(()));
    }
}

fn aio() {
    let aio = Aio::new();
    let bob = registered("bob");
    let own = Device::registered("own");
    aio.poll(bob.as_fd(), libc::POLLIN).expect("a poll");
    own.send("own", "hello");
    assert_eq!(aio.told(wait::MOMENT), None);
    own.send("bob", "hello");
    let told = aio.told(wait::LIMIT).expect("events");
    assert_eq!(told & libc::POLLIN, libc::POLLIN);
}

fn quotas() {
    sysfs::set("max_devices", 8);
    let alice = Child::start(|link| {
        become_user(1000);
        let held: Vec<Device> = (0..6)
            .map(|number| registered(&format!("a{number}")))
            .collect();
        assert_eq!(register_file(Device::open(), "more"), Err(Errno::EDQUOT));
        drop(held);
        let _held = registered("less");
        link.say("done");
        link.hear();
    });
    assert_eq!(alice.hear(), "done");
    let _held: Vec<Device> = (0..7)
        .map(|number| registered(&format!("r{number}")))
        .collect();
    assert_eq!(register_file(Device::open(), "more"), Err(Errno::ENOSPC));
}

fn bad() {
    let file = Device::open_nonblocking();
    for name in ["", ".x", "-x", "a b", "a\0b", "ä"] {
        assert_eq!(register_file(&file, name), Err(Errno::EINVAL), "{name:?}");
    }
    let good = Registration {
        name: padded("bob"),
        ..Registration::default()
    };
    for bad in [
        Registration { flags: 1, ..good },
        Registration {
            reserved: 1,
            ..good
        },
    ] {
        let done = ioctl::with(&file, IOC_REGISTER, &bad.to_bytes());
        assert_eq!(done, Err(Errno::EINVAL));
    }
    let bytes = good.to_bytes();
    let half = Area::before_a_hole(&bytes[..15]);
    assert_eq!(half.ioctl(&file, IOC_REGISTER), Err(Errno::EFAULT));
    assert_eq!(ioctl::at(&file, IOC_UNREGISTER, 0), Err(Errno::ENOENT));
    assert_eq!(file.events(), IDLE);
    assert_eq!(sysfs::registrations(), 0);
    assert_eq!(
        register_file(&file, "eightchr"),
        Ok(0),
        "a name of all its bytes"
    );
}

fn half_read() {
    let bob = registered("bob");
    bob.send("bob", "hello");
    assert_eq!(bob.read_up_to(3), Ok(b"bob".to_vec()));
    assert_eq!(unregister_file(&bob), Ok(0));
    assert_eq!(bob.read(), Ok(" hello\n".to_owned()));
    assert_eq!(bob.read(), Err(Errno::ENOENT));
}

fn racing() {
    let rounds = wait::many(500);
    let own = Device::registered("own");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for round in 0..rounds {
                    let file = Device::open_nonblocking();
                    let held = match register_file(&file, "bob") {
                        Ok(_) => true,
                        Err(error) => {
                            assert_eq!(error, Errno::EEXIST);
                            false
                        }
                    };
                    let sent = file.command("/msg own hello");
                    let want = if held { Ok(()) } else { sent };
                    assert_eq!(sent, want);
                    if held && round % 2 == 0 {
                        assert_eq!(unregister_file(&file), Ok(0));
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..rounds {
                let _ = own.command("/msg bob hello");
            }
        });
    });
    assert_eq!(listing::only().0, "own");
}

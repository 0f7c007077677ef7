// SPDX-License-Identifier: GPL-2.0

//! Who is acting: the calling process, or else the one that opened the file; processes, not threads;
//! across `fork` and `execve`; and never a later process with the same PID.

use std::{ffi::CString, sync::Barrier, thread};

use nix::{
    errno::Errno,
    sys::signal::Signal,
    unistd::{execv, getpid, pause},
};

use crate::{
    child::{elsewhere, Child},
    device::{line, Device, EMPTY},
    harness::Topic,
    listing, sys, sysfs, wait,
};

pub const TESTS: Topic = &[
    ("a thread acts for its process", threads),
    (
        "two threads register at once: one of them does",
        threads_at_once,
    ),
    (
        "a registration made by a thread is its process's and outlives it",
        registered_by_a_thread,
    ),
    (
        "an unregistered child acts for the opener: it sends and reads",
        opener_for_child,
    ),
    (
        "an unregistered child's /unr ends the opener's registration",
        child_unregisters_opener,
    ),
    (
        "a process with its own registration uses its own",
        own_before_opener,
    ),
    (
        "/reg registers the caller, not the opener",
        register_is_the_caller_s,
    ),
    (
        "a file opened before its process registers acts for it",
        opened_before,
    ),
    (
        "the opener registered anew: its children act for the new registration",
        opener_anew,
    ),
    ("the opener gone: EACCES and ENOENT", opener_gone),
    (
        "the opener closed its file: its children go on",
        opener_closed,
    ),
    (
        "a forked child does not share the registration",
        fork_does_not_share,
    ),
    ("execve keeps the registration", exec_keeps),
    (
        "execve by a thread that is not the leader keeps the registration",
        exec_by_thread,
    ),
    (
        "a process with a dead one's PID inherits nothing",
        pid_reused,
    ),
    (
        "a file opened by a dead process does not act for the next one with its PID",
        opener_pid_reused,
    ),
    (
        "the sender's name is stamped, whatever the text says",
        stamped,
    ),
];

fn threads() {
    let device = Device::registered("bob");
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            assert_eq!(device.command("/reg rob"), Err(Errno::EEXIST));
            let own = Device::open_nonblocking();
            own.send("bob", "from a thread");
            own.read()
        });
        assert_eq!(
            thread.join().expect("a thread"),
            line("bob", "from a thread")
        );
    });
    assert_eq!(listing::rows().len(), 1);
}

fn registered_by_a_thread() {
    let device = thread::spawn(|| Device::registered("bob"))
        .join()
        .expect("a thread");
    assert_eq!(listing::of("bob").pid, getpid().as_raw());
    device.send("bob", "hello");
    assert_eq!(device.read(), line("bob", "hello"));
}

fn opener_for_child() {
    let device = Device::registered("bob");
    device.send("bob", "for you");
    let said = elsewhere(|| {
        device.send("bob", "from a child");
        device.read().expect("a message")
    });
    assert_eq!(said, "bob for you\n");
    assert_eq!(device.read(), line("bob", "from a child"));
    assert_eq!(listing::of("bob").sent, 2);
}

fn child_unregisters_opener() {
    let device = Device::registered("bob");
    elsewhere(|| format!("{:?}", device.command("/unr")));
    assert!(!sysfs::is_registered("bob"));
    device.register("bob");
    elsewhere(|| format!("{:?}", device.command("/unreg bob")));
    assert!(!sysfs::is_registered("bob"));
}

fn own_before_opener() {
    let device = Device::registered("bob");
    device.send("bob", "for bob");
    let said = elsewhere(|| {
        Device::registered("carol");
        assert_eq!(device.read(), EMPTY, "carol's queue is empty");
        device.send("carol", "for carol");
        device.send("bob", "for bob too");
        assert_eq!(device.command("/unreg bob"), Err(Errno::EPERM));
        device.read().expect("a message")
    });
    assert_eq!(said, "carol for carol\n");
    assert_eq!(device.drain(), ["bob for bob\n", "carol for bob too\n"]);
}

fn register_is_the_caller_s() {
    let device = Device::open_nonblocking();
    let child = Child::start(|link| {
        device.register("carol");
        link.say("registered");
        pause();
    });
    assert_eq!(child.hear(), "registered");
    assert_eq!(listing::of("carol").pid, child.pid.as_raw());
    assert_eq!(device.read(), Err(Errno::ENOENT));
    assert_eq!(device.command("/msg carol x"), Err(Errno::EACCES));
    device.register("bob");
    assert_eq!(listing::rows().len(), 2);
}

fn threads_at_once() {
    let (one, two) = (Device::open(), Device::open());
    for _ in 0..wait::many(100) {
        let both = Barrier::new(2);
        let register = |device: &Device, name| {
            both.wait();
            device.command(format!("/reg {name}"))
        };
        let results = thread::scope(|scope| {
            let other = scope.spawn(|| register(&two, "two"));
            [register(&one, "one"), other.join().expect("a thread")]
        });
        let expected = [Ok(()), Err(Errno::EEXIST)];
        assert!(
            results == expected || results.iter().rev().eq(&expected),
            "{results:?}"
        );
        assert_eq!(listing::rows().len(), 1);
        assert_eq!(one.command("/unr"), Ok(()));
    }
}

fn opened_before() {
    let (early, device) = (Device::open_nonblocking(), Device::open());
    device.register("bob");
    early.send("bob", "hello");
    assert_eq!(
        elsewhere(|| early.read().expect("a message")),
        "bob hello\n"
    );
}

fn opener_anew() {
    let device = Device::registered("bob");
    let child = Child::start(|link| {
        device.send("bob", "one");
        link.say("sent");
        link.hear();
        device.send("carol", "two");
        link.say(device.read().expect("a message"));
    });
    assert_eq!(child.hear(), "sent");
    assert_eq!(device.command("/unr"), Ok(()));
    device.register("carol");
    child.say("go on");
    assert_eq!(child.hear(), "carol two\n");
    child.finish();
}

fn opener_gone() {
    let other = Child::start(|link| {
        let device = Device::registered("bob");
        link.pass(&device);
        pause();
    });
    let device: Device = other.take();
    assert_eq!(device.command("/msg bob hello"), Ok(()));
    other.kill();
    assert_eq!(device.command("/msg bob hello"), Err(Errno::EACCES));
    assert_eq!(device.command("/all hello"), Err(Errno::EACCES));
    assert_eq!(device.command("/unr"), Err(Errno::ENOENT));
    assert_eq!(device.read(), Err(Errno::ENOENT));
    device.register("rob");
    device.send("rob", "still a good file");
    assert_eq!(device.read(), line("rob", "still a good file"));
}

fn opener_closed() {
    let device = Device::registered("bob");
    let child = Child::start(|link| {
        link.hear();
        device.send("bob", "hello");
        link.say(device.read().expect("a message"));
    });
    drop(device);
    child.say("go on");
    assert_eq!(child.hear(), "bob hello\n");
    child.finish();
}

fn fork_does_not_share() {
    let _device = Device::registered("bob");
    let child = Child::start(|link| {
        let own = Device::open_nonblocking();
        assert_eq!(own.command("/msg bob hello"), Err(Errno::EACCES));
        assert_eq!(own.read(), Err(Errno::ENOENT));
        own.register("carol");
        link.say("registered");
        link.hear();
    });
    assert_eq!(child.hear(), "registered");
    let pids: Vec<i32> = listing::rows().iter().map(|row| row.pid).collect();
    assert_eq!(pids, [getpid().as_raw(), child.pid.as_raw()]);
    child.say("end");
    child.finish();
    assert!(
        sysfs::is_registered("bob"),
        "a child's end is not its parent's"
    );
}

/// Becomes `mq-test` with the arguments given; standard input is `device`.
fn become_program(device: &Device, args: &[&str]) -> ! {
    nix::unistd::dup2_stdin(device).expect("dup2");
    let args: Vec<CString> = ["mq-test"]
        .iter()
        .chain(args)
        .map(|arg| CString::new(*arg).expect("no zero byte"))
        .collect();
    match execv(c"/proc/self/exe", &args) {
        Ok(never) => match never {},
        Err(error) => panic!("execv: {error}"),
    }
}

/// `bob` as the program that it becomes: it sends itself a message and stays registered.
const AFTER_EXEC: [&str; 5] = ["try", "--fd", "0", "/msg bob after execve", "wait"];

fn exec_keeps() {
    let child = Child::start(|_| become_program(&Device::registered("bob"), &AFTER_EXEC));
    exec_check(&child);
}

fn exec_by_thread() {
    let child = Child::start(|_| {
        let device = Device::registered("bob");
        thread::spawn(move || become_program(&device, &AFTER_EXEC));
        loop {
            pause();
        }
    });
    exec_check(&child);
}

fn exec_check(child: &Child) {
    wait::until("the new program has sent", || {
        listing::find("bob").is_some_and(|row| row.sent == 1)
    });
    let row = listing::of("bob");
    assert_eq!((row.pid, row.depth), (child.pid.as_raw(), 1));
    child.signal(Signal::SIGKILL);
    wait::until("the registration ends with the new program", || {
        !sysfs::is_registered("bob")
    });
}

fn pid_reused() {
    let first = Child::start(|link| {
        Device::registered("bob").send("bob", "for nobody else");
        link.say("registered");
        pause();
    });
    assert_eq!(first.hear(), "registered");
    let pid = first.pid;
    first.kill();
    let (say, hear) = nix::unistd::pipe().expect("pipe");
    let second = sys::fork_as(pid, || {
        let device = Device::open_nonblocking();
        assert_eq!(getpid(), pid);
        assert_eq!(device.command("/msg bob hello"), Err(Errno::EACCES));
        assert_eq!(device.read(), Err(Errno::ENOENT));
        device.register("bob");
        assert_eq!(device.read(), EMPTY);
        nix::unistd::write(&hear, b"!").expect("write");
    });
    let second = Child::adopt(second.expect("clone3 with a PID of our choice"));
    drop(hear);
    assert_eq!(nix::unistd::read(&say, &mut [0]), Ok(1));
    second.finish();
}

fn opener_pid_reused() {
    let first = Child::start(|link| {
        let device = Device::registered("bob");
        link.pass(&device);
        pause();
    });
    let old_file: Device = first.take();
    let pid = first.pid;
    first.kill();
    let second = sys::fork_as(pid, || {
        Device::registered("carol");
        pause();
    });
    let second = Child::adopt(second.expect("clone3 with a PID of our choice"));
    wait::until("the second is listed", || listing::find("carol").is_some());
    assert_eq!(listing::of("carol").pid, pid.as_raw());
    assert_eq!(old_file.command("/msg carol hello"), Err(Errno::EACCES));
    assert_eq!(old_file.command("/unr"), Err(Errno::ENOENT));
    assert_eq!(old_file.read(), Err(Errno::ENOENT));
    second.kill();
}

fn stamped() {
    let device = Device::registered("bob");
    device.send("bob", "root hello");
    assert_eq!(device.read(), line("bob", "root hello"));
    device.send("bob", "/msg carol hello");
    assert_eq!(device.read(), line("bob", "/msg carol hello"));
    assert_eq!(device.command("/all hello"), Ok(()));
    assert_eq!(
        device.read(),
        EMPTY,
        "one's own broadcast does not come back"
    );
}

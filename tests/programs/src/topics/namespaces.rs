// SPDX-License-Identifier: GPL-2.0

//! Registrations from other PID and user namespaces.

use std::fs;

use nix::{
    errno::Errno,
    sched::{unshare, CloneFlags},
    sys::signal::Signal,
    unistd::{getpid, pause, Pid},
};

use crate::{
    child::{elsewhere, Child, Link},
    device::{line, Device},
    harness::Topic,
    listing, sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "a registration from another PID namespace sends and reads",
        works,
    ),
    (
        "/proc/mq shows PIDs as the reader's PID namespace sees them, 0 for none",
        pids,
    ),
    (
        "the init of a PID namespace dies: all its registrations end, names are free",
        init_dies,
    ),
    (
        "root of a user namespace has no say: flush and evict are refused (EPERM)",
        no_say,
    ),
    (
        "root of a user namespace is held to its share",
        held_to_its_share,
    ),
];

/// Starts `body` as the init of a new PID namespace, below a process of its own.
fn init_of_a_namespace(body: impl FnOnce(&Link)) -> Child {
    Child::start(|link| {
        unshare(CloneFlags::CLONE_NEWPID).expect("unshare");
        let init = Child::start(|_| {
            assert_eq!(getpid(), Pid::from_raw(1));
            body(link);
        });
        init.finish();
    })
}

fn works() {
    let device = Device::registered("bob");
    let inside = init_of_a_namespace(|link| {
        let device = Device::open();
        device.register("inside");
        device.send("bob", "hello");
        link.say(device.read().expect("a message"));
    });
    assert_eq!(
        device.poll(nix::poll::PollTimeout::from(20_000_u16)),
        nix::poll::PollFlags::POLLIN
    );
    assert_eq!(device.read(), line("inside", "hello"));
    device.send("inside", "welcome");
    assert_eq!(inside.hear(), "bob welcome\n");
    inside.finish();
    assert!(listing::find("inside").is_none());
}

fn pids() {
    let _device = Device::registered("bob");
    let inside = init_of_a_namespace(|link| {
        Device::registered("inside");
        // The mounted /proc belongs to the namespace outside; one of our own is needed.
        unshare(CloneFlags::CLONE_NEWNS).expect("unshare");
        let flags = nix::mount::MsFlags::MS_REC | nix::mount::MsFlags::MS_PRIVATE;
        nix::mount::mount(None::<&str>, "/", None::<&str>, flags, None::<&str>).expect("private");
        let flags = nix::mount::MsFlags::empty();
        nix::mount::mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).expect("mount");
        link.say(fs::read_to_string(listing::PATH).expect("/proc/mq"));
        link.hear();
    });
    let seen: Vec<_> = listing::parse(&inside.hear())
        .into_iter()
        .map(|row| (row.name, row.pid))
        .collect();
    assert_eq!(seen, [("bob".to_owned(), 0), ("inside".to_owned(), 1)]);

    // Its only child is the namespace's init.
    let outer = inside.pid;
    let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"));
    let children = children.expect("the kernel lists children");
    let init: i32 = children.trim().parse().expect("one child");
    assert_eq!(listing::of("inside").pid, init);
    assert_eq!(sysfs::get("queues/inside/pid"), Some(init as u64));
    inside.say("end");
    inside.finish();
}

fn init_dies() {
    for _ in 0..5 {
        let outer = Child::start(|link| {
            unshare(CloneFlags::CLONE_NEWPID).expect("unshare");
            let init = Child::start(|_| {
                let device = Device::registered("init");
                for name in ["one", "two"] {
                    let member = Child::start(|inner| {
                        let device = Device::open();
                        device.register(name);
                        inner.say("registered");
                        device.read().expect("killed before");
                    });
                    assert_eq!(member.hear(), "registered");
                    std::mem::forget(member);
                }
                link.say("all there");
                drop(device);
                pause();
            });
            link.hear();
            init.signal(Signal::SIGKILL);
            init.kill();
            // Known to be dead: the names are free.
            let left: Vec<String> = listing::rows().into_iter().map(|row| row.name).collect();
            link.say(format!("left: {left:?}"));
        });
        assert_eq!(outer.hear(), "all there");
        assert_eq!(sysfs::registrations(), 3);
        outer.say("kill it");
        assert_eq!(outer.hear(), "left: []");
        outer.finish();
    }
}

fn no_say() {
    let device = Device::registered("bob");
    device.send("bob", "hello");
    elsewhere(|| {
        unshare(CloneFlags::CLONE_NEWUSER).expect("unshare");
        assert_eq!(sysfs::put("flush", "bob"), Err(Errno::EPERM));
        assert_eq!(sysfs::put("flush", "*"), Err(Errno::EPERM));
        assert_eq!(sysfs::put("evict", "bob"), Err(Errno::EPERM));
        String::new()
    });
    assert_eq!(device.read(), line("bob", "hello"));
}

fn held_to_its_share() {
    sysfs::set("max_devices", 4);
    sysfs::set("max_per_user", 1);
    let _device = Device::registered("bob");
    elsewhere(|| {
        unshare(CloneFlags::CLONE_NEWUSER).expect("unshare");
        assert_eq!(Device::open().command("/reg carol"), Err(Errno::EDQUOT));
        String::new()
    });
    elsewhere(|| {
        Device::registered("carol");
        String::new()
    });
    wait::until("carol is gone", || !sysfs::is_registered("carol"));
}

// SPDX-License-Identifier: GPL-2.0

//! Registrations from other PID and user namespaces.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd},
};

use nix::{
    errno::Errno,
    mount::{mount, MsFlags},
    sched::{unshare, CloneFlags},
    sys::signal::Signal,
    unistd::{getpid, pause, Pid},
};

use crate::{
    child::{elsewhere, Child, Link},
    device::{line, Device},
    harness::Topic,
    listing,
    puppet::become_user,
    sysfs, wait,
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
        "PIDs in sysfs and fdinfo are as the reader's PID namespace sees them",
        pids_in_sysfs,
    ),
    (
        "user ids are as the reader's user namespace sees them",
        uids,
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

/// Mounts a `/proc` of the namespace: the one that is there belongs to the namespace outside.
fn mount_proc() {
    unshare(CloneFlags::CLONE_NEWNS).expect("unshare");
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("private");
    let flags = MsFlags::empty();
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).expect("mount");
}

fn pids() {
    let _device = Device::registered("bob");
    let inside = init_of_a_namespace(|link| {
        Device::registered("inside");
        mount_proc();
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

/// What a process in a namespace of its own finds under `name`: PID and UID, in sysfs.
fn attributes(name: &str) -> (Option<u64>, Option<u64>) {
    let get = |attribute| sysfs::get(&format!("queues/{name}/{attribute}"));
    (get("pid"), get("uid"))
}

fn pids_in_sysfs() {
    let device = Device::registered("bob");
    let outside = (Some(getpid().as_raw() as u64), Some(0));
    assert_eq!(attributes("bob"), outside);
    let inside = init_of_a_namespace(|link| {
        let own = Device::registered("inside");
        let opener = |file: &Device| {
            let path = format!("/proc/thread-self/fdinfo/{}", file.as_fd().as_raw_fd());
            let text = fs::read_to_string(path).expect("fdinfo");
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("mq-opener:"));
            line.expect("a line of it").trim().to_owned()
        };
        mount_proc();
        assert_eq!(attributes("bob"), (Some(0), Some(0)));
        assert_eq!(attributes("inside"), (Some(1), Some(0)));
        assert_eq!((&*opener(&own), &*opener(&device)), ("1", "0"));
        link.say("seen");
    });
    assert_eq!(inside.hear(), "seen");
    inside.finish();
}

fn uids() {
    const ALICE: u32 = 1000;
    const NOBODY: u32 = 65534;

    let _device = Device::registered("bob");
    let alice = Child::start(|link| {
        become_user(ALICE);
        Device::registered("alice");
        unshare(CloneFlags::CLONE_NEWUSER).expect("unshare");
        link.say("in a namespace of its own");
        link.hear();
        let uid = |name| {
            (
                listing::of(name).uid,
                attributes(name).1.map(|uid| uid as u32),
            )
        };
        assert_eq!(uid("alice"), (0, Some(0)), "mapped to root");
        assert_eq!(uid("bob"), (NOBODY, Some(NOBODY)), "not mapped");
        link.say("seen");
    });
    alice.hear();
    let map = format!("/proc/{}/uid_map", alice.pid);
    sysfs::write_once(&map, &format!("0 {ALICE} 1")).expect("a map of ids");
    alice.say("look");
    assert_eq!(alice.hear(), "seen");
    alice.finish();
    assert_eq!(listing::of("bob").uid, 0);
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

// SPDX-License-Identifier: GPL-2.0

//! Whom memory is charged to: what a user asked for to the user's memory cgroup, what all have in
//! common to nobody's.

use std::fs;

use nix::{errno::Errno, unistd::Pid};

use crate::{
    cgroup::Cgroup,
    cheap::{self, Cheap},
    child::Child,
    device::Device,
    harness::Topic,
    listing,
    puppet::become_user,
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "messages are charged to their sender's memory cgroup until they are gone",
        messages,
    ),
    (
        "a queue is charged to its owner's memory cgroup until it is gone",
        queues,
    ),
    (
        "what the registry grows by is charged to nobody's cgroup",
        growth,
    ),
    (
        "/reg in a cgroup that is used up: ENOMEM, and nothing is taken",
        used_up,
    ),
];

/// Has nobody killed for want of memory: the request that wants it fails.
fn spare() {
    fs::write("/proc/self/oom_score_adj", "-1000").expect("oom_score_adj");
}

fn messages() {
    const TEXT: usize = 60_000;
    const MESSAGES: usize = 200;
    sysfs::set("cmd_buf_size", 65536);
    sysfs::set("queue_len", MESSAGES);
    let device = Device::registered("bob");
    let cgroup = Cgroup::new();
    let sender = Child::start(|link| {
        cgroup.enter();
        let device = Device::registered("sender");
        link.say("ready");
        link.hear();
        let text = "x".repeat(TEXT);
        (0..MESSAGES).for_each(|_| device.send("bob", &text));
        link.say("sent");
        link.hear();
    });
    assert_eq!(sender.hear(), "ready");
    let before = cgroup.charged();
    sender.say("go");
    assert_eq!(sender.hear(), "sent");
    assert_eq!(listing::of("bob").depth, MESSAGES as u64);
    let held = cgroup.charged() - before;
    assert!(held >= (TEXT * MESSAGES) as u64, "{held} bytes charged");

    assert_eq!(device.drain().len(), MESSAGES);
    let limit = before + (TEXT * MESSAGES / 10) as u64;
    wait::until("the charge is taken back", || cgroup.charged() < limit);
    sender.say("end");
    sender.finish();
}

fn queues() {
    const PLACES: u64 = 65536;
    const OWNERS: u64 = 6;
    sysfs::set("queue_len", PLACES);
    let cgroup = Cgroup::new();
    let warm = Child::start(|link| {
        cgroup.enter();
        link.say("entered");
        nix::unistd::pause();
    });
    assert_eq!(warm.hear(), "entered");
    let before = cgroup.charged();
    let owner = |number: u64| {
        let owner = Child::start(|link| {
            cgroup.enter();
            Device::registered(&format!("bob{number}"));
            link.say("registered");
            nix::unistd::pause();
        });
        assert_eq!(owner.hear(), "registered");
        owner
    };
    let owners: Vec<Child> = (0..OWNERS).map(owner).collect();
    let held = cgroup.charged() - before;
    // Each place of a queue holds a reference to a message at least.
    let least = OWNERS * PLACES * size_of::<usize>() as u64;
    // What the kernel has taken in advance before is not charged anew.
    assert!(
        held >= least / 4 * 3,
        "{held} bytes charged, not about {least}"
    );
    drop(owners);
    let limit = before + least / 3;
    wait::until("the charge is taken back", || cgroup.charged() < limit);
}

fn growth() {
    let crowd = wait::many(5000);
    sysfs::set("max_devices", crowd + 1);
    let cgroup = Cgroup::new();
    let cheap = Cheap::new();
    let device = Device::open();
    // Comes between any two of the others, and so whenever the registry must grow.
    let newcomer = Child::start(|link| {
        cgroup.enter();
        spare();
        loop {
            device.register("new");
            assert_eq!(device.command("/unr"), Ok(()));
            link.say("been there");
            link.hear();
        }
    });
    assert_eq!(newcomer.hear(), "been there");
    let before = cgroup.charged();
    // Some for a registration itself, and for what the kernel takes in advance.
    cgroup.limit(Some(before + (800 << 10)));
    let members: Vec<Pid> = (0..crowd)
        .map(|number| {
            newcomer.say("again");
            assert_eq!(newcomer.hear(), "been there", "after {number} others");
            cheap.start(&format!("m{number}"))
        })
        .collect();
    let charged = cgroup.charged().saturating_sub(before);
    assert!(charged < 600 << 10, "{charged} bytes charged");
    cheap::end(&members);
}

fn used_up() {
    const ALICE: u32 = 1000;
    const PLACES: usize = 65536;
    /// The least that the queue takes: a reference in each place.
    const QUEUE: u64 = (PLACES * size_of::<usize>()) as u64;

    sysfs::set("queue_len", PLACES);
    sysfs::set("max_devices", 2);
    sysfs::set("max_per_user", 1);
    sysfs::set("max_bytes_per_user", i32::MAX);
    let cgroup = Cgroup::new();
    let user = Child::start(|link| {
        cgroup.enter();
        spare();
        become_user(ALICE);
        let device = Device::open();
        device.register("alice");
        assert_eq!(device.command("/unr"), Ok(()));
        link.say("ready");
        loop {
            link.hear();
            let result = device.command("/reg alice");
            // To say something takes memory, too, so it waits to be asked.
            link.hear();
            link.say(format!("{result:?}"));
        }
    });
    assert_eq!(user.hear(), "ready");
    let register = || {
        user.say("register");
        wait::until_asleep_in(user.pid, &[libc::SYS_recvmsg]);
        cgroup.limit(None);
        user.say("what came of it?");
        user.hear()
    };
    for round in 0..10 {
        // What is charged could be given back to the last byte, and the queue would not fit.
        cgroup.reclaim_below(QUEUE);
        cgroup.limit(Some(cgroup.charged()));
        assert_eq!(register(), format!("{:?}", Err::<(), _>(Errno::ENOMEM)));
        assert_eq!((listing::rows(), sysfs::registrations()), (vec![], 0));
        assert!(!sysfs::is_registered("alice"), "round {round}");
    }
    assert_eq!(register(), "Ok(())", "no place, no share, no name is lost");
    let other = Device::open();
    other.register("other");
}

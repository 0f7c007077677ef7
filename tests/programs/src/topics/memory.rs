// SPDX-License-Identifier: GPL-2.0

//! Memory: what is left of it when registrations are gone, and whom it is charged to.

use std::{fs, path::Path};

use nix::{
    mount::{mount, MsFlags},
    sched::{unshare, CloneFlags},
};

use crate::{
    cheap::{self, Cheap},
    child::Child,
    device::Device,
    harness::{self, Topic},
    listing, sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "1000 lives: the name is free as soon as wait has returned, and nothing is left behind",
        lives,
    ),
    (
        "1000 registrations ended by /unr, with messages, leave no memory behind",
        unregistered,
    ),
    (
        "messages are charged to their sender's memory cgroup until they are gone",
        charged,
    ),
];

/// Kernel memory in use, in KiB.
fn kernel_memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("/proc/meminfo");
    let of = |name: &str| -> u64 {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .expect("a line of it");
        line.trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("a number")
    };
    of("SUnreclaim:") + of("KernelStack:") + of("VmallocUsed:")
}

/// Does `work` a thousand times, once it has settled, and looks at what that costs for good. What is
/// freed late, by RCU, gets time to be.
fn leaves_nothing(mut work: impl FnMut()) {
    let count = wait::many(1000) as u64;
    (0..count / 4).for_each(|_| work());
    // Slabs that are filled for the first time stay; a leak goes on, round after round.
    for _ in 0..3 {
        let before = kernel_memory();
        (0..count).for_each(|_| work());
        // The debug kernel holds freed memory back, and looks for leaks itself. Elsewhere a leaked
        // registration would cost more than this each time.
        if wait::is_debug_kernel() || wait::shortly(|| kernel_memory() <= before + count / 2) {
            return;
        }
    }
    panic!(
        "memory grows with each thousand, last to {} KiB",
        kernel_memory()
    );
}

fn lives() {
    let device = Device::registered("main");
    let cheap = Cheap::new();
    leaves_nothing(|| {
        let life = cheap.start("bob");
        device.send("bob", "left behind");
        cheap::end(&[life]);
    });
    assert_eq!(listing::rows().len(), 1);
    assert_eq!(sysfs::registrations(), 1);
    wait::until("its folder is gone", || !sysfs::is_registered("bob"));
}

fn unregistered() {
    let device = Device::open_nonblocking();
    leaves_nothing(|| {
        device.register("bob");
        (0..20).for_each(|number| device.send("bob", number));
        assert_eq!(device.command("/unr"), Ok(()));
    });
}

const CGROUPS: &str = "/sys/fs/cgroup";

/// A memory cgroup of our own below the root, which is mounted for this test alone.
fn cgroup() -> Cgroup {
    unshare(CloneFlags::CLONE_NEWNS).expect("unshare");
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, flags, None::<&str>).expect("private mounts");
    if !Path::new(&format!("{CGROUPS}/cgroup.controllers")).exists()
        && mount(
            Some("cgroup2"),
            CGROUPS,
            Some("cgroup2"),
            MsFlags::empty(),
            None::<&str>,
        )
        .is_err()
    {
        harness::skip("this kernel has no cgroups");
    }
    if fs::write(format!("{CGROUPS}/cgroup.subtree_control"), "+memory").is_err() {
        harness::skip("this kernel has no memory cgroups");
    }
    let path = format!("{CGROUPS}/mq-test");
    fs::create_dir(&path).expect("a cgroup");
    Cgroup(path)
}

struct Cgroup(String);

impl Cgroup {
    /// Bytes charged now.
    fn charged(&self) -> u64 {
        let text =
            fs::read_to_string(format!("{}/memory.current", self.0)).expect("memory.current");
        text.trim().parse().expect("a number")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // It is empty by then, or the next mount shows it.
        let _ = fs::remove_dir(&self.0);
    }
}

fn charged() {
    const TEXT: usize = 60_000;
    const MESSAGES: usize = 200;
    sysfs::set("cmd_buf_size", 65536);
    sysfs::set("queue_len", MESSAGES);
    let device = Device::registered("bob");
    let cgroup = cgroup();
    let sender = Child::start(|link| {
        fs::write(format!("{}/cgroup.procs", cgroup.0), "0").expect("cgroup.procs");
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

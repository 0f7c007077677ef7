// SPDX-License-Identifier: GPL-2.0

//! Memory: what messages take, and what is left of it when registrations and processes are gone.

use std::{fs, os::fd::OwnedFd};

use nix::{
    sys::wait::waitpid,
    unistd::{pipe, read, sysconf, write, SysconfVar},
};

use crate::{
    cgroup::Cgroup,
    cheap::{self, Cheap},
    child::Child,
    device::Device,
    harness::{self, Topic},
    listing, sys, sysfs, wait,
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
        "1000 broadcasts leave no memory behind, once they are dropped",
        broadcasts,
    ),
    (
        "1000 processes that opened, polled, registered and read leave no memory behind",
        processes,
    ),
    (
        "messages above a page take 1.15 times their bytes at most",
        taken_by_messages,
    ),
];

/// A line of `/proc/meminfo`, in KiB.
fn meminfo(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("/proc/meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.expect("a line of it")
}

/// Free memory, in KiB. What is freed stays at hand on the processor that frees it, as many pages as
/// the kernel's options and the machine's size let it, and `MemFree` does not count them.
fn free_memory() -> u64 {
    let zones = fs::read_to_string("/proc/zoneinfo").expect("/proc/zoneinfo");
    let at_hand = zones
        .lines()
        .filter_map(|line| line.trim().strip_prefix("count:"));
    let page = sysconf(SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .expect("the size of a page");
    let pages: u64 = at_hand
        .map(|count| count.trim().parse::<u64>().expect("pages"))
        .sum();
    meminfo("MemFree:") + pages * (page as u64 / 1024)
}

/// Kernel memory in use, in KiB.
fn kernel_memory() -> u64 {
    meminfo("SUnreclaim:") + meminfo("KernelStack:") + meminfo("VmallocUsed:")
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

fn broadcasts() {
    sysfs::set("cmd_buf_size", 4096);
    let device = Device::registered("bob");
    let cheap = Cheap::new();
    let receivers = ["one", "two"].map(|name| cheap.start(name));
    let command = format!("/all {}", "x".repeat(4000));
    leaves_nothing(|| assert_eq!(device.command(&command), Ok(())));
    cheap::end(&receivers);
}

/// A process that has all to do with the device that one can have, and ends.
fn whole_life(shared: &Device, say: &OwnedFd) {
    let life = sys::fork(|| {
        let own = Device::open_nonblocking();
        own.events();
        shared.events();
        shared.register("life");
        shared.events();
        own.send("life", "hello");
        own.send("life", "hello");
        assert_eq!(own.read_up_to(3), Ok(b"lif".to_vec()));
        assert_eq!(shared.read_up_to(3), Ok(b"lif".to_vec()));
        assert_eq!(shared.read(), Ok("e hello\n".to_owned()));
        assert_eq!(own.command("/unr"), Ok(()));
        write(say, b".").expect("write");
    });
    waitpid(life, None).expect("waitpid");
}

fn processes() {
    let cgroup = Cgroup::new();
    let device = Device::open_nonblocking();
    let (hear, say) = pipe().expect("pipe");
    let count = wait::many(1000) as u64;
    let run = || {
        // In turns, none of which takes too long on a busy machine.
        for _ in 0..10 {
            Child::start(|_| {
                cgroup.enter();
                (0..count / 10).for_each(|_| whole_life(&device, &say));
            })
            .finish();
        }
        let mut lives = vec![0; count as usize];
        assert_eq!(read(&hear, &mut lives), Ok(count as usize), "all lives");
    };
    run();
    let before = cgroup.slab();
    run();
    // What is known of a process is some hundred bytes; late frees get their time.
    let allowed = before + count * 50;
    wait::until("what the processes took is given back", || {
        cgroup.slab() <= allowed
    });
}

fn taken_by_messages() {
    const TOTAL: usize = 48 << 20;

    if wait::is_debug_kernel() {
        harness::skip("the debug kernel takes memory of its own for each piece");
    }
    sysfs::set("cmd_buf_size", 65536);
    sysfs::set("queue_len", 65536);
    wait::on_one_processor();
    for text in [4100, 5000, 10_000, 20_000, 40_000, 65_000] {
        let device = Device::registered("bob");
        let text = "x".repeat(text);
        let count = TOTAL / text.len();
        let before = free_memory();
        (0..count).for_each(|_| device.send("bob", &text));
        let taken = before.saturating_sub(free_memory());
        assert_eq!(listing::of("bob").depth, count as u64);
        let bytes = (count * (text.len() + "bob \n".len())) as u64;
        let most = bytes / 1024 * 115 / 100;
        assert!(
            taken <= most,
            "{count} messages of {} bytes take {taken} KiB, not {most}",
            text.len()
        );
        assert_eq!(device.command("/unr"), Ok(()));
        wait::until("the memory is given back", || {
            free_memory() + bytes / 1024 / 10 > before
        });
    }
}

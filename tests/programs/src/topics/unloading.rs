// SPDX-License-Identifier: GPL-2.0

//! Unloading while the driver still has registrations to take apart: it waits until it has. And
//! loading that fails while somebody waits for it.

use std::{
    fs::{self, File},
    io::{Read, Write},
    process::Command,
};

use nix::{
    errno::Errno,
    kmod::{delete_module, finit_module, DeleteModuleFlags, ModuleInitFlags},
    unistd::Pid,
};

use super::no_memory::{prepare, FAIL_NTH};
use crate::{
    cheap::{self, Cheap},
    child::Child,
    device::Device,
    harness::Topic,
    listing, sysfs, wait,
};

pub const TESTS: Topic = &[
    ("unloading while a crowd dies", while_a_crowd_dies),
    (
        "every allocation of loading fails in turn, while others open the device",
        failing_loads,
    ),
];

/// Loads the module again, as it is loaded without parameters.
#[track_caller]
fn load() {
    let status = Command::new("modprobe").arg("mq_driver").status();
    assert!(status.is_ok_and(|status| status.success()), "modprobe");
}

fn while_a_crowd_dies() {
    const CROWD: usize = 8;
    let messages = wait::many(50_000);

    for _ in 0..1 {
        sysfs::set("max_devices", CROWD + 1);
        sysfs::set("queue_len", messages);
        let cheap = Cheap::new();
        let members: Vec<Pid> = (0..CROWD)
            .map(|number| cheap.start(&format!("m{number}")))
            .collect();
        Child::start(|_| {
            let device = Device::registered("sender");
            for number in 0..CROWD * messages {
                device.send(&format!("m{}", number % CROWD), number);
            }
        })
        .finish();
        assert_eq!(listing::of("m0").depth, messages as u64);
        // Nothing but the registrations themselves is left of them: no file is open.
        drop(cheap);
        cheap::end(&members);
        let unloaded = delete_module(c"mq_driver", DeleteModuleFlags::O_NONBLOCK);
        assert_eq!(unloaded, Ok(()));
        load();
        assert_eq!(sysfs::registrations(), 0);
    }
}

/// Opens the device, again and again, whenever it is there.
fn opener() -> Child {
    Child::start(|_| loop {
        // Who comes while the driver is being loaded waits, and is let in or refused.
        drop(File::options().read(true).write(true).open("/dev/mq"));
    })
}

fn failing_loads() {
    prepare();
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("osrelease");
    let path = format!("/lib/modules/{}/extra/mq_driver.ko", release.trim());
    let unload = || {
        wait::until("unloading", || {
            delete_module(c"mq_driver", DeleteModuleFlags::O_NONBLOCK) != Err(Errno::EAGAIN)
        })
    };
    // Whether the load, its `nth` allocation failing, had as many.
    let load_with = |nth: usize| {
        let file = File::open(&path).expect("the module");
        let mut switch = File::options()
            .read(true)
            .write(true)
            .open(FAIL_NTH)
            .expect(FAIL_NTH);
        write!(switch, "{nth}").expect(FAIL_NTH);
        let result = finit_module(&file, c"", ModuleInitFlags::empty());
        let mut left = [0; 16];
        let count = switch.read(&mut left).unwrap_or(0);
        // The fault may hit this write if it was not used before.
        let _ = switch.write(b"0");
        let used = left[..count].trim_ascii() == b"0";
        assert!(used || result == Ok(()), "{result:?} without a fault");
        if result == Ok(()) {
            unload();
        }
        used
    };
    unload();
    let _openers = [opener(), opener()];
    let mut allocations = 1;
    while load_with(allocations) {
        allocations += 20;
    }
    assert!(allocations > 100, "{allocations} allocations");
    // The device appears near the end of it.
    for nth in allocations.saturating_sub(200)..allocations {
        load_with(nth);
    }
    load();
}

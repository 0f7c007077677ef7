// SPDX-License-Identifier: GPL-2.0

//! Unloading while the driver still has registrations to take apart: it waits until it has. And
//! loading that fails while somebody waits for it.

use std::fs::{self, File};

use nix::{
    kmod::{delete_module, finit_module, DeleteModuleFlags, ModuleInitFlags},
    unistd::Pid,
};

use crate::{
    cheap::{self, Cheap},
    child::Child,
    device::Device,
    faults::{self, prepare},
    harness::Topic,
    listing,
    module::{load, unload},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    ("unloading while a crowd dies", while_a_crowd_dies),
    (
        "late allocations of loading fail, while others open the device",
        failing_loads,
    ),
];

fn while_a_crowd_dies() {
    const CROWD: usize = 8;
    // Enough for the work to go on after the wait for the processes.
    let messages = if wait::is_debug_kernel() {
        1000
    } else {
        50_000
    };

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

/// Loads the module with its `nth` allocation failing, and unloads it if it was loaded all the same;
/// how many allocations it had left until that one.
fn load_failing(nth: usize) -> usize {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("osrelease");
    let path = format!("/lib/modules/{}/extra/mq_driver.ko", release.trim());
    let module = File::open(path).expect("the module");
    let (left, result) = faults::with(nth, || finit_module(&module, c"", ModuleInitFlags::empty()));
    match result {
        Ok(()) => unload(),
        Err(error) => assert_eq!(left, 0, "{error} without a fault"),
    }
    left
}

fn failing_loads() {
    const MANY: usize = 1_000_000;

    prepare();
    unload();
    let allocations = MANY - load_failing(MANY);
    let openers = [opener(), opener()];
    // The device appears near the end of the load; what fails before is the kernel's own
    // affair, and each load takes its time.
    let (first, step) = match std::env::var_os("MQ_TEST_FAULTS") {
        Some(all) if all == "all" => (1, 1),
        _ => (allocations - 120, 4),
    };
    let chosen = (first..=allocations).step_by(step);
    println!("# count {} faults injected", chosen.clone().count());
    chosen.for_each(|nth| {
        load_failing(nth);
    });
    drop(openers);
    load();
}

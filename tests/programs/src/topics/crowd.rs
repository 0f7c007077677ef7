// SPDX-License-Identifier: GPL-2.0

//! Ten thousand registered processes at once: they share memory and files, so that they fit into a
//! small guest.

use std::{
    collections::HashMap,
    fs,
    os::fd::{AsFd, AsRawFd},
};

use nix::{
    sys::{
        signal::{kill, Signal},
        wait::waitpid,
    },
    unistd::{self, Pid},
};

use crate::{
    device::{line, Device},
    harness::Topic,
    listing,
    sys::{self, Job},
    sysfs, wait,
};

pub const TESTS: Topic = &[(
    "10,000 registered processes: listed, reached by a broadcast, gone when killed",
    ten_thousand,
)];

fn ten_thousand() {
    let count = wait::many(10_000);
    fs::write("/proc/sys/kernel/threads-max", "20000").expect("threads-max");
    sysfs::set("max_devices", count + 1);
println!("# start {:?}", std::time::Instant::now());    let device = Device::registered("bob");
    let members = start_members(&device, count);
println!("# {:?}", std::time::Instant::now());    assert_eq!(sysfs::registrations(), count as u64 + 1);

    let rows = listing::rows();
    assert_eq!(rows.len(), count + 1);
    for (number, (row, member)) in rows[1..].iter().zip(&members).enumerate() {
        assert_eq!(
            (&row.name, row.pid),
            (&format!("m{number}"), member.as_raw())
        );
    }

println!("# listed {:?}", std::time::Instant::now());    assert_eq!(device.command("/all hello, everybody"), Ok(()));
    device.send(&format!("m{}", count - 1), "hello, last one");
    device.send("bob", "hello, me");
    assert_eq!(device.read(), line("bob", "hello, me"));
    let by_name: HashMap<String, u64> = listing::rows()
        .into_iter()
        .map(|row| (row.name, row.depth))
        .collect();
    assert_eq!(by_name["m0"], 1);
    assert_eq!(by_name[&format!("m{}", count - 1)], 2);
    assert_eq!(by_name.values().sum::<u64>(), count as u64 + 1);

println!("# sent {:?}", std::time::Instant::now());    for member in &members {
        kill(*member, Signal::SIGKILL).expect("kill");
    }
println!("# killed {:?}", std::time::Instant::now());    for member in members {
        waitpid(member, None).expect("waitpid");
    }
println!("# gone {:?}", std::time::Instant::now());    assert_eq!(listing::rows().len(), 1);
    assert_eq!(sysfs::registrations(), 1);
}

/// Starts the processes one after the other; each is registered before the next starts.
fn start_members(device: &Device, count: usize) -> Vec<Pid> {
    let (done, say) = unistd::pipe().expect("pipe");
    let start = |number| {
        let job = Job {
            to: device.as_fd().as_raw_fd(),
            bytes: format!("/reg m{number}").into_bytes(),
            done: say.as_raw_fd(),
        };
        let member = sys::start_cheap(job).expect("clone");
        let mut error = [0];
        assert_eq!(unistd::read(&done, &mut error), Ok(1));
        assert_eq!(error, [0], "the error of registration {number}");
        member
    };
    (0..count).map(start).collect()
}

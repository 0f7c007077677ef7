// SPDX-License-Identifier: GPL-2.0

//! Who sent a record, as a reader in other namespaces is told.

use nix::{
    sched::{unshare, CloneFlags},
    unistd::getpid,
};

use crate::{
    child::Child,
    device::Device,
    harness::Topic,
    puppet::become_user,
    records::{self, read},
    sysfs,
};

pub const TESTS: Topic = &[(
    "pid and uid are as the reader's namespaces see them",
    translated,
)];

/// The id that stands for one that a namespace does not map.
const OVERFLOW: u32 = 65534;

fn translated() {
    // In a PID namespace, as its init; then also in a user namespace that maps 1000 only.
    let reader = Child::start(|link| {
        unshare(CloneFlags::CLONE_NEWPID).expect("unshare");
        let init = Child::start(|_| {
            let bob = records::registered("bob");
            let say = || {
                let record = read(&bob).expect("a record").remove(0);
                link.say(format!(
                    "{} {} {}",
                    record.from(),
                    record.header.pid,
                    record.header.uid
                ));
            };
            link.say("ready");
            assert_eq!(link.hear(), "outside");
            say();
            let inside = Child::start(|own| {
                become_user(1000);
                let alice = Device::registered("alice");
                alice.send("bob", "one");
                own.say(getpid().to_string());
                own.hear();
            });
            let pid = inside.hear();
            say();
            link.say(pid);
            unshare(CloneFlags::CLONE_NEWUSER).expect("unshare");
            link.say("map");
            assert_eq!(link.hear(), "mapped");
            Device::open().send("bob", "two");
            say();
            inside.say("end");
            inside.finish();
        });
        init.finish();
    });
    assert_eq!(reader.hear(), "ready");
    let outside = Device::registered("outside");
    outside.send("bob", "hello");
    reader.say("outside");
    assert_eq!(reader.hear(), "outside 0 0", "its pid is not visible there");
    let alice = reader.hear();
    let pid = reader.hear();
    assert_eq!(alice, format!("alice {pid} 1000"));
    assert_eq!(reader.hear(), "map");
    let children = format!("/proc/{0}/task/{0}/children", reader.pid);
    let children = std::fs::read_to_string(children).expect("the kernel lists children");
    let init = children.trim();
    sysfs::write_once(&format!("/proc/{init}/uid_map"), "5 1000 1\n").expect("a map");
    reader.say("mapped");
    assert_eq!(
        reader.hear(),
        format!("bob 1 {OVERFLOW}"),
        "root is not mapped"
    );
    reader.finish();
}

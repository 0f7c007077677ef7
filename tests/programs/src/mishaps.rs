// SPDX-License-Identifier: GPL-2.0

//! Tests that must not pass: a process of each dies that should not. `guest/00-harness.sh` looks
//! that the harness notices, the last time by what is missing. It is no topic of the driver.

use nix::{
    sys::{
        signal::{kill, Signal},
        wait::{waitid, Id, WaitPidFlag},
    },
    unistd::getppid,
};

use crate::{
    child::{elsewhere, Child},
    harness::Topic,
    sys,
};

/// See above.
pub const TESTS: Topic = &[
    ("the test fails", || panic!("on purpose")),
    ("the test aborts", || std::process::abort()),
    ("the test ends with a status", || sys::exit(3)),
    ("a process aborts before it is killed", || {
        aborting().kill();
    }),
    ("a process aborts and is left behind", || {
        std::mem::forget(aborting());
    }),
    ("a process of a process aborts", || {
        elsewhere(|| {
            std::mem::forget(aborting());
            String::new()
        });
    }),
    ("all is well", || {}),
    ("the program that runs the tests is killed", || {
        kill(getppid(), Signal::SIGABRT).expect("kill");
    }),
    ("this one is never run", || {}),
];

/// A process that has aborted, on return.
fn aborting() -> Child {
    let child = Child::start(|_| std::process::abort());
    let ended = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    waitid(Id::Pid(child.pid), ended).expect("waitid");
    child
}

// SPDX-License-Identifier: GPL-2.0

//! A registered process of which a thread that is not its leader executes a program, again and
//! again, while others ask for its name: for a moment the old leader looks as if the process were
//! over.

use std::{convert::Infallible, thread, time::Instant};

use nix::{
    errno::Errno,
    unistd::{dup2_stdin, execv, pause},
};

use super::end_of;
use crate::{child::Child, device::Device, listing, sys, wait};

/// Processes that want the name.
const OTHERS: usize = 3;

/// See above.
pub fn run() {
    let end = end_of(1);
    let device = Device::open_nonblocking();
    let executing = Child::start(|_| {
        device.register("victim");
        dup2_stdin(&device).expect("dup2");
        execute();
    });
    wait::until("it is registered", || crate::sysfs::is_registered("victim"));
    let others: Vec<Child> = (0..OTHERS)
        .map(|_| {
            Child::start(|_| {
                let device = Device::open_nonblocking();
                while Instant::now() < end {
                    assert_eq!(device.command("/reg victim"), Err(Errno::EEXIST));
                }
            })
        })
        .collect();
    while Instant::now() < end {
        thread::sleep(wait::MOMENT);
    }
    // It has the name until nobody wants it any more.
    others.into_iter().for_each(Child::finish);
    let times = listing::rows().first().expect("its registration").sent;
    println!("# count {times} programs executed under stress");
    executing.kill();
    assert!(times > 0, "it has executed a program");
}

/// What is executed: sends as the process that it has always been, and executes itself anew.
pub fn go_on() -> ! {
    let device = Device::from(sys::own(0));
    assert_eq!(device.command("/msg victim still here"), Ok(()));
    // The standard input stays open across `execve`.
    std::mem::forget(device);
    thread::spawn(execute);
    loop {
        pause();
    }
}

fn execute() -> Infallible {
    execv(c"/proc/self/exe", &[c"mq-test", c"execute"]).expect("execv")
}

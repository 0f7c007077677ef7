// SPDX-License-Identifier: GPL-2.0

//! A registered process of which a thread that is not its leader executes a program, again and
//! again, while others ask for its name: for a moment the old leader looks as if the process were
//! over.

use std::{
    convert::Infallible,
    ffi::CString,
    thread,
    time::{Duration, Instant, SystemTime},
};

use nix::{
    errno::Errno,
    unistd::{dup2_stdin, execv, pause},
};

use super::end_of;
use crate::{child::Child, device::Device, sys, wait};

/// Processes that want the name.
const OTHERS: usize = 3;

/// See above.
pub fn run() {
    let end = end_of(1);
    let left = end.saturating_duration_since(Instant::now());
    let until = (SystemTime::now() + left)
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a time after 1970");
    let device = Device::open_nonblocking();
    let executing = Child::start(|_| {
        device.register("victim");
        dup2_stdin(&device).expect("dup2");
        execute(until.as_millis(), 0);
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
    others.into_iter().for_each(Child::finish);
    executing.finish();
}

/// What is executed: sends as the process that it has always been, and executes itself anew, until
/// so many milliseconds after 1970.
pub fn go_on(until: &str, times: &str) -> bool {
    let device = Device::from(sys::own(0));
    let times: u64 = times.parse().expect("a number");
    let result = device.command("/msg victim still here");
    assert_eq!(result, Ok(()), "after {times} times");
    let until = until.parse().expect("a number of milliseconds");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    if now.expect("a time after 1970") > Duration::from_millis(until) {
        println!("# count {times} programs executed under stress");
        return true;
    }
    // The standard input stays open across `execve`.
    std::mem::forget(device);
    thread::spawn(move || execute(until.into(), times + 1));
    loop {
        pause();
    }
}

fn execute(until: u128, times: u64) -> Infallible {
    let words = ["mq-test", "execute", &until.to_string(), &times.to_string()];
    let words = words.map(|word| CString::new(word).expect("no zero byte"));
    execv(c"/proc/self/exe", &words).expect("execv")
}

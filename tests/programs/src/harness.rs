// SPDX-License-Identifier: GPL-2.0

//! Runs tests and prints TAP.
//!
//! Each test runs in a process of its own: it starts without a registration, may panic, hang or be
//! killed, and is one line of the result. Whatever it leaves behind is killed; the parameters are
//! put back; and it fails if a registration is still there a while after its last process.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        signal::{killpg, Signal},
        wait::{waitpid, WaitPidFlag, WaitStatus},
    },
    unistd::{setpgid, Pid},
};

use crate::{sys, sysfs, wait};

/// The tests of a topic: what each one shows, and how.
pub type Topic = &'static [(&'static str, fn())];

const FAILED: i32 = 1;
const SKIPPED: i32 = 77;

static CURRENT: OnceLock<&str> = OnceLock::new();

/// Makes a panic end its process at once, in whatever thread, after a line that TAP ignores.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.to_string().replace('\n', "\n#   ");
        println!("# {message}");
        sys::exit(FAILED);
    }));
}

/// Ends the test as not applicable here.
pub fn skip(reason: &str) -> ! {
    println!("ok - {} # SKIP {reason}", CURRENT.get().unwrap_or(&"?"));
    sys::exit(SKIPPED);
}

/// Runs the tests whose names contain `pattern`, each for no longer than `limit`; whether all passed.
pub fn run(topic: Topic, pattern: &str, limit: Duration) -> bool {
    sys::adopt_orphans();
    let mut passed = true;
    for (name, body) in topic.iter().filter(|(name, _)| name.contains(pattern)) {
        match run_one(name, *body, limit) {
            Ok(FAILED) => passed = false,
            Ok(SKIPPED) => continue,
            Ok(_) => {
                println!("ok - {name}");
                continue;
            }
            Err(why) => {
                println!("# {why}");
                passed = false;
            }
        }
        println!("not ok - {name}");
    }
    passed
}

/// The exit status of the test, or what else was wrong with it.
fn run_one(name: &'static str, body: fn(), limit: Duration) -> Result<i32, String> {
    let parameters = sysfs::Parameters::read();
    let test = sys::fork(|| {
        CURRENT.set(name).expect("one test a process");
        // Either of the two may come first, and one is enough.
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        body();
    });
    let _ = setpgid(test, test);

    let status = wait_for(test, limit);
    let _ = killpg(test, Signal::SIGKILL);
    let reaped =
        wait::comes_true(|| waitpid(None, Some(WaitPidFlag::WNOHANG)) == Err(Errno::ECHILD));
    let status = status?;
    if !reaped {
        return Err("a process cannot be killed".to_owned());
    }
    parameters.restore();
    if !wait::comes_true(|| sysfs::registrations() == 0) {
        return Err(format!(
            "{} registrations are left behind",
            sysfs::registrations()
        ));
    }
    Ok(status)
}

/// How the test ended.
fn wait_for(test: Pid, limit: Duration) -> Result<i32, String> {
    let deadline = Instant::now() + limit;
    loop {
        match waitpid(test, Some(WaitPidFlag::WNOHANG)).expect("waitpid") {
            WaitStatus::Exited(_, code) => return Ok(code),
            WaitStatus::Signaled(_, signal, _) => return Err(format!("killed by {signal}")),
            _ if Instant::now() > deadline => return Err("does not end".to_owned()),
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

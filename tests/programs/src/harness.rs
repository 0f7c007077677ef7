// SPDX-License-Identifier: GPL-2.0

//! Runs tests and prints TAP.
//!
//! Each test runs in a process of its own: it starts without a registration, may panic, hang or be
//! killed, and is one line of the result. Whatever it leaves behind is killed; the parameters are
//! put back; and it fails if one of its processes has come to a bad end, or if a registration is still
//! there a while after the last of them.

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

use crate::{child, sys, sysfs, wait};

/// The tests of a topic: what each one shows, and how.
pub type Topic = &'static [(&'static str, fn())];

const FAILED: i32 = 1;
const SKIPPED: i32 = 77;

/// How a test ended, other than badly.
enum Verdict {
    Passed,
    /// It has said so.
    Skipped,
}

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
/// How many there are is said first, so that whoever reads on knows when one is missing.
pub fn run(topic: Topic, pattern: &str, limit: Duration) -> bool {
    sys::adopt_orphans();
    let chosen = || topic.iter().filter(|(name, _)| name.contains(pattern));
    println!("1..{}", chosen().count());
    let mut passed = chosen().count() > 0;
    for (name, body) in chosen() {
        match run_one(name, *body, limit) {
            Ok(Verdict::Passed) => println!("ok - {name}"),
            Ok(Verdict::Skipped) => {}
            Err(why) => {
                println!("# {why}\nnot ok - {name}");
                passed = false;
            }
        }
    }
    passed
}

/// How the test ended, or what was wrong with it.
fn run_one(name: &'static str, body: fn(), limit: Duration) -> Result<Verdict, String> {
    let parameters = sysfs::Parameters::read();
    let test = sys::fork(|| {
        CURRENT.set(name).expect("one test a process");
        // Either of the two may come first, and one is enough.
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        body();
    });
    let _ = setpgid(test, test);

    let verdict = wait_for(test, limit);
    let _ = killpg(test, Signal::SIGKILL);
    let bad_end = reap()?;
    parameters.restore();
    let verdict = verdict?;
    if let Some(status) = bad_end {
        return Err(format!("a process that it left behind: {status:?}"));
    }
    if !wait::comes_true(|| sysfs::registrations() == 0) {
        return Err(format!(
            "{} registrations are left behind",
            sysfs::registrations()
        ));
    }
    Ok(verdict)
}

/// Waits for everything that the test has left behind, which was killed; a bad end among theirs.
fn reap() -> Result<Option<WaitStatus>, String> {
    let mut bad_end = None;
    let reaped = wait::comes_true(|| match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Ok(status) => {
            if child::is_bad_end(status) {
                bad_end = Some(status);
            }
            false
        }
        Err(error) => error == Errno::ECHILD,
    });
    if reaped {
        Ok(bad_end)
    } else {
        Err("a process cannot be killed".to_owned())
    }
}

/// How the test ended.
fn wait_for(test: Pid, limit: Duration) -> Result<Verdict, String> {
    let deadline = Instant::now() + limit;
    loop {
        match waitpid(test, Some(WaitPidFlag::WNOHANG)).expect("waitpid") {
            WaitStatus::Exited(_, 0) => return Ok(Verdict::Passed),
            WaitStatus::Exited(_, SKIPPED) => return Ok(Verdict::Skipped),
            WaitStatus::Exited(_, code) => return Err(format!("ended with {code}")),
            WaitStatus::Signaled(_, signal, _) => return Err(format!("killed by {signal}")),
            _ if Instant::now() > deadline => return Err("does not end".to_owned()),
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

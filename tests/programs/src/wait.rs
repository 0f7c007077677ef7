// SPDX-License-Identifier: GPL-2.0

//! Waiting for what must come true, always with a limit: no test sleeps and hopes.

use std::{
    fs,
    sync::mpsc,
    thread::{self, sleep, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    sched::{sched_setaffinity, CpuSet},
    unistd::{gettid, Pid},
};

/// Far more than anything takes, on a kernel full of checks, on a slow emulator, on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Short enough for nothing to have happened yet where something would, soon, by mistake.
pub const MOMENT: Duration = Duration::from_millis(50);

/// Whether `condition` comes true within [`LIMIT`].
pub fn comes_true(condition: impl FnMut() -> bool) -> bool {
    within(LIMIT, condition)
}

/// Whether `condition` comes true in a few seconds, where that it does not is no failure yet.
pub fn shortly(condition: impl FnMut() -> bool) -> bool {
    within(Duration::from_secs(4), condition)
}

fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        sleep(Duration::from_millis(1));
    }
    true
}

/// Waits until `condition` is true; `what` says what it is.
#[track_caller]
pub fn until(what: &str, condition: impl FnMut() -> bool) {
    assert!(comes_true(condition), "not within {LIMIT:?}: {what}");
}

/// Waits until the thread sleeps in one of the system calls `calls`. One that has just been woken
/// does not, although its system call is told as long as it has not run.
#[track_caller]
pub fn until_asleep_in(thread: Pid, calls: &[i64]) {
    until("asleep in the system call", || is_asleep_in(thread, calls));
}

/// Whether the thread sleeps in one of the system calls `calls`.
pub fn is_asleep_in(thread: Pid, calls: &[i64]) -> bool {
    let read = |file| fs::read_to_string(format!("/proc/{thread}/{file}")).unwrap_or_default();
    let stat = read("stat");
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    // Only after the state: what is told then is the call of this sleep, or of a later one.
    let line = read("syscall");
    let number = line.split(' ').next().and_then(|word| word.parse().ok());
    state.is_some_and(|state| "SD".contains(state))
        && number.is_some_and(|number| calls.contains(&number))
}

/// Waits until the thread sleeps in a poll of whatever kind. The calls without a signal mask are
/// older than most architectures, which have only the others.
#[track_caller]
pub fn until_polling(thread: Pid) {
    let calls = [
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait,
        libc::SYS_ppoll,
        libc::SYS_epoll_pwait,
    ];
    until_asleep_in(thread, &calls);
}

/// A thread that does something, and by now sleeps in one of the system calls `calls`.
#[track_caller]
pub fn asleep<T: Send + 'static>(
    calls: &[i64],
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let (say, hear) = mpsc::channel();
    let thread = thread::spawn(move || {
        say.send(gettid()).expect("who starts it listens");
        body()
    });
    until_asleep_in(hear.recv().expect("the thread's number"), calls);
    thread
}

/// How often the thread has gone to sleep so far.
pub fn sleeps(thread: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).expect("the thread's status");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok())
        .expect("voluntary_ctxt_switches")
}

/// Whether this is the debug kernel, where everything takes ten times as long.
pub fn is_debug_kernel() -> bool {
    std::env::var_os("MQ_TEST_DEBUG").is_some()
}

/// How long a test may take before it counts as one that does not end.
pub fn limit_of_a_test() -> Duration {
    4 * LIMIT * if is_debug_kernel() { 4 } else { 1 }
}

/// `count`, or a tenth of it on the debug kernel.
pub fn many(count: usize) -> usize {
    if is_debug_kernel() {
        count / 10
    } else {
        count
    }
}

/// Keeps this process and its children on one processor, where a test is only a long row of short
/// steps: waking another processor is what costs most under an emulator.
pub fn on_one_processor() {
    let mut set = CpuSet::new();
    set.set(0).expect("in range");
    sched_setaffinity(Pid::from_raw(0), &set).expect("sched_setaffinity");
}

/// Has a process, kept on one processor so far, run on another; where there is only one, it stays.
pub fn on_the_other_processor(process: Pid) {
    let mut set = CpuSet::new();
    set.set(1).expect("in range");
    // No such processor is no such error: then the test has less to see.
    let _ = sched_setaffinity(process, &set);
}

// SPDX-License-Identifier: GPL-2.0

//! Signals that the program handles neither end a wait nor make it longer.
//!
//! This is a program of its own, since the kernel gives a process's signal to its first thread. In
//! the usual harness that one does not run the tests.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mq_client::wait::{wait, PollFd, PollFlags};
use rustix::process::{getpid, kill_process, Signal};
use signal_hook::{consts::SIGUSR1, flag};

const PAUSE: Duration = Duration::from_millis(100);
const LIMIT: Duration = Duration::from_millis(300);

/// How long signals come if nothing else ends them. Far longer than a busy machine delays a test.
const SIGNALLED: Duration = Duration::from_secs(20);

fn main() {
    let handled = Arc::default();
    flag::register(SIGUSR1, Arc::clone(&handled)).unwrap();
    let (reader, _writer) = io::pipe().unwrap();
    let mut files = [PollFd::new(&reader, PollFlags::IN)];

    let is_over = AtomicBool::new(false);
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) && start.elapsed() < SIGNALLED {
                thread::sleep(PAUSE);
                kill_process(getpid(), Signal::USR1).unwrap();
            }
        });
        let ready = wait(&mut files, Some(start + LIMIT));
        let waited = start.elapsed();
        is_over.store(true, Ordering::Relaxed);

        assert!(!ready.unwrap());
        assert!(handled.load(Ordering::Relaxed));
        assert!((LIMIT..SIGNALLED).contains(&waited), "{waited:?}");
    });
}

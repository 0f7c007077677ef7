// SPDX-License-Identifier: GPL-2.0

//! A wake-up against falling asleep, and against a link that leaves its queue.

use crate::explore;
use loom::{
    sync::{
        atomic::{
            fence, AtomicBool,
            Ordering::{Relaxed, SeqCst},
        },
        Arc, Mutex,
    },
    thread,
};

/// A wait queue with room for one, who may be a reader or a link to those who poll.
struct WaitQueue {
    lock: Mutex<()>,
    /// Whether somebody is in it. Changed under the lock, and looked at without.
    waited_for: AtomicBool,
}

impl WaitQueue {
    fn new(waited_for: bool) -> Self {
        Self {
            lock: Mutex::new(()),
            waited_for: AtomicBool::new(waited_for),
        }
    }

    fn queue(&self) {
        let _guard = self.lock.lock().unwrap();
        self.waited_for.store(true, Relaxed);
    }
}

/// `smp_mb()`, where it is not left out.
fn smp_mb(is_there: bool) {
    if is_there {
        fence(SeqCst);
    }
}

/// What the end of a registration, whose mark is looked at without a lock, is to a reader.
fn falling_asleep(ending: bool, reading: bool) {
    let waiters = Arc::new(WaitQueue::new(false));
    let ended = Arc::new(AtomicBool::new(false));
    let woken = Arc::new(AtomicBool::new(false));
    let reader = thread::spawn({
        let (waiters, ended) = (waiters.clone(), ended.clone());
        move || {
            waiters.queue();
            smp_mb(reading);
            ended.load(Relaxed)
        }
    });
    ended.store(true, Relaxed);
    smp_mb(ending);
    if waiters.waited_for.load(Relaxed) {
        let _guard = waiters.lock.lock().unwrap();
        woken.store(true, Relaxed);
    }
    let seen = reader.join().unwrap();
    assert!(seen || woken.load(Relaxed), "asleep for ever");
}

#[test]
fn a_reader_sees_the_end_or_is_woken() {
    explore::holds(|| falling_asleep(true, true));
}

#[test]
fn both_barriers_are_needed() {
    explore::breaks(|| falling_asleep(false, true));
    explore::breaks(|| falling_asleep(true, false));
}

/// Where the barrier of a poller stands that has armed its link.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    /// After it has been armed.
    Ordered,
    /// Nowhere.
    Unordered,
    /// It looks before that.
    Early,
}

/// A link, in the wait queue or not yet, that leaves where it finds nobody behind it, and a new poller.
fn leaving(armed: bool, look: Look) {
    let waiters = Arc::new(WaitQueue::new(armed));
    let pollers = Arc::new(WaitQueue::new(false));
    let ended = Arc::new(AtomicBool::new(false));
    let woken = Arc::new(AtomicBool::new(false));
    let poller = thread::spawn({
        let (waiters, pollers, ended) = (waiters.clone(), pollers.clone(), ended.clone());
        move || {
            let early = look == Look::Early && ended.load(Relaxed);
            // As `poll_wait()` does.
            pollers.queue();
            smp_mb(true);
            waiters.queue();
            smp_mb(look == Look::Ordered);
            early || look != Look::Early && ended.load(Relaxed)
        }
    });
    ended.store(true, Relaxed);
    smp_mb(true);
    if waiters.waited_for.load(Relaxed) {
        let _guard = waiters.lock.lock().unwrap();
        if waiters.waited_for.load(Relaxed) {
            smp_mb(true);
            if pollers.waited_for.load(Relaxed) {
                woken.store(true, Relaxed);
            } else {
                waiters.waited_for.store(false, Relaxed);
            }
        }
    }
    let seen = poller.join().unwrap();
    assert!(seen || woken.load(Relaxed), "asleep for ever");
}

#[test]
fn a_poller_sees_the_end_or_is_woken_by_the_link() {
    explore::holds(|| leaving(true, Look::Ordered));
    explore::holds(|| leaving(false, Look::Ordered));
}

#[test]
fn a_poller_looks_after_it_has_armed_the_link_and_a_barrier() {
    explore::breaks(|| leaving(false, Look::Unordered));
    explore::breaks(|| leaving(true, Look::Early));
}

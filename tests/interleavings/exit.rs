// SPDX-License-Identifier: GPL-2.0

//! The end of a process against a new registration that meets the old one: released once, and gone
//! when it has been waited for.

use crate::explore;
use loom::{
    sync::{
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
        Arc,
    },
    thread,
};

const ALIVE: usize = 0;
const CALLED: usize = 1;
const EXITED: usize = 2;

struct Registration {
    state: AtomicUsize,
    queued: AtomicBool,
    released: AtomicUsize,
}

impl Registration {
    fn new() -> Self {
        Self {
            state: AtomicUsize::new(ALIVE),
            queued: AtomicBool::new(false),
            released: AtomicUsize::new(0),
        }
    }

    fn mark(&self, end: usize) -> bool {
        self.state
            .compare_exchange(ALIVE, end, AcqRel, Acquire)
            .is_ok()
    }

    fn release(&self) {
        self.released.fetch_add(1, Release);
    }

    /// What `exit_notify()` runs; `queues_first`: the work before the mark.
    fn exit(&self, queues_first: bool) {
        if queues_first {
            self.queued.store(true, Release);
            self.mark(EXITED);
        } else {
            self.mark(EXITED);
            self.queued.store(true, Release);
        }
    }

    /// The work; `asks`: whether it looks who has marked.
    fn work(&self, asks: bool) {
        self.mark(EXITED);
        if !asks || self.state.load(Acquire) == EXITED {
            self.release();
        }
    }
}

/// The work queue runs the work when it is queued; somebody else ends the registration meanwhile.
fn released_once(asks: bool) {
    let registration = Arc::new(Registration::new());
    let newcomer = thread::spawn({
        let registration = registration.clone();
        move || {
            if registration.mark(CALLED) {
                registration.release();
            }
        }
    });
    let worker = thread::spawn({
        let registration = registration.clone();
        move || {
            if registration.queued.load(Acquire) {
                registration.work(asks);
                return true;
            }
            false
        }
    });
    registration.exit(true);
    let ran = worker.join().unwrap();
    newcomer.join().unwrap();
    if !ran {
        registration.work(asks);
    }
    assert_eq!(registration.released.load(Relaxed), 1);
}

#[test]
fn a_registration_is_released_once() {
    explore::holds(|| released_once(true));
}

#[test]
fn the_work_has_to_ask_who_has_marked() {
    explore::breaks(|| released_once(false));
}

/// Who sees the mark waits for the work by flushing what is queued.
fn flushed(queues_first: bool) {
    let registration = Arc::new(Registration::new());
    let exit = thread::spawn({
        let registration = registration.clone();
        move || registration.exit(queues_first)
    });
    if registration.state.load(Acquire) == EXITED {
        // A flush waits for what has been queued, and for nothing else.
        if registration.queued.load(Acquire) {
            registration.work(true);
        }
        assert_eq!(registration.released.load(Relaxed), 1, "still there");
    }
    exit.join().unwrap();
}

#[test]
fn whoever_sees_the_mark_can_wait_for_the_work() {
    explore::holds(|| flushed(true));
}

#[test]
fn the_work_is_queued_before_the_mark_is_set() {
    explore::breaks(|| flushed(false));
}

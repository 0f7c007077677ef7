// SPDX-License-Identifier: GPL-2.0

//! How many registrations there may be: those who are dying do not count, and never too many live.

use crate::explore;
use loom::{
    sync::{
        atomic::{
            fence, AtomicBool, AtomicIsize,
            Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
        },
        Arc, Mutex,
    },
    thread,
};

const MAX: usize = 1;

/// A directory with one registration.
struct Directory {
    marked: AtomicBool,
    len: Mutex<usize>,
    dying: AtomicIsize,
}

/// When one that is dying is counted.
#[derive(Clone, Copy, PartialEq)]
enum Count {
    /// When it has been marked, and by whoever did so.
    AfterMark,
    /// Before it is.
    BeforeMark,
}

impl Directory {
    fn new() -> Self {
        Self {
            marked: AtomicBool::new(false),
            len: Mutex::new(1),
            dying: AtomicIsize::new(0),
        }
    }

    fn mark(&self) -> bool {
        let marked = self.marked.compare_exchange(false, true, AcqRel, Acquire);
        // The kernel's is a full barrier.
        fence(SeqCst);
        marked.is_ok()
    }

    fn end(&self, count: Count) {
        if count == Count::BeforeMark {
            self.dying.fetch_add(1, Relaxed);
        }
        if self.mark() && count == Count::AfterMark {
            self.dying.fetch_add(1, Relaxed);
        }
    }

    fn remove(&self) {
        let mut len = self.len.lock().unwrap();
        *len -= 1;
        self.dying.fetch_sub(1, Relaxed);
    }

    fn reserve(&self) -> bool {
        let mut len = self.len.lock().unwrap();
        let dying = self.dying.load(Relaxed).max(0).unsigned_abs();
        let fits = len.saturating_sub(dying) < MAX;
        if fits {
            *len += 1;
        }
        fits
    }
}

fn reserving(count: Count) {
    let directory = Arc::new(Directory::new());
    let exit = thread::spawn({
        let directory = directory.clone();
        move || directory.end(count)
    });
    // The work may run before whoever set the mark has counted.
    let work = thread::spawn({
        let directory = directory.clone();
        move || {
            let is_marked = directory.marked.load(Acquire);
            if is_marked {
                directory.remove();
            }
            is_marked
        }
    });
    if directory.reserve() {
        // Whoever looks is to look after that.
        fence(SeqCst);
        assert!(directory.marked.load(Relaxed), "two are alive");
    }
    exit.join().unwrap();
    if !work.join().unwrap() {
        directory.remove();
    }
    assert_eq!(directory.dying.load(Relaxed), 0);
}

#[test]
fn never_more_than_fit_are_alive() {
    explore::holds(|| reserving(Count::AfterMark));
}

#[test]
fn one_is_counted_as_dying_only_when_it_is() {
    explore::breaks(|| reserving(Count::BeforeMark));
}

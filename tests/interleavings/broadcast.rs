// SPDX-License-Identifier: GPL-2.0

//! A broadcast against a registration: who was there before it gets the message, and is seen whole.

use crate::explore;
use loom::{
    sync::{
        atomic::{
            AtomicU64,
            Ordering::{self, Acquire, Relaxed, Release},
        },
        Arc, Mutex,
    },
    thread,
};

/// What an array of one place publishes.
struct Directory {
    lock: Mutex<()>,
    /// The content of the registration.
    name: AtomicU64,
    /// Where it is found: 0, or something there.
    slot: AtomicU64,
    /// The bit of the place.
    taken: AtomicU64,
    latest: AtomicU64,
}

/// How the two are stored that others look at without the lock.
#[derive(Clone, Copy)]
struct Stores {
    slot: Ordering,
    latest: Ordering,
}

fn broadcasting(stores: Stores) {
    let directory = Arc::new(Directory {
        lock: Mutex::new(()),
        name: AtomicU64::new(0),
        slot: AtomicU64::new(0),
        taken: AtomicU64::new(0),
        latest: AtomicU64::new(0),
    });
    let newcomer = thread::spawn({
        let directory = directory.clone();
        move || {
            directory.name.store(7, Relaxed);
            let _guard = directory.lock.lock().unwrap();
            directory.slot.store(1, stores.slot);
            directory.taken.fetch_add(1, Relaxed);
            directory.latest.store(1, stores.latest);
        }
    });
    let last = directory.latest.load(Acquire);
    let is_taken = directory.taken.load(Relaxed) != 0;
    // A dependency of addresses, in the driver.
    let found = is_taken && directory.slot.load(Acquire) != 0;
    if found {
        assert_eq!(directory.name.load(Relaxed), 7, "seen in part");
    }
    assert!(found || last == 0, "there before, and not reached");
    newcomer.join().unwrap();
}

#[test]
fn who_was_there_before_is_reached_and_seen_whole() {
    explore::holds(|| {
        broadcasting(Stores {
            slot: Release,
            latest: Release,
        });
    });
}

#[test]
fn both_stores_release() {
    explore::breaks(|| {
        broadcasting(Stores {
            slot: Relaxed,
            latest: Release,
        });
    });
    explore::breaks(|| {
        broadcasting(Stores {
            slot: Release,
            latest: Relaxed,
        });
    });
}

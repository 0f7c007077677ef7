// SPDX-License-Identifier: GPL-2.0

//! The end of a registration against a delivery, and against a read that fails.

use crate::explore;
use loom::{
    sync::{
        atomic::{AtomicBool, Ordering::Relaxed},
        Arc, Mutex,
    },
    thread,
};

/// A queue, and what has happened to its messages.
#[derive(Default)]
struct Queue {
    closed: bool,
    folded: bool,
    depth: u64,
    counts: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    received: u64,
    read: u64,
    dropped_end: u64,
}

#[derive(Default)]
struct Registration {
    dying: AtomicBool,
    queue: Mutex<Queue>,
    totals: Mutex<Counts>,
}

impl Registration {
    fn with_messages(depth: u64) -> Self {
        let registration = Self::default();
        {
            let mut queue = registration.queue.lock().unwrap();
            queue.depth = depth;
            queue.counts.received = depth;
        }
        registration
    }

    /// Sends to it; `looks`: whether the queue is looked at, and not just the mark.
    fn deliver(&self, looks: bool) {
        if self.dying.load(Relaxed) {
            return;
        }
        let mut queue = self.queue.lock().unwrap();
        if !looks || !queue.closed {
            queue.depth += 1;
            queue.counts.received += 1;
        }
    }

    fn close_and_discard(&self) {
        self.dying.store(true, Relaxed);
        self.queue.lock().unwrap().closed = true;
        loop {
            let mut queue = self.queue.lock().unwrap();
            if queue.depth == 0 {
                break;
            }
            queue.depth -= 1;
            queue.counts.dropped_end += 1;
        }
    }

    /// Adds the counts to the totals; `together`: and notes so under the lock of the queue.
    fn fold(&self, together: bool) {
        let mut queue = self.queue.lock().unwrap();
        let counts = queue.counts;
        if together {
            queue.folded = true;
        }
        let mut totals = self.totals.lock().unwrap();
        totals.received += counts.received;
        totals.read += counts.read;
        totals.dropped_end += counts.dropped_end;
        drop(totals);
        drop(queue);
        self.queue.lock().unwrap().folded = true;
    }

    /// Takes a message, cannot copy it out, and gives it back.
    fn read_in_vain(&self) {
        {
            let mut queue = self.queue.lock().unwrap();
            if queue.depth == 0 {
                return;
            }
            queue.depth -= 1;
            queue.counts.read += 1;
        }
        let is_folded = {
            let mut queue = self.queue.lock().unwrap();
            queue.counts.read -= 1;
            if queue.closed {
                queue.counts.dropped_end += 1;
            } else {
                queue.depth += 1;
            }
            queue.folded
        };
        if is_folded {
            let mut totals = self.totals.lock().unwrap();
            totals.read -= 1;
            totals.dropped_end += 1;
        }
    }
}

fn delivery(looks: bool) {
    let registration = Arc::new(Registration::default());
    let senders = [(); 2].map(|()| {
        let registration = registration.clone();
        thread::spawn(move || registration.deliver(looks))
    });
    registration.close_and_discard();
    for sender in senders {
        sender.join().unwrap();
    }
    let queue = registration.queue.lock().unwrap();
    assert_eq!(queue.depth, 0, "messages that nobody will read");
    assert_eq!(queue.counts.received, queue.counts.dropped_end);
}

#[test]
fn no_message_stays_in_a_queue_that_nobody_reads() {
    explore::holds(|| delivery(true));
}

#[test]
fn the_mark_alone_does_not_keep_senders_out() {
    explore::breaks(|| delivery(false));
}

fn reading(together: bool) {
    let registration = Arc::new(Registration::with_messages(1));
    let reader = thread::spawn({
        let registration = registration.clone();
        move || registration.read_in_vain()
    });
    registration.close_and_discard();
    registration.fold(together);
    reader.join().unwrap();
    let totals = *registration.totals.lock().unwrap();
    assert_eq!(totals.received, 1);
    assert_eq!((totals.read, totals.dropped_end), (0, 1));
}

#[test]
fn a_message_given_back_after_the_end_is_counted_once() {
    explore::holds(|| reading(true));
}

#[test]
fn that_counts_are_in_the_totals_is_noted_with_adding_them() {
    explore::breaks(|| reading(false));
}

// SPDX-License-Identifier: GPL-2.0

//! A wait queue for readers and pollers.
//!
//! The kernel crate's `CondVar` always takes the queue's lock to notify, does not tell pollers why
//! it wakes them, and hands a wake-up that went to an interrupted sleeper to nobody. This wrapper
//! follows `wait_event_interruptible_exclusive()` instead.

use super::shim;
use core::marker::PhantomPinned;
use kernel::{
    bindings,
    fs::File,
    new_mutex,
    prelude::*,
    sync::{
        barrier,
        LockClassKey,
        Mutex, //
    },
    types::Opaque, //
};

/// What happened, for those who poll.
#[derive(Clone, Copy)]
pub(crate) struct Events(u32);

impl Events {
    /// Nothing.
    pub(crate) const NONE: Events = Events(0);
    /// There is something to read.
    pub(crate) const READABLE: Events = Events(shim::MQ_EPOLLIN);
    /// Writing does not block.
    pub(crate) const WRITABLE: Events = Events(shim::MQ_EPOLLOUT);
    /// It has ended.
    pub(crate) const HANG_UP: Events = Events(shim::MQ_EPOLLHUP);
    /// Polling failed.
    pub(crate) const ERROR: Events = Events(shim::MQ_EPOLLERR);

    /// These and those.
    pub(crate) fn and(self, other: Events) -> Events {
        Events(self.0 | other.0)
    }

    /// The bits, as `poll` returns them.
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    fn as_key(self) -> *mut c_void {
        self.0 as usize as *mut c_void
    }
}

/// A wait queue.
#[pin_data]
pub(crate) struct WaitQueue {
    #[pin]
    head: Opaque<bindings::wait_queue_head>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: A wait queue may be used and freed by any thread.
unsafe impl Send for WaitQueue {}
// SAFETY: A wait queue has a lock of its own.
unsafe impl Sync for WaitQueue {}

impl WaitQueue {
    /// An empty queue.
    pub(crate) fn new(name: &'static CStr, key: Pin<&'static LockClassKey>) -> impl PinInit<Self> {
        pin_init!(Self {
            head <- Opaque::ffi_init(|head| {
                // SAFETY: `head` points at memory for a wait queue head; `key` is static.
                unsafe { bindings::__init_waitqueue_head(head, name.as_char_ptr(), key.as_ptr()) }
            }),
            _pin: PhantomPinned,
        })
    }

    /// Sleeps until `attempt` succeeds, whatever signals come; for waits that are sure to be short.
    pub(crate) fn wait_uninterrupted(&self, mut attempt: impl FnMut() -> bool) {
        let _ = self.wait_in(bindings::TASK_UNINTERRUPTIBLE, false, || {
            attempt().then_some(())
        });
    }

    /// Sleeps until `attempt` succeeds, and returns what it gave.
    ///
    /// `attempt` runs once before any sleep, and again after each wake-up, in a state in which it
    /// must not sleep. Of those who wait with `exclusive`, one is woken at a time; a wake-up that
    /// meets a signal is used if `attempt` can use it, and otherwise goes to the next.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` where a signal came first.
    pub(crate) fn wait<R>(&self, exclusive: bool, attempt: impl FnMut() -> Option<R>) -> Result<R> {
        self.wait_in(bindings::TASK_INTERRUPTIBLE, exclusive, attempt)
    }

    fn wait_in<R>(
        &self,
        state: u32,
        exclusive: bool,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Result<R> {
        let flags = if exclusive {
            bindings::WQ_FLAG_EXCLUSIVE as c_int
        } else {
            0
        };
        let entry = Opaque::<bindings::wait_queue_entry>::uninit();
        // SAFETY: `entry` is memory for an entry, which stays where it is until this function
        // returns, by when it is out of the queue.
        unsafe { bindings::init_wait_entry(entry.get(), flags) };
        loop {
            // SAFETY: Both are initialised, and the entry is in no other queue.
            let interrupted = unsafe {
                bindings::prepare_to_wait_event(self.head.get(), entry.get(), state as c_int)
            };
            let done = attempt();
            if done.is_some() || interrupted != 0 {
                // SAFETY: As above; this also takes the entry out of the queue, if it is in there.
                unsafe { bindings::finish_wait(self.head.get(), entry.get()) };
                return done.ok_or(ERESTARTSYS);
            }
            // SAFETY: Sleeping is allowed to the callers of this function.
            unsafe { bindings::schedule() };
        }
    }

    /// Whether anybody waits or polls; what the caller changed before is seen by whoever comes too
    /// late to be counted here.
    #[inline]
    fn has_sleepers(&self) -> bool {
        barrier::smp_mb(barrier::Full);
        // SAFETY: The head is initialised. The list is only compared, and only read once, as
        // `waitqueue_active()` does.
        unsafe {
            let list = &raw mut (*self.head.get()).head;
            (&raw const (*list).next).read_volatile() != list
        }
    }

    /// Whether nobody is in the queue, nor just leaving it: who has left has also let go of its lock.
    fn is_idle(&self) -> bool {
        // SAFETY: The head is initialised.
        unsafe { shim::mq_wait_queue_is_idle(self.head.get()) }
    }

    /// Wakes all pollers and one exclusive waiter. `sync`: the caller is about to sleep.
    #[inline]
    pub(crate) fn wake_one(&self, events: Events, sync: bool) {
        if !self.has_sleepers() {
            return;
        }
        let state = bindings::TASK_NORMAL;
        // SAFETY: The head is initialised.
        unsafe {
            if sync {
                bindings::__wake_up_sync_key(self.head.get(), state, events.as_key());
            } else {
                bindings::__wake_up(self.head.get(), state, 1, events.as_key());
            }
        }
    }

    /// Wakes all who wait or poll.
    pub(crate) fn wake_all(&self, events: Events) {
        if !self.has_sleepers() {
            return;
        }
        // SAFETY: The head is initialised.
        unsafe {
            bindings::__wake_up(self.head.get(), bindings::TASK_NORMAL, 0, events.as_key());
        }
    }
}

/// What somebody can poll for: it has a wait queue.
///
/// Two values are equal if they have the same queue.
pub(crate) trait Polled: Clone + PartialEq + Send + 'static {
    /// The queue, which exists as long as any clone of `self` does.
    fn wait_queue(&self) -> &WaitQueue;
}

/// What an open file has been polled for, kept until nobody can be woken by it any more.
///
/// An epoll instance stays in a wait queue for as long as the file that it watches is open, so the
/// file must keep the queue.
#[pin_data]
pub(super) struct Polls<P: Polled> {
    #[pin]
    kept: Mutex<KVec<P>>,
}

impl<P: Polled> Polls<P> {
    /// For a file that nobody has polled.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self { kept <- new_mutex!(KVec::new(), "mq_polls") })
    }
}

/// One call of `poll` on an open file.
pub(crate) struct Poll<'a, P: Polled> {
    file: &'a File,
    table: *mut bindings::poll_table,
    polls: &'a Polls<P>,
}

impl<'a, P: Polled> Poll<'a, P> {
    /// # Safety
    ///
    /// `table` is the poll table of a call of `poll` on `file`, valid for `'a` or null; `polls`
    /// lives as long as the file.
    pub(super) unsafe fn from_raw(
        file: &'a File,
        table: *mut bindings::poll_table,
        polls: &'a Polls<P>,
    ) -> Self {
        Self { file, table, polls }
    }

    /// Whether the caller wants to be woken later, not only told how things are now.
    pub(crate) fn registers(&self) -> bool {
        // SAFETY: By the contract of `from_raw` the table is valid or null.
        !self.table.is_null() && unsafe { (*self.table)._qproc.is_some() }
    }

    /// Has the caller woken by the queue of `polled`, too.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn wait_on(&self, polled: &P) -> Result {
        if !self.registers() {
            return Ok(());
        }
        let mut kept = self.polls.kept.lock();
        if !kept.contains(polled) {
            kept.retain(|other| !other.wait_queue().is_idle());
            kept.push(polled.clone(), GFP_KERNEL_ACCOUNT)?;
        }
        let queue = polled.wait_queue().head.get();
        // SAFETY: File and table are valid by the contract of `from_raw`. The queue is kept by a
        // clone in `kept`, which lives as long as the file, and from which only queues are removed
        // that nobody is in or just leaving; this one is not, as the caller is in it by the time
        // that the lock is dropped.
        unsafe { bindings::poll_wait(self.file.as_ptr(), queue, self.table) };
        Ok(())
    }
}

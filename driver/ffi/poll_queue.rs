// SPDX-License-Identifier: GPL-2.0

//! A wait queue for those who poll a file, and a poll itself.
//!
//! Somebody who polls stays in the queue after the call has returned, and may look at it until the
//! end of a grace period of RCU. So it goes as the kernel crate's `PollCondVarBox` does: whoever is
//! still in there is told to let go, and the memory is freed a grace period later.

use super::{
    shim,
    wait_queue::{
        self,
        PollMask,
        Wake, //
    }, //
};
use core::ptr::NonNull;
use kernel::{
    bindings,
    fs::File,
    prelude::*, //
};

/// A wait queue for those who poll.
///
/// # Invariants
///
/// The pointer is that of a queue from `mq_poll_queue_alloc`, which is this value's own.
pub(crate) struct PollQueue(NonNull<shim::mq_poll_queue>);

// SAFETY: A wait queue may be used and freed by any thread.
unsafe impl Send for PollQueue {}
// SAFETY: A wait queue has a lock of its own.
unsafe impl Sync for PollQueue {}

impl PollQueue {
    /// An empty queue.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: May be called by anybody who may sleep.
        let queue = unsafe { shim::mq_poll_queue_alloc() };
        // INVARIANT: The queue is the caller's.
        NonNull::new(queue).map(Self).ok_or(ENOMEM)
    }

    fn head(&self) -> *mut bindings::wait_queue_head {
        // SAFETY: The queue is valid by the type invariants; only the address is taken.
        unsafe { &raw mut (*self.0.as_ptr()).head }
    }

    /// Whether anybody polls; what the caller changed before is seen by whoever comes too late to
    /// be counted here.
    pub(crate) fn has_sleepers(&self) -> bool {
        // SAFETY: The head is initialised.
        unsafe { wait_queue::has_sleepers(self.head()) }
    }

    /// Wakes those who poll, and have them look again if `why` is nothing.
    pub(crate) fn wake(&self, how: Wake, why: PollMask) {
        // SAFETY: The head is initialised.
        unsafe { wait_queue::wake(self.head(), how, why) };
    }
}

impl Drop for PollQueue {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the queue is ours; it is freed after a grace period.
        unsafe { shim::mq_poll_queue_free(self.0.as_ptr()) };
    }
}

/// One call of `poll` on an open file.
pub(crate) struct Poll<'a> {
    file: &'a File,
    table: *mut bindings::poll_table,
}

impl<'a> Poll<'a> {
    /// # Safety
    ///
    /// `table` is the poll table of a call of `poll` on `file`, valid for `'a` or null.
    pub(super) unsafe fn from_raw(file: &'a File, table: *mut bindings::poll_table) -> Self {
        Self { file, table }
    }

    /// Whether the caller wants to be woken later, not only told how things are now.
    pub(crate) fn registers(&self) -> bool {
        // SAFETY: By the contract of `from_raw` the table is valid or null.
        !self.table.is_null() && unsafe { (*self.table)._qproc }.is_some()
    }

    /// Has the caller woken by a queue. Some ways to wait want one only, so this is for one call.
    pub(crate) fn wait_on(&self, queue: &PollQueue) {
        // SAFETY: File and table are valid by the contract of `from_raw`. The queue tells whoever is
        // in it before it goes, and stays for a grace period then.
        unsafe { bindings::poll_wait(self.file.as_ptr(), queue.head(), self.table) };
    }
}

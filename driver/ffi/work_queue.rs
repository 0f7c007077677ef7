// SPDX-License-Identifier: GPL-2.0

//! A work queue of the module's own, so that unloading can wait for what is under way.

use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*,
    workqueue::Queue, //
};

/// A work queue. Dropping it waits for the work that it holds, also for what is still to be put in
/// after a grace period of RCU.
///
/// # Invariants
///
/// The pointer is that of a work queue that this value owns.
pub(crate) struct WorkQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: Work queues may be used and destroyed by any thread.
unsafe impl Send for WorkQueue {}
// SAFETY: Work queues may be used by any thread.
unsafe impl Sync for WorkQueue {}

impl WorkQueue {
    /// A queue that gets on with its work even where memory is short.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        let flags = bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags_WQ_MEM_RECLAIM;
        // SAFETY: The format takes one string, which is NUL-terminated.
        let queue = unsafe {
            bindings::alloc_workqueue_noprof(
                c"%s".as_char_ptr(),
                flags,
                0,
                name.as_char_ptr(), //
            )
        };
        // INVARIANT: `alloc_workqueue()` gives a queue to the caller, or null.
        Ok(Self(NonNull::new(queue).ok_or(ENOMEM)?))
    }

    /// Waits for all work put in so far.
    pub(crate) fn flush(&self) {
        // SAFETY: By the type invariants the queue exists.
        unsafe { bindings::__flush_workqueue(self.0.as_ptr()) };
    }

    /// The queue, to put work into.
    pub(crate) fn queue(&self) -> &Queue {
        // SAFETY: By the type invariants the queue lives as long as `self`.
        unsafe { Queue::from_raw(self.0.as_ptr()) }
    }

    /// The queue, for the other wrappers.
    pub(super) fn as_ptr(&self) -> *mut bindings::workqueue_struct {
        self.0.as_ptr()
    }
}

impl Drop for WorkQueue {
    fn drop(&mut self) {
        // SAFETY: May be called by anybody who may sleep.
        unsafe { bindings::rcu_barrier() };
        // SAFETY: By the type invariants the queue is ours; `queue` lends it for no longer.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Learning of the end of a process.
//!
//! `struct pid` has a wait queue, meant for pidfds, that is woken when its process ends: before
//! the parent can collect it, and under `tasklist_lock` with interrupts off. It is also woken for
//! lesser reasons, such as a leader that exits before its threads, which are sorted out here.

use super::{
    process_id::ProcessId,
    shim, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// What wants to know of the end of a process.
pub(crate) trait OnExit: Send + Sync + 'static {
    /// The process has ended: its last thread has exited.
    ///
    /// Called once, from atomic context with interrupts off: it must not sleep, allocate, take a
    /// lock that is taken elsewhere with interrupts on, or hold the last reference to `self`.
    fn process_ended(self: Arc<Self>);
}

/// A watch over a process, until it is dropped.
///
/// # Invariants
///
/// - `entry` is initialised, and in no queue but that of `pid`.
/// - While it is in there, the watch is pinned in memory, and the wake function alone touches
///   `target`, under the lock of that queue.
#[pin_data(PinnedDrop)]
#[repr(C)]
pub(crate) struct ExitWatch<T: OnExit> {
    #[pin]
    entry: Opaque<bindings::wait_queue_entry>,
    target: Opaque<Option<Arc<T>>>,
    pid: ProcessId,
}

// SAFETY: The entry and the target are accessed as the type invariants say; the rest is `Send`.
unsafe impl<T: OnExit> Send for ExitWatch<T> {}
// SAFETY: There are no methods by shared reference.
unsafe impl<T: OnExit> Sync for ExitWatch<T> {}

impl<T: OnExit> ExitWatch<T> {
    /// Watches the calling process, which is alive as it calls, on behalf of `target`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn current(pid: ProcessId, target: Arc<T>) -> Result<Pin<KBox<Self>>> {
        let watch = KBox::pin_init(
            pin_init!(Self {
                // INVARIANT: The entry is initialised, and in no queue.
                entry <- Opaque::ffi_init(|entry| {
                    // SAFETY: `entry` points at memory for a wait queue entry.
                    unsafe { shim::mq_wait_entry_init(entry, Some(Self::woken)) }
                }),
                target: Opaque::new(Some(target)),
                pid,
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        // INVARIANT: The queue is that of `pid`; from here on the target is left alone.
        //
        // SAFETY: The entry is initialised and in no queue; the watch is pinned until it is dropped,
        // which takes the entry out.
        unsafe { shim::mq_exit_queue_add(watch.pid.as_ptr(), watch.entry.get()) };
        Ok(watch)
    }

    /// The wake function of the entry.
    ///
    /// # Safety
    ///
    /// `entry` is the entry of an `ExitWatch<T>`, in the queue of that watch's process, whose lock
    /// is held.
    unsafe extern "C" fn woken(
        entry: *mut bindings::wait_queue_entry,
        _mode: c_uint,
        _flags: c_int,
        _key: *mut c_void,
    ) -> c_int {
        let watch = Opaque::cast_from(entry).cast::<Self>();
        // SAFETY: The entry is the first field of a watch, which is pinned while it is queued.
        let pid = unsafe { &(*watch).pid };
        if !pid.has_exited() {
            return 0;
        }
        // SAFETY: The entry is queued, and the lock of the queue is held.
        unsafe { shim::mq_wait_queue_remove_locked(entry) };
        // SAFETY: The watch is pinned as long as the lock of the queue is held.
        let target = unsafe { &(*watch).target }.get();
        // SAFETY: By the type invariants the target is touched here alone as long as the lock is
        // held.
        let target = unsafe { (*target).take() };
        if let Some(target) = target {
            target.process_ended();
        }
        1
    }
}

#[pinned_drop]
impl<T: OnExit> PinnedDrop for ExitWatch<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The entry is initialised, and in no queue but that of this process.
        unsafe { shim::mq_exit_queue_remove(self.pid.as_ptr(), self.entry.get()) };
        // SAFETY: The entry is out of the queue and its wake function is not running, so this is
        // the only access. Whether or not the target was taken, the field is initialised.
        drop(unsafe { (*self.target.get()).take() });
    }
}

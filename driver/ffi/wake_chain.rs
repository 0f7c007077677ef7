// SPDX-License-Identifier: GPL-2.0

//! A link from a wait queue to something else that is to be woken with it.

use super::{
    compat,
    shim,
    wait_queue::{
        PollMask,
        WaitQueue, //
    }, //
};
use kernel::{
    alloc::Flags,
    bindings,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// What is woken with a wait queue.
pub(crate) trait OnWake: Send + Sync + 'static {
    /// The queue is being woken; `sync`: by somebody who is about to sleep. Returns whether the
    /// link is to stay armed.
    ///
    /// Called under the lock of the queue with interrupts off: it must not sleep, allocate, or take
    /// a lock that is taken elsewhere with interrupts on.
    fn woken(&self, why: PollMask, sync: bool) -> bool;
}

/// A link, until it is dropped.
///
/// # Invariants
///
/// - `entry` is initialised, and in no queue but that of `from`.
/// - While it is in there, the link is pinned in memory.
#[pin_data(PinnedDrop)]
#[repr(C)]
pub(crate) struct WakeChain<T: OnWake> {
    #[pin]
    entry: Opaque<bindings::wait_queue_entry>,
    from: Arc<WaitQueue>,
    to: T,
}

// SAFETY: The entry is changed under the lock of the queue of `from` alone; the rest is `Send`.
unsafe impl<T: OnWake> Send for WakeChain<T> {}
// SAFETY: The entry is changed under the lock of the queue of `from` alone; the rest is `Sync`.
unsafe impl<T: OnWake> Sync for WakeChain<T> {}

impl<T: OnWake> WakeChain<T> {
    /// A link that is not armed yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(from: Arc<WaitQueue>, to: T, flags: Flags) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            pin_init!(Self {
                // INVARIANT: The entry is initialised and in no queue.
                entry <- Opaque::ffi_init(|entry| {
                    // SAFETY: `entry` points at memory for a wait queue entry.
                    unsafe { shim::mq_wait_entry_init(entry, Some(Self::woken)) }
                }),
                from,
                to,
            }),
            flags,
        )
    }

    /// What is woken.
    pub(crate) fn target(&self) -> &T {
        &self.to
    }

    /// Has the queue wake it from now on. What the caller looks at after that is not older than
    /// what somebody changed who then found nobody in the queue.
    pub(crate) fn arm(self: Pin<&Self>) {
        // INVARIANT: The queue is that of `from`, and the link is pinned until it is dropped, which
        // takes the entry out.
        //
        // SAFETY: Queue and entry are initialised; the entry is in this queue or in none.
        unsafe { shim::mq_wait_queue_add(self.from.as_ptr(), self.entry.get()) };
        // Pairs with the barrier in `has_sleepers()`. Letting go of the lock does not order what
        // follows, and `poll_wait()`, which has a barrier, comes before this.
        compat::smp_mb();
    }

    /// The wake function of the entry.
    ///
    /// # Safety
    ///
    /// `entry` is the entry of a `WakeChain<T>`, in the queue of its `from`, whose lock is held.
    unsafe extern "C" fn woken(
        entry: *mut bindings::wait_queue_entry,
        _mode: c_uint,
        flags: c_int,
        key: *mut c_void,
    ) -> c_int {
        // SAFETY: The entry is the first field of a link, which is pinned and not dropped as long
        // as the entry is queued; dropping waits for the lock that is held.
        let chain = unsafe { &*Opaque::cast_from(entry).cast::<Self>() };
        if !chain.to.woken(PollMask::from_key(key), flags != 0) {
            // SAFETY: The entry is queued, and the lock of the queue is held.
            unsafe { shim::mq_wait_queue_remove_locked(entry) };
        }
        // It took nothing away from exclusive waiters of the queue.
        0
    }
}

#[pinned_drop]
impl<T: OnWake> PinnedDrop for WakeChain<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The entry is initialised, and in no queue but that of `from`.
        unsafe { shim::mq_wait_queue_remove(self.from.as_ptr(), self.entry.get()) };
    }
}

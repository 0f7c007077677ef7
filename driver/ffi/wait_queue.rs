// SPDX-License-Identifier: GPL-2.0

//! A wait queue for readers.
//!
//! The kernel crate's `CondVar` always takes the queue's lock to notify, does not tell pollers why
//! it wakes them, and hands a wake-up that went to an interrupted sleeper to nobody. This wrapper
//! follows `wait_event_interruptible_exclusive()` instead.

use super::{
    compat,
    shim, //
};
use core::{
    marker::PhantomPinned,
    num::NonZero, //
};
use kernel::{
    alloc::Flags,
    bindings,
    prelude::*,
    sync::{
        Arc,
        LockClassKey, //
    },
    types::Opaque, //
};

/// A poll mask: what an operation on a file would not block for.
#[derive(Clone, Copy)]
pub(crate) struct PollMask(u32);

impl PollMask {
    /// Nothing.
    pub(crate) const NONE: PollMask = PollMask(0);
    /// There is something to read.
    pub(crate) const READABLE: PollMask = PollMask(shim::MQ_EPOLLIN);
    /// Writing does not block.
    pub(crate) const WRITABLE: PollMask = PollMask(shim::MQ_EPOLLOUT);
    /// It has ended.
    pub(crate) const HANG_UP: PollMask = PollMask(shim::MQ_EPOLLHUP);
    /// Polling failed.
    pub(crate) const ERROR: PollMask = PollMask(shim::MQ_EPOLLERR);

    /// The same, with where it comes from: see [`PollMask::source`].
    pub(crate) fn with_source(self, source: u16) -> PollMask {
        PollMask(self.0 & u32::from(u16::MAX) | u32::from(source) << 16)
    }

    /// Where it comes from: a number that the kernel does not know of. It stands in bits that no
    /// poll mask has, and must be taken away before somebody who polls sees it.
    pub(crate) fn source(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// The same, without where it comes from.
    pub(crate) fn without_source(self) -> PollMask {
        self.with_source(0)
    }

    /// Whether it is about an end.
    pub(crate) fn is_hang_up(self) -> bool {
        self.0 & Self::HANG_UP.0 != 0
    }

    /// This and that.
    pub(crate) fn and(self, other: PollMask) -> PollMask {
        PollMask(self.0 | other.0)
    }

    /// The bits, as `poll` returns them.
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    pub(super) fn from_key(key: *mut c_void) -> Self {
        // CAST: A key is a mask, which has 32 bits.
        Self(key as usize as u32)
    }

    fn as_key(self) -> *mut c_void {
        self.0 as usize as *mut c_void
    }
}

/// How many are woken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// All pollers and one exclusive waiter.
    One,
    /// The same, by somebody who is about to sleep: they may take its CPU.
    OneSync,
    /// All pollers, and as many exclusive waiters.
    Some(NonZero<u16>),
    /// All who wait or poll.
    All,
}

/// A time at which waiting ends.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(bindings::ktime_t);

impl Deadline {
    /// So many nanoseconds from now on.
    pub(crate) fn after(nanoseconds: u64) -> Self {
        // SAFETY: The clock may be asked anywhere but in an NMI.
        let now = unsafe { bindings::ktime_get() };
        let nanoseconds = bindings::ktime_t::try_from(nanoseconds);
        Self(now.saturating_add(nanoseconds.unwrap_or(bindings::ktime_t::MAX)))
    }
}

/// Sleeps in the state that the caller has set; true where the deadline has come.
fn sleep_until(deadline: Option<Deadline>) -> bool {
    match deadline {
        None => {
            // SAFETY: Sleeping is allowed to the callers of this function.
            unsafe { bindings::schedule() };
            false
        }
        Some(mut deadline) => {
            let mode = bindings::hrtimer_mode_HRTIMER_MODE_ABS;
            // SAFETY: Sleeping is allowed to the callers of this function, and the time is there as
            // long as the call lasts.
            unsafe { bindings::schedule_hrtimeout(&raw mut deadline.0, mode) == 0 }
        }
    }
}

/// What a wait gave.
pub(crate) struct Waited<R> {
    /// What `attempt` gave.
    pub(crate) result: R,
    /// Whether the caller may have been in the queue still, so that a wake-up may have met it after
    /// that. Otherwise the one wake-up that it got came before.
    pub(crate) was_queued: bool,
}

/// A wait queue, in cache lines of its own: who sleeps and who wakes write it, and have nothing to do
/// with those of the next one.
#[pin_data]
#[repr(align(64))]
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

    /// An empty queue that several share.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new_shared(
        name: &'static CStr,
        key: Pin<&'static LockClassKey>,
        flags: Flags,
    ) -> Result<Arc<Self>> {
        Arc::pin_init(Self::new(name, key), flags)
    }

    /// The head, for the other wrappers.
    pub(super) fn as_ptr(&self) -> *mut bindings::wait_queue_head {
        self.head.get()
    }

    /// Sleeps until `attempt` succeeds, whatever signals come; for waits that are sure to be short.
    pub(crate) fn wait_uninterruptible(&self, mut attempt: impl FnMut() -> bool) {
        let _ = self.wait_in(bindings::TASK_UNINTERRUPTIBLE, false, None, || {
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
    pub(crate) fn wait<R>(
        &self,
        exclusive: bool,
        attempt: impl FnMut() -> Option<R>,
    ) -> Result<Waited<R>> {
        self.wait_until(exclusive, None, attempt)
    }

    /// The same until a deadline.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` where a signal came first, `ETIMEDOUT` where the deadline did.
    pub(crate) fn wait_until<R>(
        &self,
        exclusive: bool,
        deadline: Option<Deadline>,
        attempt: impl FnMut() -> Option<R>,
    ) -> Result<Waited<R>> {
        self.wait_in(bindings::TASK_INTERRUPTIBLE, exclusive, deadline, attempt)
    }

    fn wait_in<R>(
        &self,
        state: u32,
        exclusive: bool,
        deadline: Option<Deadline>,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Result<Waited<R>> {
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
            let mut was_queued = true;
            let mut done = attempt();
            let mut is_late = false;
            if done.is_none() && interrupted == 0 {
                is_late = sleep_until(deadline);
                // SAFETY: The entry is initialised.
                was_queued = unsafe { is_queued(entry.get()) };
                // Mostly this is what was waited for, and then there is no need to queue again.
                done = attempt();
            }
            if done.is_some() || interrupted != 0 || is_late {
                // SAFETY: Both are initialised; this takes the entry out of the queue if it is in.
                unsafe { bindings::finish_wait(self.head.get(), entry.get()) };
                return done
                    .map(|result| Waited { result, was_queued })
                    .ok_or(if is_late { ETIMEDOUT } else { ERESTARTSYS });
            }
        }
    }

    /// Whether anybody waits; what the caller changed before is seen by whoever comes too late to
    /// be counted here.
    #[inline(always)]
    pub(crate) fn has_sleepers(&self) -> bool {
        // SAFETY: The head is initialised.
        unsafe { has_sleepers(self.head.get()) }
    }

    /// Wakes those who sleep, if there are any.
    #[inline(always)]
    pub(crate) fn wake(&self, how: Wake, why: PollMask) {
        order();
        self.wake_ordered(how, why);
    }

    /// The same after [`order`].
    #[inline(always)]
    pub(crate) fn wake_ordered(&self, how: Wake, why: PollMask) {
        // SAFETY: The head is initialised.
        if unsafe { is_waited_for(self.head.get()) } {
            // SAFETY: The head is initialised.
            unsafe { wake(self.head.get(), how, why) };
        }
    }
}

/// Has what the caller changed before seen by whoever comes too late to be found asleep after this.
#[inline(always)]
pub(crate) fn order() {
    // Pairs with the barriers of those who queue and then look: in `set_current_state()`, in
    // `poll_wait()`, and in `WakeChain::arm`.
    compat::smp_mb();
}

/// Whether an entry may be in a queue still: if not, a wake-up has taken it out.
///
/// # Safety
///
/// `entry` points at an initialised entry.
unsafe fn is_queued(entry: *mut bindings::wait_queue_entry) -> bool {
    // SAFETY: The entry is valid; only the address of the field is taken.
    let links = unsafe { &raw mut (*entry).entry };
    // SAFETY: The links are valid; only the address of the field is taken.
    let next = unsafe { &raw const (*links).next };
    // SAFETY: The links are initialised. The pointer is only compared, and only read once; a wake-up
    // sets it last, as `list_del_init_careful()` does.
    unsafe { next.read_volatile() != links }
}

/// # Safety
///
/// `head` points at an initialised wait queue head.
#[inline(always)]
pub(super) unsafe fn has_sleepers(head: *mut bindings::wait_queue_head) -> bool {
    order();
    // SAFETY: The head is initialised.
    unsafe { is_waited_for(head) }
}

/// # Safety
///
/// `head` points at an initialised wait queue head.
#[inline(always)]
unsafe fn is_waited_for(head: *mut bindings::wait_queue_head) -> bool {
    // SAFETY: The head is valid; only the address of the field is taken.
    let list = unsafe { &raw mut (*head).head };
    // SAFETY: The list is valid; only the address of the field is taken.
    let next = unsafe { &raw const (*list).next };
    // SAFETY: The list is initialised. The pointer is only compared, and only read once, as
    // `waitqueue_active()` does.
    unsafe { next.read_volatile() != list }
}

/// # Safety
///
/// `head` points at an initialised wait queue head.
pub(super) unsafe fn wake(head: *mut bindings::wait_queue_head, how: Wake, why: PollMask) {
    let (state, key) = (bindings::TASK_NORMAL, why.as_key());
    match how {
        // SAFETY: The head is initialised.
        Wake::One => unsafe {
            bindings::__wake_up(head, state, 1, key);
        },
        // SAFETY: The head is initialised.
        Wake::OneSync => unsafe { bindings::__wake_up_sync_key(head, state, key) },
        // SAFETY: The head is initialised.
        Wake::Some(count) => unsafe {
            bindings::__wake_up(head, state, count.get().into(), key);
        },
        // SAFETY: The head is initialised.
        Wake::All => unsafe {
            bindings::__wake_up(head, state, 0, key);
        },
    }
}

// SPDX-License-Identifier: GPL-2.0

//! A process, held by the kernel's `struct pid`.
//!
//! Unlike a number, it is never given to another process while somebody holds it.

use super::shim;
use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*, //
};

/// A reference to a process: a thread group, not a thread.
///
/// # Invariants
///
/// The pointer is valid, and this value owns one reference to what it points at.
pub(crate) struct Pid(NonNull<bindings::pid>);

// SAFETY: `struct pid` is reference-counted atomically and meant to be shared between threads.
unsafe impl Send for Pid {}
// SAFETY: As above; all methods only read.
unsafe impl Sync for Pid {}

impl Pid {
    /// The calling process.
    pub(crate) fn current() -> Result<Self> {
        // SAFETY: Always allowed: the caller is a task, whose `struct pid` is valid while it runs.
        let pid = unsafe { shim::mq_get_pid(shim::mq_current_tgid()) };
        // INVARIANT: `mq_get_pid` took a reference, unless there is no process at all.
        NonNull::new(pid).map(Self).ok_or(ESRCH)
    }

    /// The key of the calling process: see [`Pid::key`].
    #[inline]
    pub(crate) fn current_key() -> usize {
        // SAFETY: Always allowed; the pointer is not followed.
        unsafe { shim::mq_current_tgid() as usize }
    }

    /// A number that no other process has as long as this value exists.
    #[inline]
    pub(crate) fn key(&self) -> usize {
        self.0.as_ptr() as usize
    }

    /// The process's number in the initial PID namespace.
    pub(crate) fn number(&self) -> i32 {
        // SAFETY: The pointer is valid by the type invariants.
        unsafe { bindings::pid_nr_ns(self.0.as_ptr(), &raw mut bindings::init_pid_ns) }
    }

    /// The process's number in the PID namespace of the caller; 0 if it is not visible there.
    pub(crate) fn number_for_current(&self) -> i32 {
        // SAFETY: The pointer is valid by the type invariants.
        unsafe { bindings::pid_vnr(self.0.as_ptr()) }
    }

    /// The `struct pid`, for the other wrappers.
    pub(super) fn as_ptr(&self) -> *mut bindings::pid {
        self.0.as_ptr()
    }
}

impl Clone for Pid {
    fn clone(&self) -> Self {
        // SAFETY: The pointer is valid by the type invariants.
        unsafe { shim::mq_get_pid(self.0.as_ptr()) };
        // INVARIANT: The reference just taken belongs to the new value.
        Self(self.0)
    }
}

impl Drop for Pid {
    fn drop(&mut self) {
        // SAFETY: By the type invariants this value owns a reference, which it gives up here.
        unsafe { bindings::put_pid(self.0.as_ptr()) };
    }
}

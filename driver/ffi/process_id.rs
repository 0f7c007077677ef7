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
pub(crate) struct ProcessId(NonNull<bindings::pid>);

// SAFETY: `struct pid` is reference-counted atomically and meant to be shared between threads.
unsafe impl Send for ProcessId {}
// SAFETY: All methods only read, or count atomically.
unsafe impl Sync for ProcessId {}

impl ProcessId {
    /// The calling process.
    pub(crate) fn current() -> Result<Self> {
        // SAFETY: The caller is a task.
        let pid = unsafe { shim::mq_current_tgid() };
        // SAFETY: The `struct pid` of a task is valid while it runs.
        let pid = unsafe { shim::mq_get_pid(pid) };
        // INVARIANT: `mq_get_pid` took a reference, unless there is no process at all.
        NonNull::new(pid).map(Self).ok_or(ESRCH)
    }

    /// The key of the calling process: see [`ProcessId::key`].
    #[inline(always)]
    pub(crate) fn current_key() -> usize {
        // SAFETY: The caller is a task.
        unsafe { shim::mq_current_tgid() as usize }
    }

    /// A number that no other process has as long as this value exists.
    #[inline(always)]
    pub(crate) fn key(&self) -> usize {
        self.0.as_ptr() as usize
    }

    /// The process's number in the initial PID namespace: `pid_nr()`.
    pub(crate) fn nr(&self) -> i32 {
        let namespace = &raw mut bindings::init_pid_ns;
        // SAFETY: The pointer is valid by the type invariants; the namespace is static.
        unsafe { bindings::pid_nr_ns(self.0.as_ptr(), namespace) }
    }

    /// The process's number in the PID namespace of the caller, 0 if it is not visible there:
    /// `pid_vnr()`.
    pub(crate) fn vnr(&self) -> i32 {
        // SAFETY: The pointer is valid by the type invariants.
        unsafe { bindings::pid_vnr(self.0.as_ptr()) }
    }

    /// Whether every thread of the process has exited, which others can see from then on.
    pub(crate) fn has_exited(&self) -> bool {
        // SAFETY: The pointer is valid by the type invariants.
        unsafe { shim::mq_process_has_exited(self.0.as_ptr()) }
    }

    /// The `struct pid`, for the other wrappers.
    pub(super) fn as_ptr(&self) -> *mut bindings::pid {
        self.0.as_ptr()
    }
}

impl Clone for ProcessId {
    fn clone(&self) -> Self {
        // SAFETY: The pointer is valid by the type invariants.
        unsafe { shim::mq_get_pid(self.0.as_ptr()) };
        // INVARIANT: The reference just taken belongs to the new value.
        Self(self.0)
    }
}

impl Drop for ProcessId {
    fn drop(&mut self) {
        // SAFETY: By the type invariants this value owns a reference, which it gives up here.
        unsafe { bindings::put_pid(self.0.as_ptr()) };
    }
}

/// Whether the caller is a thread of the kernel's own, and so acts for a process that it does not
/// tell.
pub(crate) fn current_is_kernel_thread() -> bool {
    // SAFETY: The caller is a task.
    unsafe { shim::mq_current_is_kernel_thread() }
}

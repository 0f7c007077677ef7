// SPDX-License-Identifier: GPL-2.0

//! What the kernel crate has since Linux 7.3, made of what 7.2 has as well.
//!
//! The same code serves both, and does what the kernel's own does. A driver that needs 7.3 would use
//! that, and not have this file.

use kernel::{
    bindings,
    error::Error, //
};

/// `THIS_MODULE`; null where the driver is a part of the kernel.
#[cfg(MODULE)]
pub(super) const THIS_MODULE: *mut bindings::module = &raw mut bindings::__this_module;
#[cfg(not(MODULE))]
pub(super) const THIS_MODULE: *mut bindings::module = core::ptr::null_mut();

/// `EDQUOT`, of which the kernel crate of 7.2 has no constant.
#[cold]
#[inline(never)]
pub(crate) fn edquot() -> Error {
    Error::from_errno(-(bindings::EDQUOT as i32))
}

/// A full memory barrier between processors.
#[inline(always)]
pub(super) fn smp_mb() {
    // SAFETY: A barrier may stand anywhere.
    unsafe { bindings::smp_mb() }
}

/// Waits for a grace period of RCU. Sleeps.
pub(super) fn synchronize_rcu() {
    // SAFETY: Every task may call this where it may sleep, and has no guard of `rcu::read_lock()`.
    unsafe { bindings::synchronize_rcu() }
}

/// Whether the caller has a capability in the initial user namespace. Leaves no trace in the audit
/// log.
pub(super) fn capable_noaudit(capability: u32) -> bool {
    let initial = &raw mut bindings::init_user_ns;
    // SAFETY: Every task may call this, and the initial namespace is always there.
    unsafe { bindings::ns_capable_noaudit(initial, capability as i32) }
}

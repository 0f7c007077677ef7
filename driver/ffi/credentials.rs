// SPDX-License-Identifier: GPL-2.0

//! Users and what they may do.

use super::{
    compat,
    shim, //
};
use kernel::{
    bindings,
    task::Kuid, //
};

/// Whether the caller may hold more than its quota: `CAP_SYS_RESOURCE` in the initial user
/// namespace. Asked without a trace in the audit log, because any user can have it asked.
pub(crate) fn may_exceed_quota() -> bool {
    compat::capable_noaudit(bindings::CAP_SYS_RESOURCE)
}

/// Whether the caller administers the system: `CAP_SYS_ADMIN` in the initial user namespace.
pub(crate) fn capable_sys_admin() -> bool {
    // SAFETY: `capable` may be called by every task.
    unsafe { bindings::capable(bindings::CAP_SYS_ADMIN as i32) }
}

/// A user's number as the caller's user namespace sees it, or the overflow number:
/// `from_kuid_munged()`.
pub(crate) fn from_kuid_munged(user: Kuid) -> u32 {
    // SAFETY: `mq_from_kuid_munged` may be called by every task.
    unsafe { shim::mq_from_kuid_munged(user.into_raw()) }
}

/// Whether the caller's namespaces are the initial ones.
#[inline(always)]
pub(crate) fn sees_all_ids() -> bool {
    // SAFETY: `mq_sees_all_ids` may be called by every task.
    unsafe { shim::mq_sees_all_ids() }
}

/// The numbers in the caller's namespaces of a process and a user that have these in the initial ones:
/// 0 if the process is not visible there or, for callers elsewhere, has exited; the overflow number.
#[cold]
#[inline(never)]
pub(crate) fn ids_here(mut pid: u32, mut uid: u32) -> (u32, u32) {
    // SAFETY: `mq_ids_here` may be called by every task, and changes these two.
    unsafe { shim::mq_ids_here(&raw mut pid, &raw mut uid) };
    (pid, uid)
}

/// A number that no other user has.
#[inline(always)]
pub(crate) fn key(user: Kuid) -> u64 {
    u64::from(user.into_raw().val)
}

/// The user that the caller's quota is: the effective one; inside a user namespace that an ordinary
/// user made, that user.
pub(crate) fn quota_user() -> Kuid {
    // SAFETY: `mq_quota_user` may be called by every task.
    Kuid::from_raw(unsafe { shim::mq_quota_user() })
}

/// Bytes of memory that the machine has.
pub(crate) fn machine_memory() -> u64 {
    // SAFETY: `mq_machine_memory` may always be called.
    unsafe { shim::mq_machine_memory() }
}

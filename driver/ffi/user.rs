// SPDX-License-Identifier: GPL-2.0

//! Users and what they may do.

use super::shim;
use kernel::{
    bindings,
    task::Kuid, //
};

/// Whether the caller may use more than its share: `CAP_SYS_RESOURCE` in the initial namespace.
pub(crate) fn may_exceed_limits() -> bool {
    capable(bindings::CAP_SYS_RESOURCE)
}

/// Whether the caller administers the system: `CAP_SYS_ADMIN` in the initial namespace.
pub(crate) fn is_administrator() -> bool {
    capable(bindings::CAP_SYS_ADMIN)
}

/// A user's number as the caller's user namespace sees it, or the overflow number.
pub(crate) fn number_for_current(user: Kuid) -> u32 {
    // SAFETY: Always allowed.
    unsafe { shim::mq_uid_seen_by_current(user.into_raw()) }
}

/// A number that no other user has.
pub(crate) fn key(user: Kuid) -> u64 {
    u64::from(user.into_raw().val)
}

fn capable(capability: u32) -> bool {
    // SAFETY: Always allowed.
    unsafe { bindings::capable(capability as i32) }
}

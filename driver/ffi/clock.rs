// SPDX-License-Identifier: GPL-2.0

//! What time it is.

use kernel::bindings;

/// Nanoseconds since boot, those included in which the machine was suspended: `CLOCK_BOOTTIME`.
#[inline(always)]
pub(crate) fn boottime() -> u64 {
    // SAFETY: The clock may be asked anywhere but in an NMI.
    let time = unsafe { bindings::ktime_get_boottime() };
    // Never before boot.
    time.unsigned_abs()
}

// SPDX-License-Identifier: GPL-2.0

//! Random numbers.

use kernel::bindings;

/// 64 random bits, good enough to keep secrets.
pub(crate) fn random_u64() -> u64 {
    let mut bytes = [0_u8; 8];
    // SAFETY: The buffer is writable and as long as is said.
    unsafe { bindings::get_random_bytes(bytes.as_mut_ptr().cast(), bytes.len()) };
    u64::from_ne_bytes(bytes)
}

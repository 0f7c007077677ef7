// SPDX-License-Identifier: GPL-2.0

//! Numbers that a process and the children that it starts later all see and change.

use std::{ptr, sync::atomic::AtomicU64};

/// `count` numbers, all 0. They stay for as long as the process does.
pub fn numbers(count: usize) -> &'static [AtomicU64] {
    let (protection, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED | libc::MAP_ANONYMOUS,
    );
    let len = count * size_of::<AtomicU64>();
    // SAFETY: A new anonymous mapping touches no other memory.
    let base = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, -1, 0) };
    assert_ne!(base, libc::MAP_FAILED, "mmap of {len} bytes");
    // SAFETY: The mapping has room for them, is aligned to a page, zeroed, and never unmapped; who
    // shares it changes it by atomic operations only.
    unsafe { std::slice::from_raw_parts(base.cast(), count) }
}

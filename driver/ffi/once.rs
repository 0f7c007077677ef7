// SPDX-License-Identifier: GPL-2.0

//! `READ_ONCE()` for what the kernel crate's `Atomic` holds.
//!
//! A relaxed load of an `Atomic` calls a function of C, which costs more than the load does. It may
//! also forget what is in the processor's registers. This one is a plain instruction.

#[cfg(not(target_arch = "x86_64"))]
use kernel::sync::atomic::Acquire;
use kernel::sync::atomic::{
    Atomic,
    AtomicType, //
};

/// The value now. What is reached through a pointer read so is seen as it was when the pointer was
/// stored with `Release`: the address depends on the value, as with `rcu_dereference()`.
#[inline(always)]
pub(crate) fn read_once<T: AtomicType>(from: &Atomic<T>) -> T {
    // SAFETY: The pointer is valid for reads and aligned. All that is stored there is a `T`, by
    // atomic operations of a word or less, and a volatile read of as much gives one of the values.
    unsafe { from.as_ptr().read_volatile() }
}

/// `smp_load_acquire()`.
#[inline(always)]
pub(crate) fn read_acquire(from: &Atomic<i32>) -> i32 {
    #[cfg(target_arch = "x86_64")]
    {
        let value = read_once(from);
        // Every load is an acquire for the processor; here it becomes one for the compiler.
        // SAFETY: No instruction.
        unsafe { core::arch::asm!("") };
        value
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        from.load(Acquire)
    }
}

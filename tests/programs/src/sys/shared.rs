// SPDX-License-Identifier: GPL-2.0

//! What processes of one program share: numbers, ways to wait for one to change, and descriptors at
//! places of the program's choice.

use std::{
    os::fd::{AsRawFd, OwnedFd, RawFd},
    ptr, slice,
    sync::atomic::{AtomicU32, AtomicU64},
    time::Duration,
};

use nix::unistd::Pid;

/// `len` numbers, zero at first, that the caller and all processes which it forks have in common.
pub fn numbers(len: usize) -> &'static [AtomicU64] {
    let area = map(len * size_of::<AtomicU64>());
    // SAFETY: The mapping is of that length, zero is a number, and it is never undone.
    unsafe { slice::from_raw_parts(area.cast(), len) }
}

/// The same of numbers that can be waited for.
pub fn counters(len: usize) -> &'static [AtomicU32] {
    let area = map(len * size_of::<AtomicU32>());
    // SAFETY: The mapping is of that length, zero is a number, and it is never undone.
    unsafe { slice::from_raw_parts(area.cast(), len) }
}

fn map(len: usize) -> *mut libc::c_void {
    let (protection, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED | libc::MAP_ANONYMOUS,
    );
    // SAFETY: A new anonymous mapping touches no other memory.
    let area = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, -1, 0) };
    assert_ne!(area, libc::MAP_FAILED, "mmap of {len} bytes");
    area
}

/// Sleeps while the counter has this value: until [`wake`], a signal or the end of the time.
pub fn sleep_while(counter: &AtomicU32, value: u32, limit: Duration) {
    let limit = libc::timespec {
        tv_sec: limit.as_secs() as i64,
        tv_nsec: limit.subsec_nanos().into(),
    };
    let address = counter.as_ptr();
    // SAFETY: Counter and time outlive the call.
    unsafe { libc::syscall(libc::SYS_futex, address, libc::FUTEX_WAIT, value, &limit) };
}

/// Wakes who sleeps because of the counter.
pub fn wake(counter: &AtomicU32) {
    let address = counter.as_ptr();
    // SAFETY: The counter outlives the call.
    unsafe { libc::syscall(libc::SYS_futex, address, libc::FUTEX_WAKE, 1) };
}

/// Gives a descriptor the number `at`, in the place of what had it, if the kernel can.
pub fn place(fd: OwnedFd, at: RawFd) {
    // SAFETY: The call takes numbers; who chooses `at` keeps no owner of it.
    unsafe { libc::dup3(fd.as_raw_fd(), at, libc::O_CLOEXEC) };
}

/// Closes what [`place`] has put there, if anything.
pub fn close(at: RawFd) {
    // SAFETY: Descriptors of these numbers have no owner.
    unsafe { libc::close(at) };
}

/// Sends a signal to one thread of a process, if it is still there.
pub fn signal_thread(process: Pid, thread: Pid, signal: i32) {
    // SAFETY: The call takes numbers.
    unsafe { libc::syscall(libc::SYS_tgkill, process.as_raw(), thread.as_raw(), signal) };
}

// SPDX-License-Identifier: GPL-2.0

//! What the benchmark asks of the system that no crate wraps safely: the counter of the processor,
//! new processes, System V queues, io_uring.
//!
//! This file is the only place with `unsafe`. It knows nothing of what is measured.
#![allow(unsafe_code)]

use std::{
    ffi::c_int,
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd},
    ptr,
};

use io_uring::{opcode, squeue, types, IoUring};
use nix::{
    errno::Errno,
    sys::{
        signal::{kill, Signal},
        wait::waitpid,
    },
    unistd::{ForkResult, Pid},
};

/// The processor's time stamp counter.
#[inline]
pub fn counter() -> u64 {
    // SAFETY: Every x86-64 processor has it, and Linux lets programs read it.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// Runs two instructions `times` times.
pub fn spin(times: u64) {
    // SAFETY: Changes the one register that it names.
    unsafe {
        std::arch::asm!("2:", "dec {0}", "jnz 2b", inout(reg) times => _, options(nomem, nostack));
    }
}

/// A process that was started here. It is killed and waited for when this goes.
pub struct Child(Pid);

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = kill(self.0, Signal::SIGKILL);
        let _ = waitpid(self.0, None);
    }
}

/// Runs `body` in a new process, which ends after it.
pub fn fork(body: impl FnOnce()) -> Child {
    // SAFETY: The benchmark has one thread, so no lock of the C library is left held in the child.
    match unsafe { nix::unistd::fork() }.expect("fork") {
        ForkResult::Parent { child } => Child(child),
        ForkResult::Child => {
            body();
            // SAFETY: Has no precondition.
            unsafe { libc::_exit(0) }
        }
    }
}

/// Runs `body` in a new process that shares memory and files with the caller, which makes it cheap.
///
/// It shares the state of the C library, too: only one of all these processes and the caller may
/// run at any time.
pub fn start_cheap(body: impl FnOnce() + 'static) -> Child {
    const STACK: usize = 32 << 10;

    extern "C" fn run<F: FnOnce()>(body: *mut libc::c_void) -> c_int {
        // SAFETY: It was leaked for this process, with this type.
        let body = unsafe { Box::from_raw(body.cast::<F>()) };
        body();
        0
    }
    fn entry<F: FnOnce()>(_: &F) -> extern "C" fn(*mut libc::c_void) -> c_int {
        run::<F>
    }

    // SAFETY: A new mapping, wherever there is room.
    let stack = unsafe {
        libc::mmap(
            ptr::null_mut(),
            STACK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    assert_ne!(stack, libc::MAP_FAILED, "mmap: {}", Errno::last());
    let entry = entry(&body);
    let body = Box::into_raw(Box::new(body));
    let flags =
        libc::CLONE_VM | libc::CLONE_FILES | libc::CLONE_FS | libc::CLONE_SIGHAND | libc::SIGCHLD;
    // SAFETY: Stack and body are leaked, so the process may use them for as long as it lives.
    let result = unsafe { libc::clone(entry, stack.byte_add(STACK), flags, body.cast()) };
    Child(Pid::from_raw(Errno::result(result).expect("clone")))
}

/// A System V message queue, removed when this goes.
pub struct SysvQueue {
    id: c_int,
    owner: Pid,
}

/// The bytes in front of a System V message: its type.
pub const SYSV_HEADER: usize = size_of::<libc::c_long>();

impl SysvQueue {
    /// A new queue.
    pub fn new() -> Self {
        // SAFETY: Takes numbers.
        let id = unsafe { libc::msgget(libc::IPC_PRIVATE, libc::IPC_CREAT | 0o600) };
        Self {
            id: Errno::result(id).expect("msgget"),
            owner: nix::unistd::getpid(),
        }
    }

    /// Sends `message`, type and text.
    #[inline]
    pub fn send(&self, message: &[u8]) {
        // SAFETY: The message is as long as said, behind its type.
        let result = unsafe {
            libc::msgsnd(
                self.id,
                message.as_ptr().cast(),
                message.len() - SYSV_HEADER,
                0,
            )
        };
        Errno::result(result).expect("msgsnd");
    }

    /// Receives a message, type and text, and gives the length of both.
    #[inline]
    pub fn receive(&self, buffer: &mut [u8]) -> usize {
        // SAFETY: The buffer is as long as said, behind the type.
        let result = unsafe {
            libc::msgrcv(
                self.id,
                buffer.as_mut_ptr().cast(),
                buffer.len() - SYSV_HEADER,
                0,
                0,
            )
        };
        Errno::result(result).expect("msgrcv") as usize + SYSV_HEADER
    }
}

impl Drop for SysvQueue {
    fn drop(&mut self) {
        if nix::unistd::getpid() == self.owner {
            // SAFETY: Takes numbers.
            unsafe { libc::msgctl(self.id, libc::IPC_RMID, ptr::null_mut()) };
        }
    }
}

/// Makes a request of a device, which reads these bytes and writes none.
pub fn ioctl(file: impl AsFd, command: u32, bytes: &[u8]) {
    let file = file.as_fd().as_raw_fd();
    // SAFETY: The bytes are there during the call, and the callers know what the device does.
    let result = unsafe { libc::ioctl(file, command.into(), bytes.as_ptr()) };
    Errno::result(result).expect("ioctl");
}

/// Takes over a descriptor that has no other owner.
pub fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: Who opened it gave it away.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// An io_uring, for whole batches of writes and reads.
pub struct Ring(IoUring);

impl Ring {
    /// Room for batches of that many.
    pub fn new(batch: usize) -> Self {
        Self(IoUring::new(batch as u32).expect("io_uring_setup"))
    }

    /// Writes `frame` that many times, by one system call, and waits until all is written.
    pub fn write(&mut self, file: RawFd, frame: &[u8], times: usize) {
        let entry = opcode::Write::new(types::Fd(file), frame.as_ptr(), frame.len() as u32);
        self.run(&entry.build(), times);
    }

    /// Reads into `buffer` that many times, by one system call, and waits until all is read.
    pub fn read(&mut self, file: RawFd, buffer: &mut [u8], times: usize) {
        let entry = opcode::Read::new(types::Fd(file), buffer.as_mut_ptr(), buffer.len() as u32);
        self.run(&entry.build(), times);
    }

    fn run(&mut self, entry: &squeue::Entry, times: usize) {
        for _ in 0..times {
            // SAFETY: The buffer is that of a caller who waits below until the kernel is done.
            unsafe { self.0.submission().push(entry) }.expect("room in the ring");
        }
        self.0.submit_and_wait(times).expect("io_uring_enter");
        let done = self.0.completion();
        assert_eq!(done.len(), times, "io_uring waits for all");
        for result in done {
            assert!(result.result() > 0, "io_uring: {}", result.result());
        }
    }
}

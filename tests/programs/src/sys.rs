// SPDX-License-Identifier: GPL-2.0

//! What the tests ask of the system that no crate wraps safely: unusual ways to start a process,
//! handlers, capabilities. What needs more has a file in `sys`.
//!
//! This file and its folder are the only place with `unsafe`. They know nothing of `/dev/mq`.
#![allow(unsafe_code)]

pub mod aio;
pub mod area;
pub mod ioctl;
pub mod kcov;
pub mod nowait;
pub mod shared;

use std::{
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    path::Path,
    ptr,
};

use io_uring::{opcode, squeue, types, IoUring};
use nix::{
    errno::Errno,
    sys::signal::{self, SaFlags, SigAction, SigHandler, SigSet, Signal},
    unistd::{ForkResult, Pid},
};

/// Ends the process at once: no destructor, no handler.
pub fn exit(code: i32) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(code) }
}

/// Ends the calling thread, even if it is the one that its process began with.
pub fn exit_thread() -> ! {
    // SAFETY: Nobody joins the thread, and its stack is left as it is.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!("the thread has ended")
}

/// Runs `body` in a new process, which ends with status 0 after it.
pub fn fork(body: impl FnOnce()) -> Pid {
    // SAFETY: Whoever forks here has one thread only, so no lock of the C library is left held in
    // the child.
    match unsafe { nix::unistd::fork() }.expect("fork") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            body();
            exit(0)
        }
    }
}

/// Runs `body` in a new process whose PID is `pid`, which must be free.
pub fn fork_as(pid: Pid, body: impl FnOnce()) -> nix::Result<Pid> {
    let wanted = [pid.as_raw()];
    // SAFETY: All-zero is a valid value of this plain structure.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.exit_signal = libc::SIGCHLD as u64;
    args.set_tid = wanted.as_ptr() as u64;
    args.set_tid_size = wanted.len() as u64;
    // SAFETY: Without flags and stack this is `fork`; see there. `args` outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &args, size_of_val(&args)) };
    match Errno::result(result)? {
        0 => {
            body();
            exit(0)
        }
        child => Ok(Pid::from_raw(child as i32)),
    }
}

/// Runs `body` in a new process whose parent is that of the caller.
pub fn fork_sibling(body: impl FnOnce()) -> nix::Result<Pid> {
    // SAFETY: All-zero is a valid value of this plain structure.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = libc::CLONE_PARENT as u64;
    // SAFETY: Without a stack this is `fork`, and who forks here has one thread only, so no lock of the
    // C library is left held in the child. `args` outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &args, size_of_val(&args)) };
    match Errno::result(result)? {
        0 => {
            body();
            exit(0)
        }
        child => Ok(Pid::from_raw(child as i32)),
    }
}

/// What a process of [`start_cheap`] does: one write, reported by one byte in `done`.
pub struct Job {
    /// Where it writes.
    pub to: RawFd,
    /// What it writes.
    pub bytes: Vec<u8>,
    /// Where it says with one byte that it has written: the number of the error, or 0.
    pub done: RawFd,
}

/// Starts a process that shares memory, files and handlers with the caller, which makes it cheap.
/// It does its job and sleeps until it is killed.
///
/// To be waited for before the next is started, since they share the C library's state too.
pub fn start_cheap(job: Job) -> nix::Result<Pid> {
    const STACK: usize = 8192;

    extern "C" fn run(job: *mut libc::c_void) -> libc::c_int {
        // SAFETY: The job was leaked for this process.
        let job = unsafe { &*job.cast::<Job>() };
        // SAFETY: The pointers and lengths are those of live buffers.
        unsafe {
            let written = libc::write(job.to, job.bytes.as_ptr().cast(), job.bytes.len());
            let error = if written < 0 {
                *libc::__errno_location() as u8
            } else {
                0
            };
            libc::write(job.done, ptr::from_ref(&error).cast(), 1);
            loop {
                libc::pause();
            }
        }
    }

    let stack = Box::leak(vec![0_u128; STACK / size_of::<u128>()].into_boxed_slice());
    let job = Box::into_raw(Box::new(job));
    let flags =
        libc::CLONE_VM | libc::CLONE_FILES | libc::CLONE_FS | libc::CLONE_SIGHAND | libc::SIGCHLD;
    // SAFETY: Stack and job are leaked, so the process may use them for as long as it lives.
    let result =
        unsafe { libc::clone(run, stack.as_mut_ptr_range().end.cast(), flags, job.cast()) };
    Errno::result(result).map(Pid::from_raw)
}

/// Makes `signal` interrupt what waits, or, with `restart`, only disturb it.
pub fn on_signal(signal: Signal, restart: bool) {
    extern "C" fn nothing(_: libc::c_int) {}

    let flags = if restart {
        SaFlags::SA_RESTART
    } else {
        SaFlags::empty()
    };
    let action = SigAction::new(SigHandler::Handler(nothing), flags, SigSet::empty());
    // SAFETY: A handler that does nothing may interrupt anything.
    unsafe { signal::sigaction(signal, &action) }.expect("sigaction");
}

/// Whether the kernel has settings under `/proc/sys`, as one of other people's may not.
pub fn has_sysctl() -> bool {
    Path::new("/proc/sys").exists()
}

/// A file descriptor for a process, readable when it has ended.
pub fn pidfd(pid: Pid) -> OwnedFd {
    // SAFETY: The call takes two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = Errno::result(fd).expect("pidfd_open");
    // SAFETY: The kernel just made this descriptor for us.
    unsafe { OwnedFd::from_raw_fd(fd as RawFd) }
}

/// The file that a process has open as `fd`, once more.
pub fn file_of(pid: Pid, fd: RawFd) -> OwnedFd {
    let process = pidfd(pid);
    // SAFETY: The call takes three numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) };
    own(Errno::result(fd).expect("pidfd_getfd") as RawFd)
}

/// Takes over a descriptor that was received and has no other owner.
pub fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: The kernel made this descriptor for whoever received it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// The file descriptor `fd`, which the process was started with.
pub fn inherited(fd: RawFd) -> BorrowedFd<'static> {
    // SAFETY: Nothing in this program closes descriptors that it did not open.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Gives an open file this number. What had it is closed.
pub fn place(fd: OwnedFd, number: RawFd) {
    // SAFETY: Whoever calls this uses the number for nothing else.
    let placed = unsafe { libc::dup2(fd.as_raw_fd(), number) };
    assert_eq!(placed, number, "dup2");
}

/// Gives up one capability for good.
pub fn drop_capability(number: u32) {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    const VERSION_3: u32 = 0x2008_0522;

    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    // Low and high halves, each of the effective, permitted and inheritable set.
    let mut sets = [[0_u32; 3]; 2];
    // SAFETY: Both structures have the layout that version 3 of the call asks for.
    let result = unsafe { libc::syscall(libc::SYS_capget, &header, &mut sets) };
    Errno::result(result).expect("capget");
    for set in &mut sets[number as usize / 32] {
        *set &= !(1 << (number % 32));
    }
    // SAFETY: As above.
    let result = unsafe { libc::syscall(libc::SYS_capset, &header, &sets) };
    Errno::result(result).expect("capset");
}

/// Traces a process without stopping it: the kernel tells of the exit of its first thread at once.
pub fn trace(pid: Pid) {
    // SAFETY: The call takes numbers.
    let result = unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid.as_raw(), 0, 0) };
    Errno::result(result).expect("ptrace");
}

/// Makes orphaned descendants ours, so that we can wait for them.
pub fn adopt_orphans() {
    // SAFETY: The call takes numbers.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
}

/// An io_uring with buffers that live as long as the process, as the kernel may write to them until then.
pub struct Ring(IoUring);

impl Ring {
    /// A small ring.
    pub fn new() -> Self {
        Self(IoUring::new(4).expect("io_uring_setup"))
    }

    /// One whose requests a thread of the kernel takes, without a system call for each.
    pub fn with_a_thread() -> Self {
        let ring = IoUring::builder().setup_sqpoll(1000).build(4);
        Self(ring.expect("io_uring_setup"))
    }

    fn submit(&mut self, entry: &squeue::Entry) {
        // SAFETY: The entries made here point to leaked memory only.
        unsafe { self.0.submission().push(entry) }.expect("room in the ring");
        self.0.submit().expect("io_uring_enter");
    }

    /// Asks for a read of up to `len` bytes; the buffer is returned.
    pub fn read(&mut self, fd: BorrowedFd, len: u32, tag: u64) -> *const [u8] {
        let buffer = Box::leak(vec![0_u8; len as usize].into_boxed_slice());
        let entry = opcode::Read::new(types::Fd(fd.as_raw_fd()), buffer.as_mut_ptr(), len);
        self.submit(&entry.build().user_data(tag));
        ptr::from_ref(buffer)
    }

    /// Asks for a write of `bytes`.
    pub fn write(&mut self, fd: BorrowedFd, bytes: &'static [u8], tag: u64) {
        self.submit(&Self::writing(fd, bytes).user_data(tag));
    }

    /// Asks for a write of `bytes`, in a thread that the kernel starts for it.
    pub fn write_by_worker(&mut self, fd: BorrowedFd, bytes: &'static [u8], tag: u64) {
        let entry = Self::writing(fd, bytes).flags(squeue::Flags::ASYNC);
        self.submit(&entry.user_data(tag));
    }

    fn writing(fd: BorrowedFd, bytes: &'static [u8]) -> squeue::Entry {
        let fd = types::Fd(fd.as_raw_fd());
        opcode::Write::new(fd, bytes.as_ptr(), bytes.len() as u32).build()
    }

    /// Asks to be told of any of `events`.
    pub fn poll(&mut self, fd: BorrowedFd, events: u32, tag: u64) {
        let entry = opcode::PollAdd::new(types::Fd(fd.as_raw_fd()), events);
        self.submit(&entry.build().user_data(tag));
    }

    /// Asks for the request `target` to be given up.
    pub fn cancel(&mut self, target: u64, tag: u64) {
        self.submit(&opcode::AsyncCancel::new(target).build().user_data(tag));
    }

    /// The next request that is done, if there is one: its tag and its result.
    pub fn done(&mut self) -> Option<(u64, i32)> {
        self.0
            .completion()
            .next()
            .map(|entry| (entry.user_data(), entry.result()))
    }
}

/// The first `len` bytes of a buffer that a completed [`Ring::read`] has filled.
pub fn filled(buffer: *const [u8], len: usize) -> Vec<u8> {
    // SAFETY: The buffer was leaked, and the kernel is done with it.
    unsafe { (&*buffer)[..len].to_vec() }
}

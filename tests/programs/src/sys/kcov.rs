// SPDX-License-Identifier: GPL-2.0

//! Which code of the kernel a thread has run: KCOV, of those parts of the kernel that were built for it.

use std::{
    fs::OpenOptions,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
    ptr, slice,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use nix::errno::Errno;

const PATH: &str = "/sys/kernel/debug/kcov";

/// Room for the addresses of one operation; what comes after so many is not recorded.
const WORDS: usize = 1 << 15;

const INIT_TRACE: libc::c_ulong = 0x8008_6301;
const ENABLE: libc::c_ulong = 0x6364;
const TRACE_PC: libc::c_ulong = 0;

/// Whether the kernel has it.
pub fn exists() -> bool {
    std::path::Path::new(PATH).exists()
}

/// The calling thread's coverage, recorded from now on until the thread ends.
pub struct Coverage {
    _fd: OwnedFd,
    /// The number of addresses, and then the addresses.
    words: &'static [AtomicU64],
}

impl Coverage {
    /// Begins to record, which takes rights over debugfs.
    pub fn of_this_thread() -> Self {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_CLOEXEC);
        let fd = OwnedFd::from(options.open(PATH).expect(PATH));
        let raw = fd.as_raw_fd();
        // SAFETY: The request takes a number.
        let result = unsafe { libc::ioctl(raw, INIT_TRACE, WORDS) };
        Errno::result(result).expect("KCOV_INIT_TRACE");
        let (protection, len) = (libc::PROT_READ | libc::PROT_WRITE, WORDS * 8);
        // SAFETY: A new mapping touches no other memory.
        let area =
            unsafe { libc::mmap(ptr::null_mut(), len, protection, libc::MAP_SHARED, raw, 0) };
        assert_ne!(area, libc::MAP_FAILED, "mmap of KCOV");
        // SAFETY: The mapping is of that length, is never undone, and only this thread and the
        // kernel on its behalf write to it, word by word.
        let words = unsafe { slice::from_raw_parts(area.cast::<AtomicU64>(), WORDS) };
        // SAFETY: The request takes a number.
        let result = unsafe { libc::ioctl(raw, ENABLE, TRACE_PC) };
        Errno::result(result).expect("KCOV_ENABLE");
        Self { _fd: fd, words }
    }

    /// Forgets what was recorded.
    pub fn clear(&self) {
        self.words[0].store(0, Relaxed);
    }

    /// The addresses recorded, in the order of execution.
    pub fn addresses(&self) -> impl Iterator<Item = u64> + '_ {
        let count = self.words[0].load(Relaxed) as usize;
        self.words[1..]
            .iter()
            .take(count)
            .map(|word| word.load(Relaxed))
    }
}

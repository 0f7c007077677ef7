// SPDX-License-Identifier: GPL-2.0

//! Memory with holes in it: to see what happens when the kernel, copying to or from a user's
//! buffer, comes to an address that is not there, or not there yet.
//!
//! Reads and writes go by raw address and length, which the kernel checks and Rust need not.

use std::{
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    ptr,
    sync::Mutex,
};

use nix::errno::Errno;

const PAGE: usize = 4096;

/// A mapping of our own, and the place in it where a buffer starts.
pub struct Area {
    base: *mut u8,
    len: usize,
    start: *mut u8,
}

// SAFETY: The area is plain memory that no Rust reference points into; threads hand its address to
// the kernel.
unsafe impl Send for Area {}
// SAFETY: As above.
unsafe impl Sync for Area {}

impl Area {
    fn map(len: usize) -> Self {
        let (protection, flags) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
        );
        // SAFETY: A new anonymous mapping touches no other memory.
        let base = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, -1, 0) };
        assert_ne!(base, libc::MAP_FAILED, "mmap of {len} bytes");
        let base = base.cast();
        Self {
            base,
            len,
            start: base,
        }
    }

    /// `len` bytes that cost nothing until they are touched.
    pub fn untouched(len: usize) -> Self {
        Self::map(len)
    }

    /// `bytes`, and right after them an address that faults.
    pub fn before_a_hole(bytes: &[u8]) -> Self {
        let whole = bytes.len().next_multiple_of(PAGE);
        let mut area = Self::map(whole + PAGE);
        // SAFETY: All of it lies within the mapping, whose last page becomes inaccessible and is
        // not written to before.
        unsafe {
            let hole = area.base.add(whole);
            assert_eq!(
                libc::mprotect(hole.cast(), PAGE, libc::PROT_NONE),
                0,
                "mprotect"
            );
            area.start = hole.sub(bytes.len());
            area.start
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        area
    }

    /// Where the buffer starts.
    pub fn address(&self) -> u64 {
        self.start as u64
    }

    /// The first `len` bytes of the buffer.
    pub fn bytes(&self, len: usize) -> Vec<u8> {
        assert!(self.start as usize + len <= self.base as usize + self.len);
        // SAFETY: Checked to lie within the mapping; callers ask for what is before the hole.
        unsafe { std::slice::from_raw_parts(self.start, len).to_vec() }
    }

    /// `write(fd, buffer, len)`.
    pub fn write_to(&self, fd: impl AsFd, len: usize) -> nix::Result<usize> {
        // SAFETY: The kernel checks what it reads.
        let count = unsafe { libc::write(fd.as_fd().as_raw_fd(), self.start.cast(), len) };
        Errno::result(count).map(|count| count as usize)
    }

    /// `ioctl(fd, command, buffer)`.
    pub fn ioctl(&self, fd: impl AsFd, command: u32) -> nix::Result<usize> {
        super::ioctl::at(fd, command, self.start as u64)
    }

    /// `read(fd, buffer, len)`.
    pub fn read_from(&self, fd: impl AsFd, len: usize) -> nix::Result<usize> {
        // SAFETY: The kernel checks where it writes, and nothing of Rust's lies in the mapping.
        let count = unsafe { libc::read(fd.as_fd().as_raw_fd(), self.start.cast(), len) };
        Errno::result(count).map(|count| count as usize)
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: The mapping is ours.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}

/// A page that is not there yet: whoever touches it waits until it is given.
pub struct AbsentPage {
    area: Area,
    fault: Mutex<Option<OwnedFd>>,
}

impl AbsentPage {
    /// A new one, or nothing where the kernel has no `userfaultfd`.
    pub fn new() -> Option<Self> {
        #[repr(C)]
        struct Api {
            api: u64,
            features: u64,
            ioctls: u64,
        }
        #[repr(C)]
        struct Register {
            start: u64,
            len: u64,
            mode: u64,
            ioctls: u64,
        }
        const UFFD_API: u64 = 0xaa;
        const UFFDIO_API: libc::c_ulong = 0xc018_aa3f;
        const UFFDIO_REGISTER: libc::c_ulong = 0xc020_aa00;
        const REGISTER_MODE_MISSING: u64 = 1;

        // SAFETY: The call takes one number.
        let fd = unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) };
        if Errno::result(fd) == Err(Errno::ENOSYS) {
            return None;
        }
        let fd = Errno::result(fd).expect("userfaultfd");
        // SAFETY: The kernel just made this descriptor for us.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        let area = Area::map(PAGE);
        let mut api = Api {
            api: UFFD_API,
            features: 0,
            ioctls: 0,
        };
        let mut register = Register {
            start: area.base as u64,
            len: PAGE as u64,
            mode: REGISTER_MODE_MISSING,
            ioctls: 0,
        };
        // SAFETY: Both requests get the structure that they ask for.
        let results = unsafe {
            [
                libc::ioctl(fd.as_raw_fd(), UFFDIO_API, &mut api),
                libc::ioctl(fd.as_raw_fd(), UFFDIO_REGISTER, &mut register),
            ]
        };
        assert_eq!(results, [0, 0], "userfaultfd: {}", Errno::last());
        Some(Self {
            area,
            fault: Mutex::new(Some(fd)),
        })
    }

    /// The page as a buffer for reads and writes that will wait.
    pub fn area(&self) -> &Area {
        &self.area
    }

    /// Gives the page, filled with zeros, to those who wait for it.
    pub fn give(&self) {
        self.fault.lock().expect("no panic under this lock").take();
    }
}

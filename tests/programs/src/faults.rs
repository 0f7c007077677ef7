// SPDX-License-Identifier: GPL-2.0

//! Faults to order: in a system call the first, the second, … allocation fails, or copy from or to
//! user memory, until none is left to fail.
//!
//! What must be true after each is for the topics to say.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    path::Path,
};

use nix::errno::Errno;

use crate::harness;

/// Which fault of the calling thread is to happen next.
pub const FAIL_NTH: &str = "/proc/self/fail-nth";
const DEBUGFS: &str = "/sys/kernel/debug";

/// Lets allocations that may sleep fail too, and says nothing about each in the log. A kernel that
/// injects no faults ends the test as not applicable.
pub fn prepare() {
    if !Path::new(FAIL_NTH).exists() {
        harness::skip("this kernel injects no faults");
    }
    for kind in ["failslab", "fail_page_alloc", "fail_usercopy"] {
        for (setting, value) in [
            ("verbose", "0"),
            ("ignore-gfp-wait", "N"),
            ("min-order", "0"),
        ] {
            let path = format!("{DEBUGFS}/{kind}/{setting}");
            if Path::new(&path).exists() {
                fs::write(&path, value).expect("a setting of fault injection");
            }
        }
    }
    assert!(
        Path::new(&format!("{DEBUGFS}/failslab")).exists(),
        "debugfs is mounted"
    );
}

/// The switch of the calling thread's faults.
struct Switch(File);

impl Switch {
    fn new() -> Self {
        let file = OpenOptions::new().read(true).write(true).open(FAIL_NTH);
        Self(file.expect(FAIL_NTH))
    }

    /// The fault with this number happens from now on.
    fn set(&mut self, nth: usize) {
        write!(self.0, "{nth}").expect(FAIL_NTH);
    }

    /// Takes the fault back, if it has not happened; how many were left until it would have.
    fn take_back(mut self) -> usize {
        let mut left = [0; 16];
        // A fault that is left may hit this read; then it has read nothing.
        let count = self.0.read(&mut left).unwrap_or(0);
        // The same goes for the fault that this write takes back.
        let _ = self.0.write(b"0");
        let left = std::str::from_utf8(&left[..count]).expect("text").trim();
        left.parse().unwrap_or(1)
    }
}

/// Runs `operation` with its `nth` fault happening. Returns how many were left until that, which is 0
/// if it has happened, and what came of it.
pub fn with<T>(nth: usize, operation: impl FnOnce() -> T) -> (usize, T) {
    let mut switch = Switch::new();
    switch.set(nth);
    let result = operation();
    (switch.take_back(), result)
}

/// Runs `operation` again and again, with its first fault happening, its second, and so on until
/// there is none. It gives `ENOMEM` or, for a copy, `EFAULT`, or it succeeds. `check` looks at what each
/// left behind and makes things as they were.
pub fn sweep<T: std::fmt::Debug>(
    operation: impl FnMut() -> Result<T, Errno>,
    check: impl FnMut(Result<T, Errno>),
) {
    sweep_allowing(&[], operation, check);
}

/// The same, where other errors are as good.
pub fn sweep_allowing<T: std::fmt::Debug>(
    allowed: &[Errno],
    mut operation: impl FnMut() -> Result<T, Errno>,
    mut check: impl FnMut(Result<T, Errno>),
) {
    let copies_fail = Path::new(&format!("{DEBUGFS}/fail_usercopy")).exists();
    for nth in 1..1000 {
        let (left, result) = with(nth, &mut operation);
        if let Err(error) = &result {
            let allowed = allowed.contains(error)
                || *error == Errno::ENOMEM
                || (copies_fail && *error == Errno::EFAULT);
            assert!(allowed, "{error} with fault {nth}");
            assert!(left == 0, "{error} without a fault");
        }
        check(result);
        if left > 0 {
            assert!(nth > 1, "there is nothing that could fail");
            println!("# count {} faults injected", nth - 1);
            return;
        }
    }
    panic!("there is no end of faults");
}

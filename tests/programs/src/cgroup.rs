// SPDX-License-Identifier: GPL-2.0

//! A memory cgroup of a test's own.

use std::{fs, path::Path};

use nix::{
    mount::{mount, MsFlags},
    sched::{unshare, CloneFlags},
};

use crate::{harness, wait};

const CGROUPS: &str = "/sys/fs/cgroup";

/// Such a cgroup, below the root, which is mounted for the test alone where it was not.
pub struct Cgroup(String);

impl Cgroup {
    /// A new one, or the end of the test where the kernel has none.
    pub fn new() -> Self {
        unshare(CloneFlags::CLONE_NEWNS).expect("unshare");
        let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, flags, None::<&str>).expect("private mounts");
        if !Path::new(&format!("{CGROUPS}/cgroup.controllers")).exists()
            && mount(
                Some("cgroup2"),
                CGROUPS,
                Some("cgroup2"),
                MsFlags::empty(),
                None::<&str>,
            )
            .is_err()
        {
            harness::skip("this kernel has no cgroups");
        }
        if fs::write(format!("{CGROUPS}/cgroup.subtree_control"), "+memory").is_err() {
            harness::skip("this kernel has no memory cgroups");
        }
        let path = format!("{CGROUPS}/mq-test-{}", std::process::id());
        fs::create_dir(&path).expect("a cgroup");
        Self(path)
    }

    /// Moves the calling process into it.
    pub fn enter(&self) {
        self.write("cgroup.procs", "0");
    }

    /// Bytes charged now.
    pub fn charged(&self) -> u64 {
        let text = self.read("memory.current");
        text.trim().parse().expect("a number")
    }

    /// Bytes charged now for what the kernel has allocated piece by piece, to the byte.
    pub fn slab(&self) -> u64 {
        let text = self.read("memory.stat");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("slab_unreclaimable "));
        line.and_then(|number| number.parse().ok())
            .expect("slab_unreclaimable")
    }

    /// Limits what may be charged; `None`: to nothing.
    pub fn limit(&self, bytes: Option<u64>) {
        let limit = bytes.map_or("max".to_owned(), |bytes| bytes.to_string());
        self.write("memory.max", &limit);
    }

    /// Has less than `bytes` charged: each processor charges up to 64 pages in advance, which are
    /// still to be had when the limit is reached.
    pub fn reclaim_below(&self, bytes: u64) {
        wait::until("the cgroup has given back what it can", || {
            // This limit has the kernel take back what it can, and kill nobody.
            self.write("memory.high", "0");
            self.charged() < bytes
        });
        self.write("memory.high", "max");
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(format!("{}/{file}", self.0)).expect("a file of the cgroup")
    }

    fn write(&self, file: &str, value: &str) {
        fs::write(format!("{}/{file}", self.0), value).expect("a file of the cgroup");
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // It is empty by then, or stays until its last process is gone.
        let _ = fs::remove_dir(&self.0);
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The processors that the benchmark may use.

use nix::{
    sched::{sched_getaffinity, sched_setaffinity, CpuSet},
    unistd::Pid,
};

/// Those that the process was started on.
pub struct Processors(Vec<usize>);

impl Processors {
    /// Finds them. To be asked before anybody stays on one.
    pub fn find() -> Self {
        let set = sched_getaffinity(Pid::from_raw(0)).expect("sched_getaffinity");
        let is_set = |&number: &usize| set.is_set(number).unwrap_or(false);
        Self((0..CpuSet::count()).filter(is_set).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Has the calling process stay on one of them; after the last comes the first.
    pub fn stay_on(&self, number: usize) {
        let mut set = CpuSet::new();
        let processor = self.0[number % self.0.len()];
        set.set(processor).expect("the number of a processor");
        sched_setaffinity(Pid::from_raw(0), &set).expect("sched_setaffinity");
    }
}

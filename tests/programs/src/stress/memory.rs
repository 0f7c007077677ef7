// SPDX-License-Identifier: GPL-2.0

//! The kernel's memory from round to round: it may not grow.
//!
//! What is freed late, after a grace period, makes a round look larger than it is, so the least of
//! several rounds is compared.

use std::fs;

use crate::wait;

/// Rounds that are compared with each other: the first of them, and the last.
const COMPARED: usize = 4;

/// Rounds in which caches find their size.
const WARM_UP: usize = 2;

/// The fewest rounds that show something.
pub const ROUNDS: usize = WARM_UP + 2 * COMPARED;

/// KiB after each round.
pub struct Memory(Vec<u64>);

impl Memory {
    /// No round yet.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// A round is over, and nothing of it is registered any more.
    pub fn note(&mut self) {
        let text = fs::read_to_string("/proc/meminfo").expect("meminfo");
        let of_kernel = |line: &&str| {
            ["SUnreclaim:", "VmallocUsed:"]
                .iter()
                .any(|name| line.starts_with(name))
        };
        let sizes = text
            .lines()
            .filter(of_kernel)
            .filter_map(|line| line.split_whitespace().nth(1));
        self.0.push(
            sizes
                .map(|size| size.parse::<u64>().expect("a number of KiB"))
                .sum(),
        );
    }

    /// Asserts that the last rounds left no more behind than the first ones.
    #[track_caller]
    pub fn must_be_flat(&self) {
        // KASAN keeps a part of the machine's memory back after it was freed.
        let slack = if wait::is_debug_kernel() {
            64 << 10
        } else {
            2 << 10
        };
        let all = &self.0;
        assert!(all.len() >= ROUNDS, "{} rounds show nothing", all.len());
        let least = |rounds: &[u64]| *rounds.iter().min().expect("rounds");
        let first = least(&all[WARM_UP..WARM_UP + COMPARED]);
        let last = least(&all[all.len() - COMPARED..]);
        println!("# kernel memory: {first} KiB after the first rounds, {last} KiB after the last");
        assert!(last <= first + slack, "KiB after each round: {all:?}");
    }
}

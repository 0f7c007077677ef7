// SPDX-License-Identifier: GPL-2.0

//! What is read before and after: a count of instructions, or the time.

use std::time::Duration;

use nix::time::{clock_gettime, ClockId};

use crate::sys;

/// A clock, by what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Instructions, where the time stamp counter counts them, as with QEMU's `-icount shift=0`.
    Instructions,
    /// Nanoseconds.
    Time,
}

impl Clock {
    /// Instructions, if that is what the time stamp counter counts here.
    pub fn instructions() -> Result<Self, String> {
        const TIMES: u64 = 10_000;
        // Twice, since an interrupt may come in between.
        let counts = [(); 2].map(|()| {
            let start = sys::counter();
            sys::spin(TIMES);
            sys::counter() - start
        });
        if counts.iter().any(|count| count.abs_diff(2 * TIMES) < 20) {
            return Ok(Self::Instructions);
        }
        Err(
            "the time stamp counter does not count instructions here: leave out --counted, or run \
             this in QEMU with -icount shift=0"
                .to_owned(),
        )
    }

    /// What reading it costs.
    pub fn cost(self) -> u64 {
        let cost = |_| {
            let start = self.now();
            self.now() - start
        };
        (0..1000).map(cost).min().expect("one of a thousand")
    }

    /// What it shows.
    #[inline]
    pub fn now(self) -> u64 {
        match self {
            Self::Instructions => sys::counter(),
            Self::Time => {
                let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("clock_gettime");
                Duration::from(now).as_nanos() as u64
            }
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Many processes, each of which does something of its own when it is its turn.

use std::os::fd::{AsFd, OwnedFd};

use nix::{
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::eventfd::EventFd,
    unistd,
};

use crate::sys::{self, Child};

/// What a process of a crowd does at its turn, and what comes of it.
pub type Member = Box<dyn FnMut() -> u64>;

/// Processes that share memory and files with the one that started them, and are killed with this.
pub struct Crowd {
    members: Vec<(EventFd, Child)>,
    results: OwnedFd,
    report: OwnedFd,
}

impl Crowd {
    /// Nobody yet.
    pub fn new() -> Self {
        let (results, report) = unistd::pipe().expect("pipe");
        Self {
            members: Vec::new(),
            results,
            report,
        }
    }

    /// That many of them; `member` makes what the process of that number does.
    pub fn start(count: usize, member: impl Fn(usize) -> Member) -> Self {
        let mut crowd = Self::new();
        crowd.grow(count, member);
        crowd
    }

    /// Starts more of them, until there are `count`.
    pub fn grow(&mut self, count: usize, member: impl Fn(usize) -> Member) {
        for number in self.members.len()..count {
            let turn = EventFd::new().expect("eventfd");
            let own = turn.as_fd().try_clone_to_owned().expect("dup");
            let report = self.report.try_clone().expect("dup");
            let mut member = member(number);
            let process = sys::start_cheap(move || loop {
                unistd::read(&own, &mut [0; 8]).expect("read from an eventfd");
                let result = member();
                unistd::write(&report, &result.to_ne_bytes()).expect("write to a pipe");
            });
            self.members.push((turn, process));
        }
    }

    /// Gives each of them its turn, one after the other.
    pub fn turn(&self) -> Vec<u64> {
        self.turn_from(0)
    }

    /// Gives each its turn, beginning with the one of that number.
    pub fn turn_from(&self, first: usize) -> Vec<u64> {
        let take_turn = |(turn, _): &(EventFd, Child)| {
            turn.write(1).expect("write to an eventfd");
            hear(&self.results)
        };
        self.members[first..].iter().map(take_turn).collect()
    }
}
/// The next number that a process has written to the pipe `from`.
pub fn hear(from: &OwnedFd) -> u64 {
    let mut number = [0; 8];
    let mut waited = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
    let answers = poll(&mut waited, PollTimeout::from(60_000_u16)).expect("poll");
    assert_eq!(answers, 1, "a process gave no answer within a minute");
    unistd::read(from, &mut number).expect("read from a pipe");
    u64::from_ne_bytes(number)
}

// SPDX-License-Identifier: GPL-2.0

//! Which message to receive, and how long to wait for it.

use std::time::{Duration, Instant};

use mq_policy::uapi::{Receive, RECEIVE_DONTWAIT, RECEIVE_FROM, RECEIVE_PEEK};

use crate::name::Name;
use crate::outgoing::nanoseconds;

/// Which message to receive, and how long to wait for it.
#[doc = crate::example!("wanted")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    from: Option<Name>,
    limit: Option<Duration>,
    peek: bool,
}

impl Wanted {
    /// The next message, whoever sent it and however long it takes.
    pub fn next() -> Self {
        Self::default()
    }

    /// Only one that was sent under this name; others stay in the queue.
    pub fn from(self, name: Name) -> Self {
        Self {
            from: Some(name),
            ..self
        }
    }

    /// Do not wait longer than that; with zero, not at all.
    pub fn within(self, limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Leave it in the queue.
    pub fn peek(self) -> Self {
        Self { peek: true, ..self }
    }

    /// What the driver is asked for by somebody who waits `since` then.
    pub(crate) fn request(&self, since: Instant) -> Receive {
        let mut request = Receive::default();
        if self.peek {
            request.flags |= RECEIVE_PEEK;
        }
        if let Some(name) = self.from {
            request.flags |= RECEIVE_FROM;
            request.from = name.padded();
        }
        match self
            .limit
            .map(|limit| limit.saturating_sub(since.elapsed()))
        {
            Some(Duration::ZERO) => request.flags |= RECEIVE_DONTWAIT,
            Some(left) => request.timeout = nanoseconds(left),
            None => {}
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_what_the_driver_is_asked_for() {
        let now = Instant::now();
        assert_eq!(Wanted::next().request(now), Receive::default());

        let bob = Name::new("bob").unwrap();
        let hour = Duration::from_secs(3600);
        let request = Wanted::next().from(bob).peek().within(hour).request(now);
        assert_eq!(request.flags, RECEIVE_FROM | RECEIVE_PEEK);
        assert_eq!(request.from, *b"bob\0\0\0\0\0");
        assert!(request.timeout > nanoseconds(hour / 2) && request.timeout <= nanoseconds(hour));

        let at_once = Wanted::next().within(Duration::ZERO).request(now);
        assert_eq!((at_once.flags, at_once.timeout), (RECEIVE_DONTWAIT, 0));
    }

    #[test]
    fn time_that_has_passed_is_not_waited_again() {
        let second = Duration::from_secs(1);
        let Some(before) = Instant::now().checked_sub(2 * second) else {
            panic!("the machine has just been booted");
        };
        let request = Wanted::next().within(second).request(before);
        assert_eq!((request.flags, request.timeout), (RECEIVE_DONTWAIT, 0));
    }
}

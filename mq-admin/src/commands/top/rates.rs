// SPDX-License-Identifier: GPL-2.0

//! Rates: what was counted between two looks at the registrations, divided by the time between.

use std::collections::HashMap;
use std::time::Instant;

use mq_client::watch::Entry;
use mq_client::Name;

/// One registration and how busy it is.
#[derive(Clone, Debug)]
pub struct Line {
    pub registration: Entry,
    /// Messages a second that it sends.
    pub sent: f64,
    /// Messages a second that are put into its queue.
    pub received: f64,
    /// Messages a second that its queue loses.
    pub dropped: f64,
}

/// The last look.
#[derive(Default)]
pub struct Rates {
    at: Option<Instant>,
    registrations: HashMap<(Name, u64), Entry>,
}

impl Rates {
    /// The rates since the last look; 0 for a registration that was not there then.
    pub fn update(&mut self, now: Instant, registrations: Vec<Entry>) -> Vec<Line> {
        let seconds = self
            .at
            .map(|at| now.saturating_duration_since(at).as_secs_f64())
            .filter(|&seconds| seconds > 0.0);
        let lines = registrations
            .iter()
            .map(|registration| {
                let before = self.registrations.get(&key(registration));
                let rate = |count: fn(&Entry) -> u64| match (before, seconds) {
                    (Some(before), Some(seconds)) => {
                        count(registration).saturating_sub(count(before)) as f64 / seconds
                    }
                    _ => 0.0,
                };
                Line {
                    registration: registration.clone(),
                    sent: rate(|of| of.sent),
                    received: rate(|of| of.received),
                    dropped: rate(|of| of.dropped),
                }
            })
            .collect();
        self.at = Some(now);
        self.registrations = registrations
            .into_iter()
            .map(|registration| (key(&registration), registration))
            .collect();
        lines
    }
}

/// A process that registers under a name that another one had starts from nothing.
fn key(registration: &Entry) -> (Name, u64) {
    (registration.name, registration.pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn registration(pid: u64, sent: u64, received: u64, dropped: u64) -> Entry {
        Entry {
            name: "bob".parse().unwrap(),
            pid,
            uid: 0,
            depth: 0,
            len: 8,
            sent,
            received,
            dropped,
            bytes: 0,
            waiting: 0,
        }
    }

    fn rates(line: &Line) -> (f64, f64, f64) {
        (line.sent, line.received, line.dropped)
    }

    #[test]
    fn a_rate_is_a_difference_over_the_time() {
        let mut looks = Rates::default();
        let start = Instant::now();
        let first = looks.update(start, vec![registration(1, 10, 20, 30)]);
        assert_eq!(rates(&first[0]), (0.0, 0.0, 0.0));
        let later = start + Duration::from_secs(2);
        let second = looks.update(later, vec![registration(1, 11, 30, 30)]);
        assert_eq!(rates(&second[0]), (0.5, 5.0, 0.0));
        let last = later + Duration::from_secs(1);
        let third = looks.update(last, vec![registration(1, 13, 30, 31)]);
        assert_eq!(rates(&third[0]), (2.0, 0.0, 1.0));
    }

    #[test]
    fn a_process_that_registers_anew_has_no_rate_backwards() {
        let mut looks = Rates::default();
        let start = Instant::now();
        looks.update(start, vec![registration(1, 10, 20, 30)]);
        let later = start + Duration::from_secs(1);
        let second = looks.update(later, vec![registration(1, 4, 0, 0)]);
        assert_eq!(rates(&second[0]), (0.0, 0.0, 0.0));
    }

    #[test]
    fn another_process_under_the_name_starts_anew() {
        let mut looks = Rates::default();
        let start = Instant::now();
        looks.update(start, vec![registration(1, 10, 20, 30)]);
        let later = start + Duration::from_secs(1);
        let second = looks.update(later, vec![registration(2, 500, 500, 500)]);
        assert_eq!(rates(&second[0]), (0.0, 0.0, 0.0));
    }
}

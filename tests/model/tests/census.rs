// SPDX-License-Identifier: GPL-2.0

//! What the sequences that are made up come to: each kind of operation is done often, and most of
//! what can come of it comes often enough for a difference to be seen.
//!
//! `cargo test -p mq-model --test census -- --nocapture` prints how often.

use std::collections::BTreeMap;

use mq_model::{contract::Model, judge, Answer, How, Machine, Operation, Outcome, Received};
use nix::errno::Errno;

/// Sequences that are counted.
const SEQUENCES: u64 = 800;

/// What is to be seen, and how often at least in 100,000 operations.
const LEAST: &[(&str, u64)] = &[
    ("a command carried out", 5_000),
    ("a line read", 1_800),
    ("records written, all", 1_200),
    ("records written, some", 1_200),
    ("records written by way of bytes", 80),
    ("a record sent to all", 700),
    ("a record sent that waits for room", 300),
    ("a read of records", 1_200),
    ("a read of two records or more", 600),
    ("a record received", 300),
    ("a record peeked at", 300),
    ("a record received from one sender", 120),
    ("a record of a priority", 1_500),
    ("a record of a broadcast", 1_200),
    ("a record that tells of lost ones", 500),
    ("a record without a time", 5),
    ("a send that waits until there is room", 500),
    ("a send that others have made room for", 200),
    ("a send whose receiver ends meanwhile", 60),
    ("who waits, and can do nothing else", 5_000),
    ("two who wait for the same queue", 4_000),
    ("a send without room: EAGAIN", 150),
    ("a send without room: ETIMEDOUT", 4),
    ("a receive without a message: ETIMEDOUT", 80),
    ("a record too long: EMSGSIZE", 80),
    ("a record to bad memory: EFAULT", 20),
    ("a switch to records", 4_000),
    ("a switch to text", 400),
    ("a switch with a line half read: EBUSY", 8),
    ("a longer header: E2BIG", 60),
    ("a file registered", 700),
    ("a file not registered: EEXIST", 700),
    ("a file unregistered", 50),
    ("a file's registration listed, whose maker has gone", 300),
    ("poll: readable", 700),
    ("poll: hung up", 200),
];

/// How often each has been seen.
#[derive(Default)]
struct Census(BTreeMap<&'static str, u64>);

impl Census {
    fn see(&mut self, what: &'static str, is_seen: bool) {
        *self.0.entry(what).or_default() += u64::from(is_seen);
    }

    fn see_all(&mut self, operation: &Operation, outcome: &Outcome) {
        match (operation, outcome) {
            (Operation::Write { bytes, .. }, Ok(_)) => {
                let is_command = bytes.0.first() == Some(&b'/');
                self.see("a command carried out", is_command);
                self.see("records written by way of bytes", !is_command);
            }
            (Operation::Read { .. }, Ok(Answer::Bytes(read))) => {
                self.see("a line read", !read.0.is_empty());
            }
            (Operation::Read { .. }, Ok(Answer::Records(read))) => {
                self.see("a read of records", !read.is_empty());
                self.see("a read of two records or more", read.len() > 1);
                self.see_records(read);
            }
            (Operation::Send { records, .. }, &Ok(Answer::Written(written))) => {
                let sizes = records.0.iter().map(|record| record.to_bytes().len());
                let all = written == sizes.sum::<usize>();
                self.see("records written, all", all && written > 0);
                self.see("records written, some", !all);
                // The first has been carried out, or nothing would have been written.
                let first = records.0.first();
                let is_broadcast = first.is_some_and(|record| record.to.0.is_empty());
                self.see("a record sent to all", is_broadcast);
                let waits = first.is_some_and(|record| record.wait);
                self.see("a record sent that waits for room", waits);
            }
            (Operation::Send { .. }, &Err(errno)) => {
                self.see("a send without room: EAGAIN", errno == Errno::EAGAIN);
                self.see("a send without room: ETIMEDOUT", errno == Errno::ETIMEDOUT);
            }
            (Operation::SendWaiting { .. }, outcome) => {
                let waits = outcome == &Ok(Answer::Waits);
                self.see("a send that waits until there is room", waits);
            }
            (Operation::Receive { peek, from, .. }, Ok(Answer::Records(received))) => {
                self.see("a record received", !peek);
                self.see("a record peeked at", *peek);
                self.see("a record received from one sender", !from.0.is_empty());
                self.see_records(received);
            }
            (Operation::Receive { how, .. }, &Err(errno)) => {
                let limit = errno == Errno::ETIMEDOUT;
                self.see("a receive without a message: ETIMEDOUT", limit);
                self.see("a record too long: EMSGSIZE", errno == Errno::EMSGSIZE);
                let bad = errno == Errno::EFAULT && matches!(how, How::OnlyThere(_));
                self.see("a record to bad memory: EFAULT", bad);
            }
            (Operation::SetFormat { format, .. }, Ok(_)) => {
                self.see("a switch to records", *format == 1);
                self.see("a switch to text", *format == 0);
            }
            (Operation::SetFormat { .. }, &Err(errno)) => {
                self.see(
                    "a switch with a line half read: EBUSY",
                    errno == Errno::EBUSY,
                );
            }
            (Operation::Write { .. }, &Err(errno)) => {
                self.see("a longer header: E2BIG", errno == Errno::E2BIG);
            }
            (Operation::Register { .. }, outcome) => {
                self.see("a file registered", outcome.is_ok());
                let is_taken = outcome == &Err(Errno::EEXIST);
                self.see("a file not registered: EEXIST", is_taken);
            }
            (Operation::Unregister { .. }, outcome) => {
                self.see("a file unregistered", outcome.is_ok());
            }
            (
                Operation::Poll { .. },
                Ok(Answer::Events {
                    readable, hung_up, ..
                }),
            ) => {
                self.see("poll: readable", *readable);
                self.see("poll: hung up", *hung_up);
            }
            _ => {}
        }
    }

    fn see_records(&mut self, records: &[Received]) {
        for record in records {
            self.see("a record of a priority", record.priority > 0);
            self.see("a record of a broadcast", record.broadcast);
            self.see("a record that tells of lost ones", record.lost > 0);
            self.see("a record without a time", !record.has_time);
        }
    }
}

#[test]
fn what_is_made_up_is_worth_comparing() {
    let (mut census, mut operations) = (Census::default(), 0);
    for seed in 1..=SEQUENCES {
        let mut model = Model::default();
        for operation in judge::made_up(seed) {
            let outcome = model.perform(&operation);
            census.see_all(&operation, &outcome);
            let busy = outcome == Err(Errno::EBUSY);
            census.see("who waits, and can do nothing else", busy);
            for (_, outcome) in model.over(&[]) {
                census.see("a send that others have made room for", outcome.is_ok());
                let ended = outcome == Err(Errno::ENOENT);
                census.see("a send whose receiver ends meanwhile", ended);
            }
            let rows = model.rows();
            let together = rows.iter().any(|row| row.waiting > 1);
            census.see("two who wait for the same queue", together);
            let orphans = rows.iter().any(|row| row.process.is_none());
            census.see(
                "a file's registration listed, whose maker has gone",
                orphans,
            );
            operations += 1;
        }
    }
    println!("of {operations} operations:");
    let mut too_few = Vec::new();
    for &(what, least) in LEAST {
        let seen = census.0.get(what).copied().unwrap_or_default();
        println!("{seen:7} {what}");
        if seen < least * operations / 100_000 {
            too_few.push((what, seen));
        }
    }
    assert_eq!(too_few, [], "seen too seldom in {operations} operations");
    assert_eq!(
        census.0.len(),
        LEAST.len(),
        "each that is counted is asked for"
    );
}

// SPDX-License-Identifier: GPL-2.0

//! Everything at once for a bounded time, then the accounts.
//!
//! Receivers read in different ways while senders send to them and to all, others register and are
//! killed, and a steerer flushes, evicts, changes parameters and reads every file there is. Each
//! receiver checks every message as it comes (the sender's stamp against what the text claims, the
//! order of each sender's numbers) and, when all others are done, its queue's accounts.

mod churn;
mod receiver;
mod steerer;

use std::time::{Duration, Instant};

use crate::{
    child::Child,
    device::Device,
    harness::{self, Topic},
    sysfs, wait,
};
use receiver::Way;

/// Those who receive, and how.
const RECEIVERS: [(&str, Way); 5] = [
    ("r0", Way::Blocking),
    ("r1", Way::Poll),
    ("r2", Way::EpollEdge),
    ("r3", Way::TwoProcesses),
    ("r4", Way::SmallReads),
];

/// Processes that only send.
const SENDERS: usize = 3;

/// Registrations that come and go, each name kept by one process.
const CHURNERS: usize = 3;

/// How long it takes, in seconds, for the test that has no argument.
static SECONDS: std::sync::OnceLock<u64> = std::sync::OnceLock::new();

const TESTS: Topic = &[(
    "everything at once: order, stamps and accounts are right",
    everything,
)];

/// Runs it as a test; whether it passed.
pub fn run(seconds: &str) -> bool {
    let Ok(seconds) = seconds.parse() else {
        eprintln!("mq-test: {seconds}: not a number of seconds");
        return false;
    };
    SECONDS.set(seconds).expect("one run a process");
    harness::run(TESTS, "", Duration::from_secs(seconds) + 3 * wait::LIMIT)
}

/// What a message says: who sent it, and its number among all that this sender sent.
fn text(sender: &str, number: u64) -> String {
    format!("{sender}:{number}")
}

fn everything() {
    let until = Instant::now() + Duration::from_secs(*SECONDS.get().expect("set by run"));
    sysfs::set("max_devices", RECEIVERS.len() + SENDERS + CHURNERS + 1);
    sysfs::set("queue_len", 16);

    let receivers: Vec<Child> = RECEIVERS
        .iter()
        .map(|&(name, way)| receiver::start(name, way))
        .collect();
    let mut busy: Vec<Child> = (0..SENDERS).map(|number| sender(number, until)).collect();
    busy.extend((0..CHURNERS).map(|number| churn::start(number, until)));
    busy.push(steerer::start(until));
    while Instant::now() < until {
        std::thread::sleep(wait::MOMENT);
    }
    busy.into_iter().for_each(Child::finish);

    // Nobody else sends or flushes any more: what comes last is the last.
    let device = Device::registered("main");
    let mut read = 0;
    for ((name, way), receiver) in RECEIVERS.iter().zip(receivers) {
        (0..way.readers()).for_each(|_| device.send(name, receiver::STOP));
        let said = receiver.hear();
        receiver.finish();
        let count = said
            .strip_prefix("balanced: ")
            .unwrap_or_else(|| panic!("{name}: {said}"));
        read += count.parse::<u64>().expect("a count");
    }
    assert!(read > 0, "nothing was read");
    println!("# {read} messages read");
}

/// A registered process that sends to single receivers and to all, in turns.
fn sender(number: usize, until: Instant) -> Child {
    Child::start(move |_| {
        let name = format!("s{number}");
        let device = Device::registered(&name);
        for (count, (to, _)) in (0_u64..).zip(RECEIVERS.iter().cycle()) {
            if Instant::now() > until {
                break;
            }
            let text = text(&name, count);
            if count % 8 == number as u64 {
                assert_eq!(device.command(format!("/all {text}")), Ok(()));
            } else {
                device.send(to, text);
            }
        }
    })
}

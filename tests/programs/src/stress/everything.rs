// SPDX-License-Identifier: GPL-2.0

//! Everything at once, round by round, and the accounts after each.

use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::{
    dice::Dice,
    end_of,
    ledger::Ledger,
    lives,
    memory::{self, Memory},
    message::{text, STOP},
    receiver::{self, Way},
    steerer, watcher,
};
use crate::{child::Child, device::Device, listing, sysfs, wait};

/// Those who receive, and how.
pub const RECEIVERS: [(&str, Way); 10] = [
    ("r0", Way::Blocking),
    ("r1", Way::Poll),
    ("r2", Way::EpollEdge),
    ("r3", Way::TwoProcesses),
    ("r4", Way::SmallReads),
    ("r5", Way::Aio),
    ("r6", Way::Uring),
    ("r7", Way::Threads),
    ("r8", Way::PollOfShared),
    ("r9", Way::AioOfShared),
];

/// Processes that only send.
const SENDERS: u64 = 3;

/// Users of whose processes one is registered after the other, each under one name.
pub const LIVES: [u32; 4] = [0, 0, 0, 1000];

/// Registrations that there can be at a time, and that of the test itself.
pub const ALL: u64 = RECEIVERS.len() as u64 + SENDERS + LIVES.len() as u64 + 1;

/// See above.
pub fn run() {
    let end = end_of(4);
    let rounds = memory::ROUNDS as u32;
    let ledger = Ledger::new(RECEIVERS.len());
    let mut memory = Memory::new();
    let (mut read, mut lived) = (0, 0);
    for left in (1..=rounds).rev() {
        let now = Instant::now();
        let (more, lives) = round(now + end.saturating_duration_since(now) / left, ledger);
        read += more;
        lived += lives;
        wait::until("all registrations end", || sysfs::registrations() == 0);
        memory.note();
    }
    assert!(read > 0, "nothing was read");
    println!("# count {read} messages read under stress");
    println!("# count {lived} registrations made and ended under stress");
    memory.must_be_flat();
}

/// One round; how many messages were read in it, and how many registrations came and went.
fn round(until: Instant, ledger: Ledger) -> (u64, u64) {
    ledger.clear();
    set_parameters();
    // Some register through a file that none of them has opened.
    let shared = Device::open_nonblocking();
    let receivers: Vec<Child> = RECEIVERS
        .iter()
        .map(|&(name, way)| receiver::start(name, way, &shared))
        .collect();
    let lives = (0..).zip(LIVES);
    let lives: Vec<Child> = lives
        .map(|(number, user)| lives::start(number, user, until, ledger))
        .collect();
    let mut busy: Vec<Child> = (0..SENDERS)
        .map(|number| sender(number, until, ledger))
        .collect();
    busy.push(steerer::start(until));
    busy.push(watcher::start(until));
    while Instant::now() < until {
        // Now, and not when the time is over.
        let all = receivers.iter().chain(&lives).chain(&busy);
        all.for_each(Child::must_be_well);
        std::thread::sleep(wait::MOMENT);
    }
    let lived = lives.into_iter().map(|child| {
        let count = child.hear().parse::<u64>().expect("a count");
        child.finish();
        count
    });
    let lived = lived.sum();
    busy.into_iter().for_each(Child::finish);

    // Nobody else sends or flushes any more: what comes last is the last.
    set_parameters();
    let device = Device::registered("main");
    let mut read = 0;
    for (number, ((name, way), receiver)) in RECEIVERS.iter().zip(receivers).enumerate() {
        (0..way.readers()).for_each(|_| device.send(name, STOP));
        read += settle(number, name, *way, receiver, ledger);
    }
    assert_eq!(device.command("/unr"), Ok(()));
    (read, lived)
}

fn set_parameters() {
    let values = [
        ("max_devices", ALL),
        ("queue_len", 16),
        ("cmd_buf_size", 256),
        ("queue_bytes", 0),
        ("max_per_user", 0),
        ("max_bytes_per_user", 0),
    ];
    for (name, value) in values {
        sysfs::set(name, value);
    }
}

/// Ends a receiver, which has read its last message, and compares its accounts; how many it read.
fn settle(number: usize, name: &str, way: Way, receiver: Child, ledger: Ledger) -> u64 {
    let read = receiver.hear();
    let read = read
        .parse::<u64>()
        .unwrap_or_else(|_| panic!("{name}: {read}"));
    let row = listing::of(name);
    assert_eq!(row.depth, 0, "{row:?}");
    assert_eq!(
        row.received,
        read + row.dropped,
        "{row:?} after {read} reads"
    );
    let sent = ledger.sent_to(number);
    let received = row.received - way.readers() as u64;
    assert!(sent.contains(&received), "{row:?}, but {sent:?} were sent");
    receiver.say("end");
    receiver.finish();
    read
}

/// A registered process that sends to single receivers and to all, in bursts.
fn sender(number: u64, until: Instant, ledger: Ledger) -> Child {
    Child::start(move |_| {
        let name = format!("s{number}");
        let device = Device::registered(&name);
        let mut dice = Dice::new(number);
        for count in 0.. {
            if Instant::now() > until {
                break;
            }
            match send(&device, &text(&name, count), &mut dice, ledger) {
                Ok(()) | Err(Errno::EMSGSIZE) => {}
                Err(error) => panic!("{name}: {error}"),
            }
            // So that some queues run empty, and readers sleep.
            if dice.roll(64) == 0 {
                dice.sleep(Duration::from_millis(4));
            }
        }
    })
}

/// Sends a text to a receiver, or to all.
pub fn send(device: &Device, text: &str, dice: &mut Dice, ledger: Ledger) -> Result<(), Errno> {
    let to = dice.roll(RECEIVERS.len() as u64 * 8 / 7) as usize;
    match RECEIVERS.get(to) {
        Some((name, _)) => ledger.count(to..=to, || device.command(format!("/msg {name} {text}"))),
        None => {
            let all = 0..=RECEIVERS.len() - 1;
            ledger.count(all, || device.command(format!("/all {text}")))
        }
    }
}

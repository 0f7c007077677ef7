// SPDX-License-Identifier: GPL-2.0

//! Registrations that come and go while others act on them, on another processor: what is done is
//! done once, and what is reported as done is done.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use nix::{
    errno::Errno,
    sys::{
        signal::{kill, Signal},
        wait::waitpid,
    },
    unistd::Pid,
};

use crate::{
    cheap::{self, Cheap},
    child::Child,
    device::{Device, EMPTY},
    harness::Topic,
    listing, sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "a broadcast does not reach those who register during it",
        broadcast_and_newcomers,
    ),
    (
        "a message to a process that is just leaving: delivered, or refused",
        sent_to_the_leaving,
    ),
    (
        "/unr and evict at once: one of them ends the registration",
        two_ends,
    ),
    (
        "the end of a process and evict at once: it ends once",
        exit_and_eviction,
    ),
];

/// While one process sends to a crowd, whoever is reached first registers another: that one came too
/// late for this broadcast.
fn broadcast_and_newcomers() {
    let crowd = wait::many(3000);
    sysfs::set("max_devices", crowd + 3);
    let device = Device::open();
    device.register("first");
    let cheap = Cheap::new();
    let members: Vec<Pid> = (0..crowd)
        .map(|number| cheap.start(&format!("m{number}")))
        .collect();
    let sender = Child::start(|link| {
        let device = Device::registered("sender");
        while link.hear() == "go" {
            assert_eq!(device.command("/all hello"), Ok(()));
            link.say("sent");
        }
    });
    wait::until("the sender is there", || sysfs::is_registered("sender"));
    wait::on_the_other_processor(sender.pid);
    for _ in 0..5 {
        let late = Child::start(|link| {
            link.say(device.read().expect("a message"));
            let own = Device::registered("late");
            link.hear();
            link.say(format!("{:?}", own.read()));
        });
        late.until_reading();
        sender.say("go");
        assert_eq!(late.hear(), "sender hello\n");
        assert_eq!(sender.hear(), "sent");
        late.say("what came?");
        assert_eq!(late.hear(), format!("{EMPTY:?}"));
        late.finish();
    }
    cheap::end(&members);
}

/// Sends to a process that comes and goes: what is reported as sent has been put into a queue.
fn sent_to_the_leaving() {
    let rounds = wait::many(5000);
    let total = || sysfs::get("stats/deliveries").expect("a total");
    let device = Device::registered("sender");
    wait::on_one_processor();
    sysfs::set("max_devices", 1);
    let receiver = Child::start(|link| {
        let device = Device::open();
        // Before it refuses for want of a place, the driver releases whoever has ended, of the test before
        // this one, too: then the totals have all that those have counted.
        assert_eq!(device.command("/reg bob"), Err(Errno::ENOSPC));
        link.say("refused");
        link.hear();
        for _ in 0..rounds {
            device.register("bob");
            assert_eq!(device.command("/unr"), Ok(()));
        }
        link.say("done");
    });
    assert_eq!(receiver.hear(), "refused");
    sysfs::set("max_devices", 2);
    let before = total();
    wait::on_the_other_processor(receiver.pid);
    receiver.say("go");
    let (mut sent, mut refused) = (0, 0);
    while receiver.heard().is_none() {
        for _ in 0..20 {
            match device.command("/msg bob hello") {
                Ok(()) => sent += 1,
                Err(error) => {
                    assert_eq!(error, Errno::ENOENT);
                    refused += 1;
                }
            }
        }
    }
    assert!(sent > 0 && refused > 0, "{sent} sent, {refused} refused");
    assert_eq!((listing::of("sender").sent, total() - before), (sent, sent));
}

/// Totals that an end would change twice if it happened twice.
fn ends() -> [u64; 2] {
    ["deliveries", "dropped_end"].map(|name| {
        let total = sysfs::get(&format!("stats/{name}"));
        total.expect("a total")
    })
}

/// The attribute `evict`, to be written again and again.
fn evict(file: &File, name: &str) -> Result<(), Errno> {
    let result = file.write_at(name.as_bytes(), 0);
    result
        .map(drop)
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
}

fn two_ends() {
    let rounds = wait::many(2000);
    let device = Device::open();
    let attribute = File::options()
        .write(true)
        .open("/sys/class/misc/mq/evict")
        .expect("evict");
    let before = ends();
    let turns = [AtomicUsize::new(0), AtomicUsize::new(0)];
    // Both come to each round at the same time, or as near to it as can be.
    let meet = |me: usize, round: usize| {
        turns[me].store(round, Ordering::SeqCst);
        while turns[1 - me].load(Ordering::SeqCst) < round {
            std::hint::spin_loop();
        }
    };
    thread::scope(|scope| {
        let evictor = scope.spawn(|| {
            let mut evicted = Vec::with_capacity(rounds);
            for round in 1..=rounds {
                meet(1, 2 * round - 1);
                evicted.push(evict(&attribute, "bob"));
                meet(1, 2 * round);
            }
            evicted
        });
        let mut left = Vec::with_capacity(rounds);
        for round in 1..=rounds {
            device.register("bob");
            device.send("bob", "discarded");
            meet(0, 2 * round - 1);
            left.push(device.command("/unr"));
            meet(0, 2 * round);
        }
        let evicted = evictor.join().expect("a thread");
        for (round, both) in left.into_iter().zip(evicted).enumerate() {
            let expected = [(Ok(()), Err(Errno::ENOENT)), (Err(Errno::ENOENT), Ok(()))];
            assert!(expected.contains(&both), "round {round}: {both:?}");
        }
    });
    assert_eq!(sysfs::registrations(), 0);
    assert_eq!(ends(), before.map(|total| total + rounds as u64));
}

fn exit_and_eviction() {
    let rounds = wait::many(500);
    let device = Device::registered("sender");
    let cheap = Cheap::new();
    let before = ends();
    for _ in 0..rounds {
        let process = cheap.start("bob");
        device.send("bob", "discarded");
        wait::on_the_other_processor(process);
        kill(process, Signal::SIGKILL).expect("kill");
        let evicted = sysfs::put("evict", "bob");
        assert!([Ok(()), Err(Errno::ENOENT)].contains(&evicted));
        waitpid(process, None).expect("waitpid");
        assert_eq!(sysfs::registrations(), 1);
    }
    // The one that has the work in hand may not be done yet.
    wait::until("all has been added up", || {
        ends() == before.map(|total| total + rounds as u64)
    });
}

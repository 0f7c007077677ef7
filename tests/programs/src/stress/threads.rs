// SPDX-License-Identifier: GPL-2.0

//! Threads that wait in `read` on one queue, some for whole messages and some for parts, while
//! signals interrupt them. After each burst of messages all of them are read, though nothing more
//! comes that would wake anybody.

use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{kill, SigSet, Signal},
    unistd::getpid,
};

use super::{dice::Dice, end_of};
use crate::{child::Child, device::Device, sys, wait};

/// Bytes that each of the threads reads at a time: of one alone, in whose place nobody else can be
/// woken, and of several.
const READERS: [&[usize]; 2] = [&[100], &[100, 100, 100, 100, 2, 3]];

/// See above.
pub fn run() {
    let end = end_of(1);
    let half = Instant::now() + end.saturating_duration_since(Instant::now()) / 2;
    let bursts = read_together(READERS[0], half) + read_together(READERS[1], end);
    println!("# count {bursts} bursts read by threads under stress");
}

/// Has threads read, until all that was sent is read; how many bursts that were.
fn read_together(readers: &[usize], end: Instant) -> u64 {
    let reading = Child::start(|link| {
        let device = Device::open();
        device.register("p");
        sys::on_signal(Signal::SIGUSR1, true);
        let files = [device.duplicate(), Device::open()];
        let read = AtomicU64::new(0);
        thread::scope(|scope| {
            for (number, &len) in readers.iter().enumerate() {
                let (file, read) = (&files[number % files.len()], &read);
                scope.spawn(move || loop {
                    let bytes = file.read_up_to(len).expect("a message, or a part of one");
                    read.fetch_add(bytes.len() as u64, SeqCst);
                });
            }
            // Signals to the process are for those who read.
            let mut signal = SigSet::empty();
            signal.add(Signal::SIGUSR1);
            signal.thread_block().expect("sigmask");
            link.say(send(&device, end, &read).to_string());
            sys::exit(0);
        });
    });
    // More time than a test has to wait for one thing.
    while Instant::now() < end {
        thread::sleep(wait::MOMENT);
    }
    let bursts = reading.hear().parse().expect("a count");
    reading.finish();
    bursts
}

/// Sends in bursts of up to three messages, and waits after each until all are read; how many.
fn send(device: &Device, end: Instant, read: &AtomicU64) -> u64 {
    let mut dice = Dice::new(0);
    let (mut bursts, mut sent) = (0, 0);
    while Instant::now() < end {
        for _ in 0..=dice.roll(3) {
            device.send("p", "x");
            sent += "p x\n".len() as u64;
            pause(dice.roll(400));
        }
        if dice.roll(8) == 0 {
            kill(getpid(), Signal::SIGUSR1).expect("kill");
        }
        let all_read = || read.load(SeqCst) == sent;
        let patience = Instant::now() + Duration::from_millis(5);
        while !all_read() && Instant::now() < patience {
            thread::yield_now();
        }
        wait::until("all that was sent is read", all_read);
        bursts += 1;
        pause(dice.roll(3000));
    }
    bursts
}

/// Keeps the processor busy for a moment.
fn pause(turns: u64) {
    (0..turns).for_each(|_| std::hint::spin_loop());
}

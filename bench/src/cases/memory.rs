// SPDX-License-Identifier: GPL-2.0

//! Case F: the kernel memory that a registration takes, and a message that is queued.
//!
//! It is what the whole kernel takes more than before, so nothing else should go on meanwhile. Half
//! of all goes before and is not counted: it uses up what earlier users of such memory have left.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd, OwnedFd, RawFd},
};

use super::Meter;
use crate::{
    clock::Clock,
    crowd::{Crowd, Member},
    driver,
    figure::Figure,
    peers::{mq::Device, End, Peer},
    sys,
};

/// The sizes of the text. With the words around it, the largest is as long as a command may be.
const SIZES: [(&str, usize); 4] = [
    ("64 B", 64),
    ("1 KiB", 1024),
    ("5 KiB", 5 * 1024),
    ("64 KiB", 64 * 1024 - 64),
];

/// How many messages or registrations are counted: so many that a page more or less is nothing.
const HALF: usize = 960;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    if meter.clock != Clock::Instructions {
        return Vec::new();
    }
    let figure = |what: String, value| Figure {
        case: "F".to_owned(),
        what,
        peer: peer.name().to_owned(),
        value,
        unit: "bytes".to_owned(),
        p99: None,
        samples: 1,
    };
    let mut figures = Vec::new();
    for (what, size) in SIZES {
        if let Some(bytes) = message(peer, size) {
            figures.push(figure(format!("message of {what}"), bytes));
            let each = bytes / size as f64;
            figures.push(figure(format!("for each byte of {what}"), each));
        }
    }
    if peer.name() == "mq" {
        let [file, registration] = registration();
        figures.push(figure("open file".to_owned(), file));
        figures.push(figure("registration".to_owned(), registration));
    }
    figures
}

/// What a message of that size takes, if the peer has room for any.
fn message(peer: &dyn Peer, size: usize) -> Option<f64> {
    let each = peer.holds(size).min(HALF);
    let half = HALF.checked_div(each)?;
    let open =
        |numbers: std::ops::Range<usize>| -> Vec<_> { numbers.map(|n| peer.own(n)).collect() };
    let send = |end: &dyn End| {
        let frame = end.frame(&vec![b'x'; size]);
        for _ in 0..each {
            end.send(&frame);
        }
    };
    let (first, mut second) = (open(0..half), Vec::new());
    if peer.holds(size) < 2 * HALF {
        second = open(half..2 * half);
    }
    first.iter().for_each(|end| send(end.as_ref()));
    let counted = if second.is_empty() { &first } else { &second };
    let before = kernel_memory();
    counted.iter().for_each(|end| send(end.as_ref()));
    Some((kernel_memory() - before) / (half * each) as f64)
}

/// What an open file takes, and beside it a registration with a queue of the default length.
fn registration() -> [f64; 2] {
    driver::set_queue_len(driver::DEFAULT_QUEUE_LEN);
    let member = |number: usize| -> Member {
        let mut device = None;
        // The first turn is to open a file, the second to register.
        Box::new(move || match &device {
            None => device.insert(Device::open("")).as_fd().as_raw_fd() as u64,
            Some(device) => {
                device.register(&format!("r{number}"));
                0
            }
        })
    };
    let mut crowd = Crowd::start(HALF, member);
    let mut files = crowd.turn();
    crowd.turn();
    crowd.grow(2 * HALF, member);
    let before = kernel_memory();
    files.append(&mut crowd.turn_from(HALF));
    let open = kernel_memory();
    crowd.turn_from(HALF);
    let registered = kernel_memory();
    driver::set_queue_len(driver::QUEUE_LEN);
    // They are in the table of files that the crowd shares with this process.
    let _files: Vec<OwnedFd> = files.iter().map(|&file| sys::own(file as RawFd)).collect();
    [open - before, registered - open].map(|bytes| bytes / HALF as f64)
}

/// The bytes that the kernel has taken for itself.
fn kernel_memory() -> f64 {
    const KINDS: [&str; 4] = ["Slab:", "VmallocUsed:", "Percpu:", "KernelStack:"];
    // What goes away goes away some time after its last user.
    std::thread::sleep(std::time::Duration::from_secs(1));
    // What each processor has counted by itself is added up when this is read.
    let _ = fs::read("/proc/sys/vm/stat_refresh");
    let text = fs::read_to_string("/proc/meminfo").expect("read /proc/meminfo");
    let kibibytes = |line: &str| {
        let (kind, number) = line.split_once(char::is_whitespace)?;
        let number = number.trim().trim_end_matches(" kB").parse::<f64>().ok()?;
        KINDS.contains(&kind).then_some(number)
    };
    text.lines().filter_map(kibibytes).sum::<f64>() * 1024.0
}

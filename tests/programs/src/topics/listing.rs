// SPDX-License-Identifier: GPL-2.0

//! `/proc/mq` read in unusual ways, and it and sysfs read while registrations come and go.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use nix::{errno::Errno, unistd::pause};

use crate::{child::Child, device::Device, harness::Topic, listing, sysfs, wait};

pub const TESTS: Topic = &[
    (
        "small reads of /proc/mq give the same text as one large read",
        small_reads,
    ),
    ("lseek and pread in /proc/mq give the same text", seeking),
    (
        "rows stand in the order of registration, anew after leaving",
        order,
    ),
    (
        "small reads while others come and go: who stays is listed once and in order",
        churn,
    ),
    (
        "sysfs is read while registrations end: a value or an error, never a hang",
        sysfs_churn,
    ),
];

/// Processes registered as given, until they are dropped.
fn cast(names: &[&str]) -> Vec<Child> {
    let start = |name: &&str| {
        let child = Child::start(|link| {
            Device::registered(name);
            link.say("ready");
            pause();
        });
        assert_eq!(child.hear(), "ready");
        child
    };
    names.iter().map(start).collect()
}

fn read_in_steps(len: usize) -> String {
    let mut file = File::open(listing::PATH).expect("/proc/mq");
    let (mut text, mut step) = (Vec::new(), vec![0; len]);
    loop {
        match file.read(&mut step).expect("read") {
            0 => return String::from_utf8(text).expect("text"),
            count => text.extend(&step[..count]),
        }
    }
}

fn small_reads() {
    let _cast = cast(&["one", "two", "three", "eight-ch"]);
    let whole = fs::read_to_string(listing::PATH).expect("/proc/mq");
    assert_eq!(whole.lines().count(), 5);
    for len in [1, 2, 7, 64] {
        assert_eq!(read_in_steps(len), whole, "{len} bytes at a time");
    }
}

fn seeking() {
    let _cast = cast(&["one", "two", "three"]);
    let whole = fs::read(listing::PATH).expect("/proc/mq");
    let mut file = File::open(listing::PATH).expect("/proc/mq");
    for at in (0..=whole.len()).rev().step_by(3) {
        file.seek(SeekFrom::Start(at as u64)).expect("lseek");
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).expect("read");
        assert_eq!(rest, &whole[at..], "from byte {at}");
        let mut part = vec![0; 10.min(whole.len() - at)];
        file.read_exact_at(&mut part, at as u64).expect("pread");
        assert_eq!(part, &whole[at..at + part.len()], "pread at byte {at}");
    }
}

fn order() {
    let names = || {
        listing::rows()
            .into_iter()
            .map(|row| row.name)
            .collect::<Vec<_>>()
    };
    let mut cast = cast(&["zoe", "adam", "Bob"]);
    assert_eq!(names(), ["zoe", "adam", "Bob"]);
    cast.remove(1).kill();
    cast.extend(self::cast(&["adam"]));
    assert_eq!(names(), ["zoe", "Bob", "adam"]);
}

/// A process that registers and unregisters under changing names without an end.
fn restless(prefix: &'static str) -> Child {
    Child::start(move |_| {
        let device = Device::open_nonblocking();
        for number in (0..10).cycle() {
            device.register(&format!("{prefix}{number}"));
            assert_eq!(device.command("/unr"), Ok(()));
        }
    })
}

fn churn() {
    const STAYING: [&str; 4] = ["s1", "s2", "s3", "s4"];
    let _first = cast(&STAYING[..2]);
    let _x = restless("x");
    let _last = cast(&STAYING[2..]);
    let _y = restless("y");
    let until = Instant::now() + Duration::from_millis(700);
    while Instant::now() < until {
        for len in [9, 33, 4096] {
            let rows = listing::parse(&read_in_steps(len));
            let staying: Vec<&str> = rows
                .iter()
                .map(|row| row.name.as_str())
                .filter(|name| name.starts_with('s'))
                .collect();
            assert_eq!(staying, STAYING, "{len} bytes at a time");
        }
    }
}

fn sysfs_churn() {
    let _restless = [restless("x"), restless("y")];
    let until = Instant::now() + Duration::from_millis(700);
    let mut values = 0;
    while Instant::now() < until || (values == 0 && Instant::now() < until + wait::LIMIT) {
        let folders = fs::read_dir("/sys/class/misc/mq/queues").expect("queues/");
        for folder in folders {
            let folder = folder.expect("readdir").path();
            for attribute in ["pid", "uid", "depth", "len", "sent", "received", "dropped"] {
                match fs::read_to_string(folder.join(attribute)) {
                    Ok(value) => {
                        assert!(
                            value.trim_end().parse::<u64>().is_ok(),
                            "{attribute}: {value:?}"
                        );
                        values += 1;
                    }
                    Err(error) => {
                        let error = Errno::from_raw(error.raw_os_error().unwrap_or(0));
                        assert!(
                            [Errno::ENOENT, Errno::ENODEV].contains(&error),
                            "{attribute}: {error}"
                        );
                    }
                }
            }
        }
        assert!(sysfs::registrations() <= 2);
    }
    assert!(values > 0, "no attribute was ever read");
}

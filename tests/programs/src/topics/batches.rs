// SPDX-License-Identifier: GPL-2.0

//! Many records by one write, of which the driver sends some together: nobody is to notice but by the
//! speed.

use std::time::Duration;

use nix::errno::Errno;

use crate::{
    child::Child,
    device::{line, Device},
    harness::Topic,
    listing,
    records::{self, header, register_file, to, waiting, with_header, write, Record},
    sys::area::Area,
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "receivers, sizes and flags in any order: each receiver gets its own, in order",
        mixed,
    ),
    ("each counts, sent and received", counted),
    (
        "more records than places: the newest stay, and the others are told of",
        more_than_places,
    ),
    (
        "more bytes than the queue may hold: the newest stay",
        more_than_bytes,
    ),
    ("as many readers wake as there are records", woken),
    (
        "memory that ends among many: those before it are sent",
        bad_end,
    ),
    (
        "a name that nobody has among many: those before it are sent",
        unknown,
    ),
    (
        "one that is larger than the queue among many: those before it are sent",
        too_large,
    ),
];

/// Records to the two of them, of many sizes, some of which would wait for room: with as many of one
/// kind in a row as are sent together, and with fewer.
fn made_up(count: usize) -> Vec<(&'static str, String, bool)> {
    let record = |number: usize| {
        let name = ["bob", "carl"][(number / 70 % 2) ^ usize::from(number % 97 == 5)];
        let len = match number % 11 {
            0 => 1 + number * 37 % 1500,
            _ => 1 + number % 16,
        };
        let text = format!("{number} {}", "x".repeat(len));
        (name, text, number % 41 == 3)
    };
    (0..count).map(record).collect()
}

fn mixed() {
    const COUNT: usize = 600;
    sysfs::set("queue_len", COUNT);
    sysfs::set("cmd_buf_size", 2048);
    let bob = records::registered("bob");
    let carl = records::open();
    assert_eq!(register_file(&carl, "carl"), Ok(0));
    let made_up = made_up(COUNT);
    let mut all = Vec::new();
    for (name, text, waits) in &made_up {
        all.extend(match waits {
            true => waiting(name, text, Duration::ZERO),
            false => to(name, text),
        });
    }
    assert_eq!(write(&bob, &all), Ok(all.len()));
    for (name, file) in [("bob", &bob), ("carl", &carl)] {
        let sent = made_up.iter().filter(|(to, ..)| *to == name);
        let sent: Vec<_> = sent.map(|(_, text, _)| format!("bob {text}")).collect();
        let records = records::read(file).expect("records");
        let lines: Vec<_> = records.iter().map(Record::line).collect();
        assert_eq!(lines, sent, "{name}");
        let sequences = records.iter().map(|record| record.header.sequence);
        assert!(sequences.eq(1..=sent.len() as u64), "{name}");
        assert!(records.iter().all(|record| record.header.lost == 0));
    }
}

fn counted() {
    sysfs::set("queue_len", 100);
    let bob = records::registered("bob");
    assert_eq!(write(&bob, &to("bob", "x").repeat(77)), Ok(77 * 40));
    let row = listing::of("bob");
    assert_eq!((row.sent, row.received, row.depth), (77, 77, 77));
    // The smallest that there is, for each.
    assert_eq!(row.bytes, 77 * 64);
    assert_eq!(records::lines(&bob).len(), 77);
    assert_eq!(listing::of("bob").bytes, 0);
}

fn more_than_places() {
    sysfs::set("queue_len", 8);
    let bob = records::registered("bob");
    let all: Vec<_> = (0..100)
        .map(|number| to("bob", &number.to_string()))
        .collect();
    assert_eq!(write(&bob, &all.concat()), Ok(100 * 40));
    let records = records::read(&bob).expect("records");
    let lines: Vec<_> = records.iter().map(Record::line).collect();
    let newest: Vec<_> = (92..100).map(|number| format!("bob {number}")).collect();
    assert_eq!(lines, newest);
    let lost = records.iter().map(|record| record.header.lost);
    assert_eq!(lost.collect::<Vec<_>>(), [92, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(listing::of("bob").dropped, 92);
}

fn more_than_bytes() {
    const QUEUE_BYTES: u64 = 4096;
    sysfs::set("queue_len", 1000);
    sysfs::set("cmd_buf_size", 2048);
    sysfs::set("queue_bytes", QUEUE_BYTES);
    let bob = records::registered("bob");
    let text = |number: usize| format!("{number} {}", "x".repeat([1, 400, 60][number / 40 % 3]));
    let all: Vec<_> = (0..300).map(|number| to("bob", &text(number))).collect();
    let all = all.concat();
    assert_eq!(write(&bob, &all), Ok(all.len()));
    let row = listing::of("bob");
    assert!(
        row.bytes <= QUEUE_BYTES && row.bytes > QUEUE_BYTES - 512,
        "{row:?}"
    );
    assert_eq!(row.received, 300);
    assert_eq!(row.dropped, 300 - row.depth);
    let newest = 300 - row.depth as usize..300;
    let newest: Vec<_> = newest
        .map(|number| format!("bob {}", text(number)))
        .collect();
    assert_eq!(records::lines(&bob), newest);
}

fn woken() {
    const READERS: usize = 5;
    let bob = Device::registered("bob");
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let file = Device::open();
            let child = Child::start(move |link| link.say(format!("{:?}", file.read())));
            child.until_reading();
            child
        })
        .collect();
    let sender = records::open();
    let all: Vec<_> = (0..READERS)
        .map(|number| to("bob", &number.to_string()))
        .collect();
    assert_eq!(write(&sender, &all.concat()), Ok(READERS * 40));
    wait::until("all is read", || listing::of("bob").depth == 0);
    let mut heard: Vec<_> = readers.iter().map(|reader| reader.hear()).collect();
    heard.sort();
    let lines: Vec<_> = (0..READERS)
        .map(|number| format!("{:?}", line("bob", number)))
        .collect();
    assert_eq!(heard, lines);
    readers.into_iter().for_each(Child::finish);
    drop(bob);
}

fn bad_end() {
    sysfs::set("queue_len", 100);
    let bob = records::registered("bob");
    let all = to("bob", "x").repeat(60);
    // The header of the last one, the text of the last one, and what comes after it.
    for end in [37 * 40 + 31, 37 * 40 + 32, 37 * 40] {
        let area = Area::before_a_hole(&all[..end]);
        assert_eq!(area.write_to(&bob, all.len()), Ok(37 * 40), "{end}");
        assert_eq!(records::lines(&bob).len(), 37, "{end}");
    }
    assert_eq!(listing::of("bob").sent, 3 * 37);
}

fn unknown() {
    sysfs::set("queue_len", 100);
    let bob = records::registered("bob");
    let mut bad = header("bob", 1);
    bad.flags = 1 << 15;
    let bad = with_header(bad, "x");
    for (wrong, errno) in [(to("nobody", "x"), Errno::ENOENT), (bad, Errno::EINVAL)] {
        let all = [to("bob", "x").repeat(50), wrong, to("bob", "y")].concat();
        assert_eq!(write(&bob, &all), Ok(50 * 40));
        assert_eq!(records::lines(&bob).len(), 50);
        assert_eq!(write(&bob, &all[50 * 40..]), Err(errno));
    }
    assert_eq!(listing::of("bob").sent, 100);
}

fn too_large() {
    sysfs::set("cmd_buf_size", 16);
    sysfs::set("queue_bytes", 1);
    let bob = records::registered("bob");
    sysfs::set("cmd_buf_size", 2048);
    let large = to("bob", &"x".repeat(400));
    let all = [to("bob", "x"), large.repeat(3), to("bob", "y")].concat();
    assert_eq!(write(&bob, &all), Ok(40));
    assert_eq!(write(&bob, &all[40..]), Err(Errno::EMSGSIZE));
    assert_eq!(records::lines(&bob), ["bob x"]);
    let row = listing::of("bob");
    assert_eq!((row.sent, row.received, row.dropped), (1, 1, 0));
}

// SPDX-License-Identifier: GPL-2.0

//! Rests of messages, which stay with the open file and the process that was acted for, side by
//! side; and the total of those that nobody wanted.

use crate::{
    child::Child,
    device::{line, Device, EMPTY},
    harness::Topic,
    sysfs,
};

pub const TESTS: Topic = &[
    (
        "several processes have a rest each on one open file",
        side_by_side,
    ),
    (
        "rests of the living stay where those of the dead make room",
        among_the_dead,
    ),
    (
        "the rest of an opener that has died stays where those of other dead make room",
        left_by_the_opener,
    ),
    (
        "stats/truncated counts the messages of which a rest was left",
        truncated,
    ),
    (
        "stats/truncated counts a rest once that was left by the dead and made room",
        truncated_to_make_room,
    ),
];

/// A child registered through `file`, of whose message `file` has half; what it says on request is
/// the rest.
fn half_reader(file: &Device, name: &str) -> Child {
    let child = Child::start(|link| {
        file.register(name);
        file.send(name, format!("{name} says hello"));
        let half = file.read_up_to(name.len() + 3).map(|half| half.len());
        assert_eq!(half, Ok(name.len() + 3));
        link.say("half");
        link.hear();
        link.say(file.read().expect("the rest"));
        assert_eq!(file.read(), EMPTY);
    });
    assert_eq!(child.hear(), "half");
    child
}

fn rest_of(name: &str) -> String {
    format!("{} says hello\n", &name[2..])
}

fn side_by_side() {
    const NAMES: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
    let device = Device::registered("bob");
    device.send("bob", "hello");
    assert_eq!(device.read_up_to(6), Ok(b"bob he".to_vec()));
    let children = NAMES.map(|name| half_reader(&device, name));
    assert_eq!(device.read(), Ok("llo\n".to_owned()));
    for (name, child) in NAMES.iter().zip(children).rev() {
        child.say("the rest");
        assert_eq!(child.hear(), rest_of(name));
        child.finish();
    }
    device.send("bob", "again");
    assert_eq!(device.read(), line("bob", "again"));
}

fn among_the_dead() {
    let device = Device::registered("bob");
    device.send("bob", "hello");
    assert_eq!(device.read_up_to(6), Ok(b"bob he".to_vec()));
    let living = half_reader(&device, "living");
    for round in 0..10 {
        half_reader(&device, &format!("dead{round}")).kill();
    }
    let last = half_reader(&device, "last");
    assert_eq!(device.read(), Ok("llo\n".to_owned()));
    for (name, child) in [("living", living), ("last", last)] {
        child.say("the rest");
        assert_eq!(child.hear(), rest_of(name));
        child.finish();
    }
}

fn left_by_the_opener() {
    let opener = Child::start(|link| {
        let file = Device::registered("bob");
        file.send("bob", "hello");
        assert_eq!(file.read_up_to(6), Ok(b"bob he".to_vec()));
        link.pass(&file);
    });
    let file: Device = opener.take();
    opener.finish();
    half_reader(&file, "dead").kill();
    let living = half_reader(&file, "living");
    assert_eq!(file.read(), Ok("llo\n".to_owned()));
    living.say("the rest");
    assert_eq!(living.hear(), rest_of("living"));
    living.finish();
}

fn truncated() {
    let total = || sysfs::get("stats/truncated").expect("a total");
    let before = total();
    let device = Device::registered("bob");
    for _ in 0..3 {
        device.send("bob", "hello");
    }
    let file = Device::open_nonblocking();
    assert_eq!(file.read_up_to(3), Ok(b"bob".to_vec()));
    assert_eq!(total(), before, "the rest can still be read");
    drop(file);
    assert_eq!(total(), before + 1);
    let file = Device::open_nonblocking();
    assert_eq!(file.read_up_to(3), Ok(b"bob".to_vec()));
    assert_eq!(file.read(), Ok(" hello\n".to_owned()));
    drop(file);
    assert_eq!(total(), before + 1, "read to its end");
    let file = Device::open();
    Child::start(move |_| {
        assert_eq!(file.read_up_to(9), Ok(b"bob hello".to_vec()));
    })
    .finish();
    assert_eq!(total(), before + 2, "by the end of a process");
}

fn truncated_to_make_room() {
    let total = || sysfs::get("stats/truncated").expect("a total");
    let file = Device::open_nonblocking();
    let before = total();
    half_reader(&file, "dead").kill();
    assert_eq!(total(), before, "nobody has needed the room");
    let living = half_reader(&file, "living");
    assert_eq!(total(), before + 1, "it made room");
    living.say("the rest");
    assert_eq!(living.hear(), rest_of("living"));
    living.finish();
    drop(file);
    assert_eq!(total(), before + 1, "once");
}

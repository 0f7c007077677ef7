// SPDX-License-Identifier: GPL-2.0

//! `flush`, `evict` and `params`: what is written where, and what is said about it.

use std::fs::{read_to_string, remove_file, write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{mknodat, FileType, Mode, CWD};

use crate::tree::{text, Tree};

const FLUSH: &str = "sys/class/misc/mq/flush";
const EVICT: &str = "sys/class/misc/mq/evict";

/// Makes a pipe of a file, so that its content can change between two reads of it.
fn make_pipe(path: &Path) {
    remove_file(path).unwrap();
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, path, FileType::Fifo, mode, 0).unwrap();
}

/// Waits until something has been written to `flush`.
fn await_flush(tree: &Tree) {
    while tree.get(FLUSH).is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn flush_counts_what_it_discarded() {
    let tree = Tree::new();
    let dropped = tree.path("sys/class/misc/mq/queues/bob/dropped");
    make_pipe(&dropped);
    let flush = tree.command(&["flush", "bob"]);
    let flush = thread::spawn(move || { flush }.output().unwrap());
    write(&dropped, "1\n").unwrap();
    await_flush(&tree);
    write(&dropped, "3\n").unwrap();
    let output = flush.join().unwrap();
    assert_eq!(text(&output.stdout), "bob: 2 messages discarded\n");
    assert_eq!(tree.get(FLUSH), "bob");
}

#[test]
fn a_flush_that_another_registration_may_have_got_is_a_failure() {
    let tree = Tree::new();
    let pid = tree.path("sys/class/misc/mq/queues/bob/pid");
    make_pipe(&pid);
    let flush = tree.command(&["flush", "bob"]);
    let flush = thread::spawn(move || { flush }.output().unwrap());
    write(&pid, "123\n").unwrap();
    await_flush(&tree);
    tree.put("sys/class/misc/mq/queues/bob/dropped", "3\n");
    write(&pid, "124\n").unwrap();
    let output = flush.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        "mq-admin: bob was registered anew meanwhile, and may not have been flushed: \
         see `mq-admin show bob`\n"
    );
}

#[test]
fn flush_all_counts_those_that_stayed() {
    let tree = Tree::new();
    let listing = tree.path("proc/mq");
    let before = tree.get("proc/mq");
    make_pipe(&listing);
    let flush = tree.command(&["flush", "--all"]);
    let flush = thread::spawn(move || { flush }.output().unwrap());
    write(&listing, &before).unwrap();
    await_flush(&tree);
    // Bob's messages are gone; alice is another process.
    let after = before
        .replace("14         1 ", "14         3 ")
        .replace("99   1000", "98   1000")
        .replace(" 9         0 ", " 9         9 ");
    write(&listing, &after).unwrap();
    let output = flush.join().unwrap();
    assert_eq!(
        text(&output.stdout),
        "bob: 2 messages discarded\n2 messages discarded in all\n"
    );
    assert_eq!(tree.get(FLUSH), "*");
}

#[test]
fn flush_all() {
    let tree = Tree::new();
    let output = tree.run(&["flush", "--all"]);
    assert_eq!(text(&output.stdout), "0 messages discarded in all\n");
    assert_eq!(tree.get(FLUSH), "*");
}

#[test]
fn flush_needs_to_know_whose() {
    let tree = Tree::new();
    tree.golden(
        "flush",
        &["flush", "flush bob --all", "flush eve", "flush *"],
    );
    assert_eq!(tree.get(FLUSH), "");
}

#[test]
fn evict_says_whose_registration_ended() {
    let tree = Tree::new();
    tree.golden("evict", &["evict bob", "evict eve"]);
    assert_eq!(tree.get(EVICT), "bob");
}

#[test]
fn params() {
    let tree = Tree::new();
    tree.golden(
        "params",
        &[
            "params",
            "params max_devices=16 QUEUE_LEN=64",
            "params queue_bytes=2147483647 MAX_BYTES_PER_USER=0",
            "params queue_bytes=2147483648",
            "params max_devices=0",
            "params colour=3",
            "params max_devices",
        ],
    );
    assert_eq!(tree.get("sys/class/misc/mq/max_devices"), "16");
    assert_eq!(tree.get("sys/class/misc/mq/queue_len"), "64");
}

#[test]
fn params_tells_what_is_in_force() {
    let tree = Tree::new();
    let max_devices = tree.path("sys/class/misc/mq/max_devices");
    make_pipe(&max_devices);
    let params = tree.command(&["params", "max_devices=16"]);
    let params = thread::spawn(move || { params }.output().unwrap());
    write(&max_devices, "8\n").unwrap();
    assert_eq!(read_to_string(&max_devices).unwrap(), "16");
    // Somebody else was quicker. Nobody may ask for what they wrote: then this thread stays behind.
    thread::spawn(move || write(max_devices, "9\n"));
    let output = params.join().unwrap();
    assert_eq!(text(&output.stdout), "max_devices: 8 -> 9\n");
}

#[test]
fn one_bad_setting_keeps_all_from_being_made() {
    let tree = Tree::new();
    let output = tree.run(&["params", "queue_len=9", "max_devices=70000"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(tree.get("sys/class/misc/mq/queue_len"), "8");
}

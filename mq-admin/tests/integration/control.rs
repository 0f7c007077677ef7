// SPDX-License-Identifier: GPL-2.0

//! `flush`, `evict` and `params`: what is written where, and what is said about it.

use std::fs::{remove_file, write};
use std::thread;
use std::time::Duration;

use rustix::fs::{mknodat, FileType, Mode, CWD};

use crate::tree::{text, Tree};

const FLUSH: &str = "sys/class/misc/mq/flush";
const EVICT: &str = "sys/class/misc/mq/evict";

#[test]
fn flush_counts_what_it_discarded() {
    let tree = Tree::new();
    // A pipe lets the number change between the two times that it is read.
    let dropped = tree.path("sys/class/misc/mq/queues/bob/dropped");
    remove_file(&dropped).unwrap();
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, &dropped, FileType::Fifo, mode, 0).unwrap();
    let flush = tree.command(&["flush", "bob"]);
    let flush = thread::spawn(move || { flush }.output().unwrap());
    write(&dropped, "1\n").unwrap();
    while tree.get(FLUSH).is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
    write(&dropped, "3\n").unwrap();
    let output = flush.join().unwrap();
    assert_eq!(text(&output.stdout), "bob: 2 messages discarded\n");
    assert_eq!(tree.get(FLUSH), "bob");
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
            "params max_devices=0",
            "params colour=3",
            "params max_devices",
        ],
    );
    assert_eq!(tree.get("sys/class/misc/mq/max_devices"), "16");
    assert_eq!(tree.get("sys/class/misc/mq/queue_len"), "64");
}

#[test]
fn one_bad_setting_keeps_all_from_being_made() {
    let tree = Tree::new();
    let output = tree.run(&["params", "queue_len=9", "max_devices=70000"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(tree.get("sys/class/misc/mq/queue_len"), "8");
}

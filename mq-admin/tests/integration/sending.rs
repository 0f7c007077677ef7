// SPDX-License-Identifier: GPL-2.0

//! `send` and `broadcast`: what is written to the device.

use std::os::unix::fs::symlink;

use crate::device::Device;
use crate::tree::{text, Tree};

/// The commands that a successful run writes, the made-up name in them replaced.
fn written(arguments: &[&str], input: &[u8]) -> String {
    let tree = Tree::new();
    let device = Device::new(&tree);
    let output = tree.run_with_input(arguments, input);
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
    let commands = device.commands();
    let (name, rest) = commands
        .strip_prefix("/reg ")
        .and_then(|rest| rest.split_once('/'))
        .unwrap();
    assert!(name.len() <= 8, "{name}");
    let name = if name.starts_with('a') { "*" } else { name };
    format!("/reg {name}/{rest}")
}

#[test]
fn words_are_joined_by_blanks() {
    assert_eq!(
        written(&["send", "bob", "hello", "there  you"], b""),
        "/reg */msg bob hello there  you/unr"
    );
    assert_eq!(
        written(&["broadcast", "--from", "eve", "hello"], b""),
        "/reg eve/all hello/unr"
    );
}

#[test]
fn options_come_before_the_text() {
    assert_eq!(
        written(&["send", "bob", "say", "--from", "eve"], b""),
        "/reg */msg bob say --from eve/unr"
    );
    assert_eq!(
        written(&["send", "bob", "--", "--from"], b""),
        "/reg */msg bob --from/unr"
    );
}

#[test]
fn standard_input_without_its_last_newline() {
    assert_eq!(
        written(&["send", "bob", "-"], b"two\nlines\n"),
        "/reg */msg bob two\nlines/unr"
    );
    assert_eq!(written(&["broadcast", "-"], b"none"), "/reg */all none/unr");
}

#[test]
fn a_text_that_ends_like_a_line_is_protected_from_the_driver() {
    assert_eq!(
        written(&["send", "bob", "-"], b"x\n\n"),
        "/reg */msg bob x\n\n\0/unr"
    );
    assert_eq!(
        written(&["send", "bob", "-"], b"x\0"),
        "/reg */msg bob x\0\n\0/unr"
    );
}

#[test]
fn refusals() {
    let tree = Tree::new();
    // It refuses every write the way the driver does when no more registrations fit.
    symlink("/dev/full", tree.path("dev/mq")).unwrap();
    tree.golden(
        "send",
        &[
            "send bob hi",
            "send",
            "send bob",
            "send bob!!! hi",
            "broadcast",
        ],
    );
}

#[test]
fn no_text() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    let output = tree.run_with_input(&["send", "bob", "-"], b"\n");
    assert_eq!(text(&output.stderr), "mq-admin: there is no text to send\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(!device.commands().contains("/msg"));
}

#[test]
fn standard_input_arrives_whole() {
    let tree = Tree::new();
    // A file keeps all that is written, one command after the other.
    tree.put("dev/mq", "");
    let longest = "x".repeat(65536 - "/msg bob ".len());
    let output = tree.run_with_input(&["send", "--from", "eve", "bob", "-"], longest.as_bytes());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let written = tree.get("dev/mq");
    assert!(written == format!("/reg eve/msg bob {longest}/unr"));
}

#[test]
fn what_only_records_can_do_needs_a_driver_that_has_them() {
    let tree = Tree::new();
    let _device = Device::new(&tree);
    tree.golden(
        "send-records",
        &[
            "send --priority 1 bob hi",
            "send --wait bob hi",
            "listen --json bob",
            "send --timeout 1 bob hi",
            "send --priority 65536 bob hi",
            "listen --json --exec true bob",
        ],
    );
}

// SPDX-License-Identifier: GPL-2.0

//! `shell` with its commands from a pipe.

use crate::device::Device;
use crate::tree::{text, Tree};

#[test]
fn commands_are_passed_on_and_messages_shown() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice hello\n");
    let script = b"/reg bob\n\n/alice hi  there\n/all x\n/unr\n";
    let output = tree.run_with_input(&["shell"], script);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), "alice: hello\n");
    assert_eq!(device.commands(), "/reg bob/alice hi  there/all x/unr");
}

#[test]
fn messages_wait_for_read() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice one\n");
    device.queue("eve \x1b[2J\n");
    let script = b"/read\n/read\n/read\n/unr\n/read\n/exit\n/reg eve\n";
    let output = tree.run_with_input(&["shell", "bob", "--manual"], script);
    assert_eq!(
        text(&output.stdout),
        "alice: one\neve: \\x1b[2J\nno message waits\nyou are not registered: /reg NAME\n"
    );
    assert!(output.status.success());
    assert_eq!(device.commands(), "/reg bob/unr");
}

#[test]
fn a_last_line_without_a_newline_counts() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    tree.run_with_input(&["shell"], b"/reg bob\n/all x");
    assert_eq!(device.commands(), "/reg bob/all x");
}

#[test]
fn failures_are_told_and_counted() {
    let tree = Tree::new();
    std::os::unix::fs::symlink("/dev/full", tree.path("dev/mq")).unwrap();
    let output = tree.run_with_input(&["shell"], b"/reg bob\n/help\n/reg eve\n");
    let complaints = text(&output.stderr);
    assert_eq!(complaints.matches("no more registrations fit").count(), 2);
    assert!(complaints.ends_with("mq-admin: 2 of 3 commands failed\n"));
    assert_eq!(output.status.code(), Some(6));
    assert!(text(&output.stdout).starts_with("/reg NAME"));
}

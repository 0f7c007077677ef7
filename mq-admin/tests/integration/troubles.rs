// SPDX-License-Identifier: GPL-2.0

//! A missing driver, missing rights, a reader that went away: one sentence and one status each.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::tree::{text, Tree};

/// A user who is not root.
const NOBODY: u32 = 65534;

#[test]
fn no_driver() {
    Tree::without_driver().golden(
        "no-driver",
        &[
            "list",
            "show bob",
            "flush bob",
            "flush --all",
            "evict bob",
            "send bob hi",
            "broadcast hi",
            "listen bob",
            "shell",
            "params",
            "params max_devices=9",
            "stats",
            "top",
        ],
    );
}

#[test]
fn nothing_to_trace() {
    let tree = Tree::without_driver();
    tree.golden("trace-no-tracefs", &["trace"]);
    tree.put("sys/kernel/tracing/events/enable", "0\n");
    tree.golden("trace-no-driver", &["trace"]);
}

#[test]
fn top_without_a_terminal() {
    Tree::new().golden("top-no-terminal", &["top"]);
}

#[test]
fn no_rights() {
    let tree = Tree::new();
    for file in ["flush", "evict", "max_devices"] {
        let path = tree.path("sys/class/misc/mq").join(file);
        let mode = if file == "max_devices" { 0o444 } else { 0 };
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    // Whoever runs the tests as root may do anything, so they become somebody else; and they then
    // need the program where that user can get at it. Were it copied in this process, another test
    // could start a child at that moment, which would hold it open for writing.
    let program = tree.path("mq-admin");
    let mut copy = Command::new("cp");
    copy.arg(env!("CARGO_BIN_EXE_mq-admin")).arg(&program);
    assert!(copy.status().unwrap().success());
    for arguments in [
        &["flush", "bob"][..],
        &["flush", "--all"],
        &["evict", "bob"],
        &["params", "max_devices=9"],
    ] {
        let mut command = Command::new(&program);
        command
            .args(tree.command(arguments).get_args())
            .current_dir("/");
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{arguments:?}");
        assert!(text(&output.stderr).ends_with(": run this as root\n"));
        assert_eq!(text(&output.stdout), "");
    }
    assert_eq!(tree.get("sys/class/misc/mq/flush"), "");
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let tree = Tree::new();
    for arguments in [
        &["list"][..],
        &["show", "bob"],
        &["params"],
        &["man"],
        &["completions", "zsh"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = tree.command(arguments).stdout(writer).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn an_output_that_is_full_is_a_failure() {
    let tree = Tree::new();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = tree.command(&["list"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("mq-admin: the output cannot be written: "));
}

#[test]
fn a_complaint_that_nobody_reads_changes_no_status() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Tree::without_driver().command(&["list"]);
    assert_eq!(command.stderr(writer).status().unwrap().code(), Some(5));
}

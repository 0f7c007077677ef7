// SPDX-License-Identifier: GPL-2.0

//! `list`, `show` and `stats` against golden files.

use crate::tree::{text, Tree};

#[test]
fn formats() {
    Tree::new().golden(
        "list-formats",
        &[
            "list",
            "list --raw",
            "list --aligned",
            "list --json",
            "list --noheadings",
            "list --aligned --noheadings",
        ],
    );
}

#[test]
fn columns() {
    Tree::new().golden(
        "list-columns",
        &[
            "list --output name,depth",
            "list --output COMMAND,NAME,READ --aligned",
            "list --output COMMAND,NAME,READ",
            "list --output name,command,read --json",
            "list --output name,colour",
        ],
    );
}

#[test]
fn order() {
    Tree::new().golden(
        "list-order",
        &[
            "list --output name,pid --sort name",
            "list --output name,pid --sort PID",
            "list --output name,pid --sort pid --reverse",
            "list --output name,depth --sort depth",
            "list --output name,pid --reverse",
        ],
    );
}

#[test]
fn a_later_driver_that_tells_more_changes_nothing() {
    let tree = Tree::new();
    let outputs = || {
        [
            &["list"][..],
            &["list", "--aligned"],
            &["list", "--json"],
            &["show", "bob"],
            &["show", "bob", "--json"],
        ]
        .map(|arguments| tree.run(arguments))
        .map(|output| text(&output.stdout) + &text(&output.stderr))
    };
    let before = outputs();
    assert!(before.iter().all(|output| output.contains("bob")));
    tree.extend();
    assert_eq!(outputs(), before);
}

#[test]
fn a_driver_that_lists_more_columns_in_another_order() {
    let tree = Tree::new();
    tree.put(
        "proc/mq",
        "DROPPED LEN NAME PID UID DEPTH SENT RECEIVED WAITING BYTES SINCE\n\
         6 8 bob 1 2 3 4 5 8 7 noon\n",
    );
    let output = tree.run(&["list", "--noheadings"]);
    assert_eq!(text(&output.stdout), "bob 1 2 3 8 4 5 6 7 8\n");
}

#[test]
fn a_driver_that_lists_too_few_columns() {
    let tree = Tree::new();
    tree.put("proc/mq", "NAME PID\nbob 1\n");
    tree.golden("list-misfit", &["list"]);
}

#[test]
fn nobody_registered() {
    let tree = Tree::new();
    tree.put(
        "proc/mq",
        "NAME PID UID DEPTH LEN SENT RECEIVED DROPPED BYTES WAITING\n",
    );
    tree.golden(
        "list-nobody",
        &["list", "list --aligned", "list --json", "list --noheadings"],
    );
}

#[test]
fn ten_thousand_lines_come_out_whole() {
    let tree = Tree::new();
    let mut listing = String::from("NAME PID UID DEPTH LEN SENT RECEIVED DROPPED BYTES WAITING\n");
    for number in 0..10_000 {
        listing += &format!("n{number} {number} 0 0 8 0 0 0 0 0\n");
    }
    tree.put("proc/mq", &listing);
    assert_eq!(text(&tree.run(&["list"]).stdout), listing);
}

#[test]
fn show() {
    Tree::new().golden(
        "show",
        &["show bob", "show bob --json", "show eve", "show ninebytes"],
    );
}

#[test]
fn stats() {
    Tree::new().golden("stats", &["stats", "stats --json"]);
}

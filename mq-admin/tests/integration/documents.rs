// SPDX-License-Identifier: GPL-2.0

//! Help, completions and manual: all made of the same definitions, so all of them name everything.

use std::fs;

use crate::tree::{text, Tree};

const COMMANDS: [&str; 14] = [
    "list",
    "show",
    "flush",
    "evict",
    "send",
    "broadcast",
    "listen",
    "shell",
    "params",
    "stats",
    "top",
    "trace",
    "completions",
    "man",
];

#[test]
fn help() {
    let tree = Tree::without_driver();
    tree.golden("help", &["--help"]);
    tree.golden("help-list", &["list --help"]);
    tree.golden("help-listen", &["listen --help"]);
    tree.golden("help-params", &["params --help"]);
}

#[test]
fn completions() {
    let tree = Tree::without_driver();
    for shell in ["bash", "zsh", "fish"] {
        let output = tree.run(&["completions", shell]);
        assert!(output.status.success());
        let script = text(&output.stdout);
        for word in COMMANDS.into_iter().chain(["noheadings", "RECEIVED"]) {
            assert!(script.contains(word), "{word} for {shell}");
        }
        assert!(!script.contains("proc-root"), "{shell}");
    }
    let unknown = tree.run(&["completions", "tcsh"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn the_page_of_the_program() {
    let page = text(&Tree::without_driver().run(&["man"]).stdout);
    assert!(page.contains(".TH mq-admin 1"), "{page}");
    assert!(page.contains("the driver is not loaded"));
    for command in COMMANDS {
        assert!(
            page.contains(&format!("mq\\-admin\\-{command}(1)")),
            "{command}"
        );
    }
}

#[test]
fn a_page_for_each_command() {
    let tree = Tree::without_driver();
    let dir = tree.path("pages");
    let output = tree.run(&["man", "--dir", dir.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(fs::read_dir(dir).unwrap().count(), COMMANDS.len() + 1);
    for command in COMMANDS {
        let page = tree.get(&format!("pages/mq-admin-{command}.1"));
        assert_eq!(text(&tree.run(&["man", command]).stdout), page);
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
        assert!(page.contains(&format!("mq\\-admin {command}")), "{page}");
    }
}

#[test]
fn no_such_page() {
    Tree::without_driver().golden("man", &["man colour"]);
}

// SPDX-License-Identifier: GPL-2.0

//! `listen`: what it prints, when it ends, and the commands that it runs.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::device::Device;
use crate::tree::{text, Tree};

#[test]
fn messages_are_printed_as_they_are() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice hello  there\n");
    device.queue("eve \x1b[2Jagain\n");
    device.queue("eve too many\n");
    let output = tree.run(&["listen", "bob", "--count", "2"]);
    assert_eq!(
        text(&output.stdout),
        "alice hello  there\neve \x1b[2Jagain\n"
    );
    assert!(output.status.success());
    assert_eq!(device.commands(), "/reg bob/unr");
}

#[test]
fn each_message_is_printed_at_once() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    let mut command = tree.command(&["listen", "bob", "--count", "2"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for message in ["alice one", "alice two"] {
        device.queue(&format!("{message}\n"));
        assert_eq!(lines.next().unwrap().unwrap(), message);
    }
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_time_runs_out() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    tree.golden(
        "listen-timeout",
        &[
            "listen bob --timeout 0.05",
            "listen bob --timeout 0.05 --count 1",
            "listen bob --timeout 0",
            "listen bob --count 0",
        ],
    );
    device.queue("alice hello\n");
    tree.golden("listen-too-few", &["listen bob --timeout 0.05 --count 2"]);
}

#[test]
fn each_message_has_the_whole_time() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice one\n");
    // The command takes longer than a message may, and the next message comes after it.
    let script = "sleep 2.1; echo $MQ_TEXT";
    let arguments = ["--count", "2", "--timeout", "2", "--exec", script];
    let mut command = tree.command(&[&["listen", "bob"][..], &arguments].concat());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    thread::sleep(Duration::from_millis(200));
    device.queue("alice two\n");
    assert_eq!(lines.next().unwrap().unwrap(), "two");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_registration_ends() {
    let tree = Tree::new();
    symlink("/dev/null", tree.path("dev/mq")).unwrap();
    tree.golden("listen-ended", &["listen bob"]);
}

#[test]
fn nobody_listens_to_a_listener() {
    let tree = Tree::new();
    let _device = Device::new(&tree);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = tree.command(&["listen", "bob"]);
    let mut child = command.stdout(writer).spawn().unwrap();
    // The pipe has a second end in `command`.
    drop((reader, command));
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_command_for_each_message() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice it's  me\n");
    device.queue("eve $(exit 9) \\n\n");
    let script = r#"
        printf "%s [%s] [%s]\\n" "$MQ_NAME $MQ_FROM" "$MQ_TEXT" "$(cat)"
        printf "/$MQ_FROM ok" >&$MQ_FD
    "#;
    let output = tree.run(&["listen", "bob", "--count", "2", "--exec", script]);
    assert_eq!(
        text(&output.stdout),
        "bob alice [it's  me] [it's  me]\nbob eve [$(exit 9) \\n] [$(exit 9) \\n]\n"
    );
    assert_eq!(text(&output.stderr), "");
    assert_eq!(device.commands(), "/reg bob/alice ok/eve ok/unr");
}

#[test]
fn a_text_that_no_variable_can_hold() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice a\0b\n");
    let script = r#"printf "${MQ_TEXT-unset} "; od -An -c | tr -s ' '"#;
    let output = tree.run(&["listen", "bob", "--count", "1", "--exec", script]);
    assert_eq!(text(&output.stdout), "unset  a \\0 b\n");
}

#[test]
fn a_command_that_fails_is_reported_and_the_next_one_runs() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice 3\n");
    device.queue("eve 0\n");
    let script = "echo $MQ_TEXT; exit $MQ_TEXT";
    let output = tree.run(&["listen", "bob", "--count", "2", "--exec", script]);
    assert_eq!(text(&output.stdout), "3\n0\n");
    assert_eq!(
        text(&output.stderr),
        "mq-admin: the command for a message from alice failed: exit status: 3\n"
    );
    assert!(output.status.success());
}

#[test]
fn a_command_waits_for_a_message_of_its_own() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice one\n");
    let script = "echo $MQ_TEXT; read -r from text <&$MQ_FD; echo $from: $text";
    let mut command = tree.command(&["listen", "bob", "--count", "1", "--exec", script]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    // By now a `read` that does not wait would have failed.
    thread::sleep(Duration::from_millis(200));
    device.queue("eve two\n");
    assert_eq!(lines.next().unwrap().unwrap(), "eve: two");
    assert!(child.wait().unwrap().success());
}

// SPDX-License-Identifier: GPL-2.0

//! `top` and `shell` on a terminal, whose size nobody knows, as behind a serial line.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::process::{kill_process, Pid, Signal};
use rustix::termios::{tcgetattr, LocalModes};

use crate::device::Device;
use crate::pty;
use crate::tree::{text, Tree};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What clears a screen.
const CLEAR: &str = "\x1b[2J";

/// What a terminal is told to show its usual screen again, and the cursor. Where it has no other
/// screen, nothing is left on this one.
const GIVEN_BACK: &str = "\x1b[2J\x1b[1;1H\x1b[?1049l\x1b[?25h";

/// A person in front of the running program.
struct Session {
    near: File,
    far: File,
    child: Child,
    seen: String,
}

impl Session {
    fn new(tree: &Tree, arguments: &[&str]) -> Self {
        let (near, far, _) = pty::open();
        let child = tree
            .command(arguments)
            .env("TERM", "vt102")
            .stdin(far.try_clone().unwrap())
            .stdout(far.try_clone().unwrap())
            .stderr(far.try_clone().unwrap())
            .spawn()
            .unwrap();
        Self {
            near,
            far,
            child,
            seen: String::new(),
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.near.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads on until `text` has come; what came before it is returned, and forgotten.
    fn expect(&mut self, text: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                let mut before = std::mem::replace(&mut self.seen, rest);
                before.truncate(at);
                return before;
            }
            assert!(start.elapsed() < PATIENCE, "no {text:?}");
            let mut files = [PollFd::new(&self.near, PollFlags::IN)];
            let timeout = Timespec::try_from(Duration::from_millis(100)).unwrap();
            if poll(&mut files, Some(&timeout)).unwrap() > 0 {
                let mut chunk = [0; 4096];
                let length = self.near.read(&mut chunk).unwrap();
                self.seen += &String::from_utf8_lossy(&chunk[..length]);
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end, after which the terminal must be as it was.
    fn end(mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        let modes = tcgetattr(&self.far).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO));
        status
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has ended by itself unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn top_shows_queues_and_obeys_keys() {
    let tree = Tree::new();
    let mut top = Session::new(&tree, &["top", "--interval", "0.05"]);
    // Blanks are not drawn, so words come one by one.
    top.expect("registered,");
    top.expect("13");
    top.expect("NAME^");
    top.expect("alice");
    top.expect("bob");
    top.type_in("p");
    top.expect("PAUSED");
    top.type_in(">");
    top.expect("PIDv");
    top.type_in("q");
    top.expect(GIVEN_BACK);
    assert!(top.end().success());
}

#[test]
fn top_draws_on_an_empty_screen() {
    // The Linux console has no other screen: what stood there would show between the words.
    let tree = Tree::new();
    let mut top = Session::new(&tree, &["top"]);
    let before = top.expect("registered,");
    let drawn = before.rfind(CLEAR).map(|at| &before[at + CLEAR.len()..]);
    assert!(
        drawn.is_some_and(|drawn| drawn.contains("of")),
        "{before:?}"
    );
    top.type_in("q");
    assert!(top.end().success());
}

#[test]
fn top_draws_the_same_of_a_later_driver_that_tells_more() {
    let tree = Tree::new();
    let first_picture = || {
        let mut top = Session::new(&tree, &["top"]);
        let picture = top.expect("interval");
        top.type_in("q");
        assert!(top.end().success());
        picture
    };
    let before = first_picture();
    assert!(before.contains("alice"));
    tree.extend();
    assert_eq!(first_picture(), before);
}

#[test]
fn top_gives_the_terminal_back_when_it_is_killed() {
    let tree = Tree::new();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut top = Session::new(&tree, &["top"]);
        top.expect("registered");
        top.signal(signal);
        top.expect(GIVEN_BACK);
        assert_eq!(top.end().code(), None);
    }
}

#[test]
fn top_gives_the_terminal_back_when_the_driver_goes() {
    let tree = Tree::new();
    let mut top = Session::new(&tree, &["top", "--interval", "0.05"]);
    top.expect("registered");
    std::fs::remove_file(tree.path("proc/mq")).unwrap();
    top.expect(GIVEN_BACK);
    top.expect("modprobe mq_driver");
    assert_eq!(top.end().code(), Some(5));
}

#[test]
fn the_shell_edits_and_remembers_lines() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    let mut shell = Session::new(&tree, &["shell"]);
    shell.expect("> ");
    shell.type_in("/rex\x7fg bob\r");
    shell.expect("bob> ");
    // The line before, with something added.
    shell.type_in("/msg al\tone\r");
    shell.expect("bob> ");
    shell.type_in("\x1b[A more\r");
    shell.expect("bob> ");
    shell.type_in("/exit\r");
    assert!(shell.end().success());
    assert_eq!(
        device.commands(),
        "/reg bob/msg alice one/msg alice one more"
    );
}

#[test]
fn the_shell_shows_messages_above_the_line_being_typed() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    let mut shell = Session::new(&tree, &["shell", "bob"]);
    shell.expect("bob> ");
    shell.type_in("/all half");
    shell.expect("half");
    device.queue("alice hello \x1b[2J\n");
    shell.expect("alice: hello \\x1b[2J");
    shell.expect("bob> ");
    shell.expect("/all half");
    shell.type_in(" a line\r");
    shell.expect("bob> ");
    shell.type_in("\x04");
    assert!(shell.end().success());
    assert_eq!(device.commands(), "/reg bob/all half a line");
}

#[test]
fn a_listener_on_a_terminal_is_spared_control_characters() {
    let tree = Tree::new();
    let device = Device::new(&tree);
    device.queue("alice \x1b[2J\n");
    let mut listen = Session::new(&tree, &["listen", "bob", "--count", "1"]);
    listen.expect("alice \\x1b[2J\r\n");
    assert!(listen.end().success());
}

#[test]
fn a_list_on_a_terminal_is_aligned() {
    let tree = Tree::new();
    let mut list = Session::new(&tree, &["list", "--output", "name,pid"]);
    let aligned = text(
        &tree
            .run(&["list", "--output", "name,pid", "--aligned"])
            .stdout,
    );
    list.expect(&aligned.replace('\n', "\r\n"));
    assert!(list.end().success());
}

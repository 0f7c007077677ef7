// SPDX-License-Identifier: GPL-2.0

//! A made-up `/proc`, `/sys` and `/dev`, and transcripts of the program run against them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Two registrations, as the driver lists them.
const LISTING: &str = "\
NAME         PID    UID  DEPTH    LEN      SENT  RECEIVED   DROPPED      BYTES  WAITING
bob          123      0      2      8         0        14         1        128        3
alice         99   1000     11     16       433         9         0       1024        0
";

/// Makes the directory of every tree its own.
static TREES: AtomicU32 = AtomicU32::new(0);

/// A tree; removed when this is dropped.
pub struct Tree(PathBuf);

impl Tree {
    /// A system without the driver.
    pub fn without_driver() -> Self {
        let number = TREES.fetch_add(1, Ordering::Relaxed);
        let name = format!("mq-admin-test-{}-{number}", std::process::id());
        let tree = Self(std::env::temp_dir().join(name));
        for directory in ["proc", "sys", "dev"] {
            fs::create_dir_all(tree.path(directory)).unwrap();
        }
        tree
    }

    /// A system with the driver, and `bob` and `alice` registered.
    pub fn new() -> Self {
        let tree = Self::without_driver();
        tree.put("proc/mq", LISTING);
        tree.put("proc/123/comm", "log reader\n");
        for (name, value) in [
            ("max_devices", "8"),
            ("queue_len", "8"),
            ("cmd_buf_size", "256"),
            ("max_per_user", "0"),
            ("queue_bytes", "0"),
            ("max_bytes_per_user", "0"),
            ("stats/sends", "5\n"),
            ("stats/refused_enospc", "12\n"),
            ("flush", ""),
            ("evict", ""),
        ] {
            tree.put(&format!("sys/class/misc/mq/{name}"), value);
        }
        for (name, value) in [
            ("pid", "123\n"),
            ("uid", "0\n"),
            ("depth", "2\n"),
            ("len", "8\n"),
            ("sent", "0\n"),
            ("received", "14\n"),
            ("dropped", "1\n"),
            ("bytes", "128\n"),
            ("waiting", "3\n"),
        ] {
            tree.put(&format!("sys/class/misc/mq/queues/bob/{name}"), value);
        }
        tree
    }

    /// Turns the driver into a later one, which tells more of each registration.
    pub fn extend(&self) {
        let listing = self.get("proc/mq");
        let wider = listing
            .lines()
            .enumerate()
            .map(|(number, line)| match number {
                0 => format!("{line}  COLOUR  SINCE\n"),
                _ => format!("{line}    blue  noon\n"),
            });
        self.put("proc/mq", &wider.collect::<String>());
        self.put("sys/class/misc/mq/queues/bob/colour", "blue\n");
        self.put("sys/class/misc/mq/queues/bob/since", "noon\n");
    }

    /// The place of a file.
    pub fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// Writes a file.
    pub fn put(&self, file: &str, content: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// What a file holds.
    pub fn get(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// The program with these arguments, ready to run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mq-admin"));
        command
            .args(["--proc-root".into(), self.path("proc")])
            .args(["--sys-root".into(), self.path("sys")])
            .args(["--dev-root".into(), self.path("dev")])
            .args(arguments)
            .env_remove("COLUMNS")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the program with something on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs the program once for each line of arguments, and compares the transcript with a golden
    /// file.
    pub fn golden(&self, name: &str, lines: &[&str]) {
        let mut transcript = String::new();
        for line in lines {
            let arguments: Vec<&str> = line.split_whitespace().collect();
            transcript += &self.transcript(line, &self.run(&arguments));
        }
        compare(name, &transcript);
    }

    /// What a user would have seen, at the usual places of files.
    fn transcript(&self, line: &str, output: &Output) -> String {
        let mut transcript = format!("$ mq-admin {line}\n");
        transcript += &text(&output.stdout);
        for complaint in text(&output.stderr).lines() {
            transcript += &format!("! {complaint}\n");
        }
        if !output.status.success() {
            transcript += &format!("exit {}\n", output.status.code().unwrap());
        }
        transcript.replace(self.0.to_str().unwrap(), "") + "\n"
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A test that fails for another reason should say that one.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Output as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Compares with a golden file, and shows the first difference.
fn compare(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
        .with_extension("txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap();
    for (number, (expected, actual)) in expected.lines().zip(actual.lines()).enumerate() {
        assert_eq!(expected, actual, "line {} of {name}", number + 1);
    }
    assert_eq!(expected.lines().count(), actual.lines().count(), "{name}");
}

// SPDX-License-Identifier: GPL-2.0

//! Processes that a test leads step by step: of any user, and across `execve`, which can make a
//! set-user-id program of them.

use std::{
    ffi::CString,
    fs,
    os::{
        fd::{IntoRawFd, OwnedFd, RawFd},
        unix::fs::{chown, PermissionsExt},
    },
    path::PathBuf,
};

use nix::{
    poll::PollFlags,
    sched::{unshare, CloneFlags},
    sys::prctl::set_dumpable,
    unistd::{dup, execv, seteuid, setgroups, setresgid, setresuid, Gid, Pid, Uid},
};

use crate::{
    child::{Child, Link},
    device::Device,
    primitives, sys, sysfs,
};

/// What `poll` says of a file that acts for nobody, and has acted for nobody.
pub const IDLE: PollFlags = PollFlags::POLLOUT;

/// What it says after the registration has ended that the file acted for.
pub const ENDED: PollFlags = PollFlags::POLLOUT.union(PollFlags::POLLHUP);

/// Such a process. It is killed when it goes out of scope.
pub struct Puppet(Child);

/// A file that a puppet has open: its descriptor.
#[derive(Clone, Copy)]
pub struct Held(RawFd);

impl Puppet {
    /// Starts a process of the user `uid`.
    pub fn start(uid: u32) -> Self {
        Self(Child::start(move |link| {
            become_user(uid);
            obey(link)
        }))
    }

    /// Its PID.
    pub fn pid(&self) -> Pid {
        self.0.pid
    }

    /// Opens the device, not to wait in reads.
    #[track_caller]
    pub fn open(&self) -> Held {
        Held(self.ordered("open"))
    }

    /// What comes of a step of `mq-test try` on this file.
    #[track_caller]
    pub fn does(&self, file: Held, step: &str) -> String {
        self.answer(format!("do {} {step}", file.0))
    }

    /// What `poll` says of this file, at once.
    #[track_caller]
    pub fn polls(&self, file: Held) -> PollFlags {
        PollFlags::from_bits_retain(self.ordered(format!("poll {}", file.0)))
    }

    /// Passes a file to another, over a socket.
    #[track_caller]
    pub fn give(&self, file: Held, to: &Puppet) -> Held {
        to.0.say("take");
        self.pass(file, &to.0);
        Held(to.heard())
    }

    /// Passes a file to a child that takes it, over a socket.
    #[track_caller]
    pub fn pass(&self, file: Held, to: &Child) {
        self.0.say(format!("pass {}", file.0));
        to.pass(self.0.take::<OwnedFd>());
    }

    /// Opens the device and registers.
    #[track_caller]
    pub fn register(&self, name: &str) -> String {
        let file = self.open();
        self.does(file, &format!("/reg {name}"))
    }

    /// Changes the effective user id, and nothing else.
    #[track_caller]
    pub fn acts_as(&self, uid: u32) {
        assert_eq!(self.answer(format!("seteuid {uid}")), "ok");
    }

    /// Enters a user namespace of its own, whose ids are mapped for it as a privileged helper does.
    #[track_caller]
    pub fn enters(&self, namespace: &UserNamespace) {
        assert_eq!(self.answer("unshare"), "ok");
        for map in ["uid_map", "gid_map"] {
            if !namespace.0.is_empty() {
                let path = format!("/proc/{}/{map}", self.pid());
                sysfs::write_once(&path, &namespace.0).expect("a map of ids");
            }
        }
    }

    /// Changes all three of its user ids.
    #[track_caller]
    pub fn becomes(&self, uid: u32) {
        assert_eq!(self.answer(format!("setresuid {uid}")), "ok");
    }

    /// Executes a program, which goes on with the same files.
    #[track_caller]
    pub fn executes(&self, program: &Program) {
        assert_eq!(self.answer(format!("exec {}", program.0.display())), "ok");
    }

    /// A line of what `/proc` says about the file.
    #[track_caller]
    pub fn info(&self, file: Held, of: &str) -> String {
        let path = format!("/proc/{}/fdinfo/{}", self.pid(), file.0);
        let text = fs::read_to_string(path).expect("fdinfo");
        let value = text.lines().find_map(|line| line.strip_prefix(of));
        value.expect("the line").trim().to_owned()
    }

    /// Asserts that the file acts for nobody, whatever the process tries with it, least of all for
    /// `name`; `events` is what `poll` says.
    #[track_caller]
    pub fn acts_for_nobody(&self, file: Held, name: &str, events: PollFlags) {
        let to_name = format!("/{name} forged");
        let message = format!("/msg {name} forged");
        for command in [&*message, &to_name, "/all forged", "/[all] forged"] {
            assert_eq!(self.does(file, command), "EACCES", "{command}");
        }
        for command in ["<", "/unr", "/unreg", &format!("/unreg {name}")] {
            assert_eq!(self.does(file, command), "ENOENT", "{command}");
        }
        assert_eq!(self.polls(file), events);
        assert_eq!(self.info(file, "mq-name:"), "-");
    }

    /// Kills the process; it has been waited for on return.
    pub fn kill(self) {
        self.0.kill();
    }

    #[track_caller]
    fn answer(&self, order: impl AsRef<str>) -> String {
        self.0.say(order);
        self.0.hear()[1..].to_owned()
    }

    #[track_caller]
    fn ordered<T: std::str::FromStr>(&self, order: impl AsRef<str>) -> T {
        self.0.say(order);
        self.heard()
    }

    #[track_caller]
    fn heard<T: std::str::FromStr>(&self) -> T {
        let answer = self.0.hear();
        let number = answer[1..].parse();
        number.unwrap_or_else(|_| panic!("{answer}"))
    }
}

/// A user namespace, by its map of ids.
pub struct UserNamespace(pub String);

impl UserNamespace {
    /// One that maps no id.
    pub fn unmapped() -> Self {
        Self(String::new())
    }
}

/// Becomes the user `uid` for good, without groups and, unless that is root, without capabilities.
pub fn become_user(uid: u32) {
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(uid));
    setgroups(&[]).expect("setgroups");
    setresgid(group, group, group).expect("setresgid");
    setresuid(user, user, user).expect("setresuid");
    // What it waits in can be looked up by others of the user, too.
    set_dumpable(true).expect("PR_SET_DUMPABLE");
}

/// A copy of this program that anybody may execute, and that goes on as a puppet.
pub struct Program(PathBuf);

impl Program {
    /// One that takes on the effective user id `uid`.
    pub fn set_user_id(uid: u32) -> Self {
        Self::with_mode(uid, 0o4755)
    }

    /// One that changes nobody's user id.
    pub fn ordinary() -> Self {
        Self::with_mode(0, 0o755)
    }

    fn with_mode(uid: u32, mode: u32) -> Self {
        let path = PathBuf::from(format!("/tmp/mq-test-{uid}-{mode:o}"));
        fs::copy("/proc/self/exe", &path).expect("a copy of this program");
        chown(&path, Some(uid), Some(uid)).expect("chown");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
        Self(path)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A puppet after `execve`: its standard input is the link.
pub fn go_on() -> ! {
    let link = Link::inherited();
    link.say("=ok");
    obey(&link)
}

/// Does what it hears, and says what came of it, until it is killed.
fn obey(link: &Link) -> ! {
    loop {
        let order = link.hear();
        let (verb, what) = order.split_once(' ').unwrap_or((&order, ""));
        let (first, rest) = what.split_once(' ').unwrap_or((what, ""));
        let file = || sys::inherited(first.parse().expect("a file descriptor"));
        let uid = || Uid::from_raw(first.parse().expect("a user id"));
        let answer = match verb {
            "open" => held(Device::open_nonblocking()),
            "take" => held(link.take::<Device>()),
            "pass" => {
                link.pass(file());
                continue;
            }
            "do" => primitives::result_of(&file(), rest),
            "poll" => {
                let file = Device::from(file().try_clone_to_owned().expect("dup"));
                file.events().bits().to_string()
            }
            "seteuid" => result(seteuid(uid())),
            "setresuid" => result(setresuid(uid(), uid(), uid())),
            "unshare" => result(unshare(CloneFlags::CLONE_NEWUSER)),
            "exec" => {
                link.become_standard_input();
                let program = CString::new(first).expect("no zero byte");
                result(execv(&program, &[c"mq-test", c"obey"]))
            }
            _ => panic!("no such order: {order}"),
        };
        link.say(format!("={answer}"));
    }
}

fn held(file: Device) -> String {
    // The duplicate is not closed by `execve`.
    dup(file).expect("dup").into_raw_fd().to_string()
}

fn result<T>(result: nix::Result<T>) -> String {
    result.map_or_else(|error| format!("{error:?}"), |_| "ok".to_owned())
}

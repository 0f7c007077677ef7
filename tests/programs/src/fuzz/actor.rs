// SPDX-License-Identifier: GPL-2.0

//! Who carries steps out: a thread of one of a few processes.

use std::sync::Barrier;

use nix::{
    sys::{
        prctl::set_dumpable,
        signal::{raise, Signal},
    },
    unistd::{setgroups, setresgid, setresuid, Gid, Uid},
};

use super::{
    acts::{Hands, Inboxes},
    mailbox::{Mailbox, REST},
    reached::Reached,
    step::{Action, Code, Step},
};
use crate::sys::{
    self,
    kcov::{self, Coverage},
};

/// The processes: under which user, and with how many threads.
pub const PROCESSES: [(u32, usize); 4] = [(0, 2), (1000, 2), (1000, 1), (1001, 1)];

/// All threads.
pub const ACTORS: usize = 6;

/// The process of an actor.
pub fn process_of(actor: usize) -> usize {
    let mut last = 0;
    let ends = PROCESSES.iter().map(|(_, threads)| {
        last += threads;
        last
    });
    ends.take_while(|end| *end <= actor).count()
}

/// The first actor of a process.
pub fn first_of(process: usize) -> usize {
    PROCESSES[..process]
        .iter()
        .map(|(_, threads)| threads)
        .sum()
}

/// Is the process: one thread for each mailbox, for ever.
pub fn be(process: usize, mailboxes: &[Mailbox], inboxes: &Inboxes, reached: &Reached) {
    sys::on_signal(Signal::SIGUSR1, false);
    let prepared = Barrier::new(mailboxes.len());
    std::thread::scope(|scope| {
        for mailbox in mailboxes {
            scope.spawn(|| {
                let mut actor = Actor::new(process, inboxes, reached);
                if prepared.wait().is_leader() {
                    become_user(PROCESSES[process].0);
                }
                prepared.wait();
                mailbox.obey(|code| actor.carry_out(code))
            });
        }
    });
}

/// Once all threads have opened what takes root's rights.
fn become_user(uid: u32) {
    if uid != 0 {
        let (user, group) = (Uid::from_raw(uid), Gid::from_raw(uid));
        setgroups(&[]).expect("setgroups");
        setresgid(group, group, group).expect("setresgid");
        setresuid(user, user, user).expect("setresuid");
        // Or what /proc says of it would be root's.
        set_dumpable(true).expect("set_dumpable");
    }
}

struct Actor<'a> {
    hands: Hands<'a>,
    coverage: Option<Coverage>,
    reached: &'a Reached,
}

impl<'a> Actor<'a> {
    fn new(process: usize, inboxes: &'a Inboxes, reached: &'a Reached) -> Self {
        Self {
            hands: Hands::new(process, inboxes),
            coverage: kcov::exists().then(Coverage::of_this_thread),
            reached,
        }
    }

    /// How much was reached for the first time.
    fn carry_out(&mut self, code: Code) -> u64 {
        if code == REST {
            self.hands.rest();
            return 0;
        }
        let step = Step::new(code);
        if matches!(step.action, Action::Die) {
            let _ = raise(Signal::SIGKILL);
        }
        if let Some(coverage) = &self.coverage {
            coverage.clear();
        }
        self.hands.act(step);
        let coverage = self.coverage.as_ref();
        coverage.map_or(0, |coverage| self.reached.note(coverage.addresses()))
    }
}

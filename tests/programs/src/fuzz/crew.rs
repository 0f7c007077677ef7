// SPDX-License-Identifier: GPL-2.0

//! All actors: starts their processes, and again those that have died, and has them carry out a
//! sequence.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use nix::{
    sys::{
        signal::{kill, Signal},
        wait::{waitpid, WaitPidFlag, WaitStatus},
    },
    unistd::Pid,
};

use super::{
    actor::{self, first_of, process_of, ACTORS, PROCESSES},
    acts::Inboxes,
    mailbox::{Mailbox, REST},
    reached::Reached,
    step::{self, Action, Code, Step},
};
use crate::{
    sys::{self, shared},
    wait,
};

/// How long the next actor waits for one that may be waiting itself.
const PATIENCE: Duration = Duration::from_millis(20);

/// A sequence of steps, and how they are carried out.
#[derive(Clone, PartialEq)]
pub struct Sequence {
    pub steps: Vec<Code>,
    /// All actors at once, each in its own order; or one after the other.
    pub at_once: bool,
}

/// The processes that act.
pub struct Crew<'a> {
    /// On two processors, or on one: waking another is what costs most under an emulator.
    spread: bool,
    reached: &'a Reached,
    inboxes: Inboxes,
    mailboxes: Vec<Mailbox>,
    processes: Vec<Pid>,
}

impl<'a> Crew<'a> {
    /// Starts all, on the processor of the caller, or spread over two.
    pub fn start(reached: &'a Reached, spread: bool) -> Self {
        let mut crew = Self {
            spread,
            reached,
            inboxes: Inboxes::new(),
            mailboxes: (0..ACTORS).map(|_| Mailbox::new()).collect(),
            processes: Vec::new(),
        };
        for process in 0..PROCESSES.len() {
            let pid = crew.start_process(process);
            crew.processes.push(pid);
        }
        crew
    }

    fn start_process(&self, process: usize) -> Pid {
        let first = first_of(process);
        let mailboxes = &self.mailboxes[first..first + PROCESSES[process].1];
        mailboxes.iter().for_each(Mailbox::clear);
        let pid = sys::fork(|| actor::be(process, mailboxes, &self.inboxes, self.reached));
        for (thread, mailbox) in mailboxes.iter().enumerate() {
            mailbox.tell(REST);
            assert!(mailbox.settles(wait::LIMIT), "a process that acts starts");
            if self.spread && (process + thread) % 2 == 1 {
                wait::on_the_other_processor(mailbox.id());
            }
        }
        pid
    }

    /// Carries out a sequence, and has everything closed; how much was reached for the first time.
    pub fn carry_out(&mut self, sequence: &Sequence) -> Result<u64, String> {
        for code in &sequence.steps {
            let mailbox = &self.mailboxes[step::who(*code)];
            mailbox.tell(*code);
            if !sequence.at_once {
                mailbox.settles(PATIENCE);
            }
        }
        self.settle()?;
        let new = self.mailboxes.iter().map(Mailbox::take_new).sum();
        for actor in involved(sequence) {
            self.mailboxes[actor].tell(REST);
        }
        self.settle()?;
        Ok(new)
    }

    /// Waits until all have done what they were told, and disturbs those that sleep.
    fn settle(&mut self) -> Result<(), String> {
        for actor in 0..ACTORS {
            let deadline = Instant::now() + wait::LIMIT;
            while !self.mailboxes[actor].settles(PATIENCE) {
                let process = process_of(actor);
                if self.replace_if_dead(process)? {
                    continue;
                }
                if Instant::now() > deadline {
                    return Err(format!("actor {actor} sleeps, and signals do not wake it"));
                }
                let thread = self.mailboxes[actor].id();
                shared::signal_thread(self.processes[process], thread, libc::SIGUSR1);
            }
        }
        Ok(())
    }

    /// Starts a process anew if it has died as it was told to.
    fn replace_if_dead(&mut self, process: usize) -> Result<bool, String> {
        match waitpid(self.processes[process], Some(WaitPidFlag::WNOHANG)).expect("waitpid") {
            WaitStatus::StillAlive => return Ok(false),
            // The second where a fault that was ordered hit the return from a signal.
            WaitStatus::Signaled(_, Signal::SIGKILL | Signal::SIGSEGV, _) => {}
            status => return Err(format!("a process has come to a bad end: {status:?}")),
        }
        self.processes[process] = self.start_process(process);
        Ok(true)
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        for process in &self.processes {
            let _ = kill(*process, Signal::SIGKILL);
            let _ = waitpid(*process, None);
        }
    }
}

/// Who has something to undo: who has acted, and who was given a file.
fn involved(sequence: &Sequence) -> BTreeSet<usize> {
    let steps = sequence.steps.iter().map(|code| Step::new(*code));
    let both = steps.flat_map(|step| match step.action {
        Action::Pass { to } => [step.who, first_of(process_of(to))],
        _ => [step.who; 2],
    });
    both.collect()
}

// SPDX-License-Identifier: GPL-2.0

//! What does the operations: the model, and whatever is compared with it; and what can be seen of
//! one from outside.

use nix::errno::Errno;

use crate::operation::Operation;

/// What came of an operation.
pub type Outcome = Result<Answer, Errno>;

/// What an operation gives that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done, as a whole.
    Done,
    /// So many bytes were written.
    Written(usize),
    /// It waits until others let it go on, and is over then: see [`Machine::over`].
    Waits,
    /// These bytes were read.
    Bytes(crate::Bytes),
    /// These records were read.
    Records(Vec<crate::Received>),
    /// What `poll` says.
    Events {
        /// There is something to read.
        readable: bool,
        /// There is room to write.
        writable: bool,
        /// The registration has ended.
        hung_up: bool,
    },
}

/// A line of `/proc/mq`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Row {
    pub name: String,
    /// The place of the process that made it; none if it has exited, and left a file behind.
    pub process: Option<usize>,
    pub user: u32,
    pub depth: u64,
    pub len: u64,
    pub sent: u64,
    pub received: u64,
    pub dropped: u64,
    pub bytes: u64,
    pub waiting: u64,
}

/// The names of the totals that are compared: files in `stats/`.
pub const TOTALS: [&str; 18] = [
    "broadcasts",
    "deliveries",
    "dropped_end",
    "dropped_flush",
    "dropped_overflow",
    "reads",
    "refused_eacces",
    "refused_edquot",
    "refused_eexist",
    "refused_efault",
    "refused_einval",
    "refused_emsgsize",
    "refused_enoent",
    "refused_enomem",
    "refused_enospc",
    "refused_eperm",
    "sends",
    "truncated",
];

/// The totals, by the places of their names in [`TOTALS`].
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals(pub [u64; TOTALS.len()]);

impl Totals {
    /// Adds to the total of this name, if it is one.
    pub fn add(&mut self, name: &str, count: usize) {
        if let Ok(place) = TOTALS.binary_search(&name) {
            self.0[place] += count as u64;
        }
    }

    /// Counts what was refused.
    ///
    /// # Errors
    ///
    /// The refusal.
    pub fn note<T>(&mut self, outcome: Result<T, Errno>) -> Result<T, Errno> {
        if let Err(errno) = outcome {
            self.add(&format!("refused_{errno:?}").to_ascii_lowercase(), 1);
        }
        outcome
    }
}

impl std::fmt::Debug for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counted = TOTALS.iter().zip(self.0).filter(|(_, count)| *count > 0);
        f.debug_map().entries(counted).finish()
    }
}

/// Something that does operations, and keeps accounts.
pub trait Machine {
    /// Whether it does operations of this kind.
    fn does(&self, _operation: &Operation) -> bool {
        true
    }

    /// Does an operation.
    fn perform(&mut self, operation: &Operation) -> Outcome;

    /// What those have come to who waited before the last operation and do so no longer, by the
    /// places of the processes. Where that may take a moment, `awaited` is waited for.
    fn over(&mut self, awaited: &[(usize, Outcome)]) -> Vec<(usize, Outcome)>;

    /// The lines of `/proc/mq`, in their order.
    fn rows(&mut self) -> Vec<Row>;

    /// What has been counted since the sequence began. Where that may take a moment, because a process
    /// has ended, `awaited` is waited for.
    fn totals(&mut self, awaited: &Totals) -> Totals;
}

// SPDX-License-Identifier: GPL-2.0

//! What can be done in a sequence, by whom. Every operation can be done at any time, so a sequence
//! stays one whatever is left out of it.
//!
//! Printed for debugging, an operation is what one would write in Rust.

use std::{fmt, time::Duration};

use crate::{
    limits::Parameter,
    records::{Record, Records},
};

/// Processes that a sequence leads. There is always one at each of these places.
pub const PROCESSES: usize = 4;

/// Files that a process can have open, each at its place.
pub const FILES: usize = 2;

/// As which user a process starts at each place, with the device open at every place of a file. All
/// of them are root's by their real user id, so each can become any other.
pub const STARTS_AS: [u32; PROCESSES] = [0, 1000, 1000, 1001];

/// Bytes that are written or name something.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// These bytes.
pub fn bytes<const N: usize>(bytes: &[u8; N]) -> Bytes {
    Bytes(bytes.to_vec())
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes(b\"{}\")", self.0.escape_ascii())
    }
}

impl Operation {
    /// Whether it is a request to the driver that can be refused, which it counts then.
    pub fn is_call(&self) -> bool {
        matches!(
            self,
            Operation::Write { .. }
                | Operation::Read { .. }
                | Operation::Send { .. }
                | Operation::SendWaiting { .. }
                | Operation::Receive { .. }
                | Operation::SetFormat { .. }
                | Operation::Register { .. }
                | Operation::Unregister { .. }
        )
    }

    /// The places of the processes that have to be free for it.
    pub fn actors(&self) -> impl Iterator<Item = usize> {
        let (first, second) = match *self {
            Operation::Open { process, .. }
            | Operation::Close { process, .. }
            | Operation::Fork { process, .. }
            | Operation::Execute { process }
            | Operation::Become { process, .. }
            | Operation::Write { process, .. }
            | Operation::Read { process, .. }
            | Operation::Send { process, .. }
            | Operation::SendWaiting { process, .. }
            | Operation::Receive { process, .. }
            | Operation::SetFormat { process, .. }
            | Operation::Register { process, .. }
            | Operation::Unregister { process, .. }
            | Operation::Poll { process, .. } => (Some(process), None),
            Operation::Pass { process, to, .. } => (Some(process), Some(to)),
            Operation::Restart { .. }
            | Operation::Set { .. }
            | Operation::Flush { .. }
            | Operation::Evict { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// How something is written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Through a file that does not wait.
    Plainly,
    /// Through a file that waits, but for this once: by `RWF_NOWAIT`, `MQ_RECEIVE_DONTWAIT`.
    WithoutSleep,
    /// Through a file that waits, for [`WAIT`] at most: not where there is no way to say so.
    Waiting,
    /// From or to memory of which only so many bytes are there.
    OnlyThere(usize),
}

/// How long something waits that has a limit.
pub const WAIT: Duration = Duration::from_millis(1);

impl How {
    /// Of a buffer of `size` bytes, how many are there.
    pub fn there(self, size: usize) -> usize {
        match self {
            How::OnlyThere(there) => there.min(size),
            _ => size,
        }
    }
}

/// Something that a process does, or an administrator. `process`, `to` and `child` are places of
/// processes, `file` is that of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    /// Opens the device, not to wait in reads. What was open there is closed.
    Open { process: usize, file: usize },
    /// Closes a file.
    Close { process: usize, file: usize },
    /// Passes a file to a process over a socket. What was open there is closed.
    Pass {
        process: usize,
        file: usize,
        to: usize,
    },
    /// Starts a child, which inherits user and files, in the place of another process.
    Fork { process: usize, child: usize },
    /// Executes a program, which goes on with the files.
    Execute { process: usize },
    /// Changes the effective user id.
    Become { process: usize, user: u32 },
    /// Is killed; a new process is there instead.
    Restart { process: usize },
    /// Writes some bytes, a command as a rule.
    Write {
        process: usize,
        file: usize,
        how: How,
        bytes: Bytes,
    },
    /// Reads up to so many bytes.
    Read {
        process: usize,
        file: usize,
        how: How,
        size: usize,
    },
    /// Writes records.
    Send {
        process: usize,
        file: usize,
        how: How,
        records: Records,
    },
    /// Writes a record that waits for room as long as that takes, if it waits. Meanwhile its process
    /// does nothing else: what it is to do is `EBUSY`.
    SendWaiting {
        process: usize,
        file: usize,
        record: Record,
    },
    /// Receives a record of up to so many bytes: of one sender only, unless `from` is empty.
    Receive {
        process: usize,
        file: usize,
        how: How,
        size: usize,
        peek: bool,
        from: Bytes,
    },
    /// Sets what reading and writing a file mean.
    SetFormat {
        process: usize,
        file: usize,
        format: u32,
        flags: u32,
    },
    /// Registers a file under a name.
    Register {
        process: usize,
        file: usize,
        name: Bytes,
    },
    /// Ends the registration of a file.
    Unregister { process: usize, file: usize },
    /// Asks `poll` what it can do without waiting.
    Poll { process: usize, file: usize },
    /// The administrator sets a parameter.
    Set { parameter: Parameter, value: u64 },
    /// The administrator discards what is queued for a name, or for all.
    Flush { name: Bytes },
    /// The administrator ends a registration.
    Evict { name: Bytes },
}

// SPDX-License-Identifier: GPL-2.0

//! Why the driver refuses what it was asked: one value a cause.
//!
//! The number that user space sees for a cause is given by the kernel side (`error.rs`); this file
//! only tells causes apart, so that each can be counted and logged by itself.

/// Why an operation was refused; nothing has happened then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The command is longer than `CMD_BUF_SIZE`.
    TooLong,
    /// The bytes are no command, or one with a part missing.
    NoCommand,
    /// The name to register under is not a valid one.
    BadName,
    /// The process is registered already.
    AlreadyRegistered,
    /// Another process has the name.
    NameTaken,
    /// `MAX_DEVICES` registrations exist.
    TableFull,
    /// The user holds as many registrations as one user may.
    ShareUsedUp,
    /// Who acts has no registration.
    NotRegistered,
    /// Who wants to send has no registration.
    SenderNotRegistered,
    /// No registration has the name.
    NoSuchName,
    /// The name is somebody else's.
    NotYours,
    /// Registering through a file that another user opened.
    ForeignFile,
}

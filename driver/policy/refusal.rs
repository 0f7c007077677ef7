// SPDX-License-Identifier: GPL-2.0

//! Why the driver refuses what it was asked: one value a reason.
//!
//! The error number that user space sees for a reason is given by the kernel side (`errors.rs`);
//! this file only tells reasons apart, so that each can be counted and logged by itself.

/// Why an operation was refused; nothing has happened then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The command is longer than `CMD_BUF_SIZE`.
    TooLong,
    /// The message is larger than the receiver's queue, even an empty one.
    TooLarge,
    /// What was written is no record, or one with a fault.
    BadRecord,
    /// What an `ioctl` asked for has a fault.
    BadRequest,
    /// There is no such `ioctl`.
    NoRequest,
    /// A message is half read through the file.
    HalfRead,
    /// The buffer is too small for the record.
    NoRoom,
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
    RegistrationsExceeded,
    /// The user's queues have as many bytes as those of one user may.
    BytesExceeded,
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

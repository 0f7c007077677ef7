// SPDX-License-Identifier: GPL-2.0

//! What can go wrong: told apart for programs, and said in one sentence, with the remedy, for people.
//!
//! Which of the driver's error numbers means what is not said here but in `refusal`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use mq_policy::limits::{CMD_BUF_SIZE, MAX_BYTES_PER_USER, MAX_DEVICES, MAX_PER_USER, QUEUE_BYTES};
use mq_policy::name::NAME_MAX;
use mq_policy::paths;

use crate::name::Name;

/// Why something was not done. Nothing has happened then.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text makes no [`Name`].
    BadName,
    /// A message has to have a text.
    NoText,
    /// What was written is no command of the text interface.
    NoCommand,
    /// The message is longer than the driver, or the receiver's queue, takes.
    TooLong,
    /// Somebody has the name; or who registers is registered already.
    NameTaken(Name),
    /// As many registrations exist as may.
    TableFull,
    /// The user has used up the registrations, or the bytes, that one user may have.
    QuotaUsedUp,
    /// Only who is registered may send and receive.
    NotRegistered,
    /// No registration has the name.
    NoSuchName(Name),
    /// The time ran out before there was room in the queue of this name.
    NoRoom(Name),
    /// A message to everybody cannot wait for room.
    BroadcastWaits,
    /// Registering through a file that another user opened.
    ForeignFile,
    /// The registration is somebody else's.
    NotYours,
    /// The registration has ended, and not by its owner's doing.
    Ended,
    /// The driver is not loaded: it would provide this file.
    DriverAbsent(PathBuf),
    /// This file of the driver is not for this user.
    NoRights(PathBuf),
    /// This file of the driver cannot be used, for the reason that the system gives.
    Unusable(PathBuf, io::Error),
    /// This file of the driver holds what this library does not understand.
    Misfit(PathBuf, String),
    /// The system, or the driver, refused, with a reason that has no name of its own here.
    System(io::Error),
}

/// What this library's functions give.
pub type Result<T = ()> = std::result::Result<T, Error>;

impl Error {
    /// The failure to get at `path`, which the driver provides.
    pub fn unreachable(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::DriverAbsent(path.into()),
            io::ErrorKind::PermissionDenied => Self::NoRights(path.into()),
            _ => Self::Unusable(path.into(), error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName => write!(
                f,
                "a name is 1 to {NAME_MAX} of the characters A-Z a-z 0-9 . _ -, \
                 and neither . nor - stands first"
            ),
            Self::NoText => f.write_str("there is no text to send"),
            Self::NoCommand => f.write_str(
                "this is no command, or a part of it is missing: \
                 there are /reg NAME, /unr, /msg NAME TEXT and /all TEXT",
            ),
            Self::TooLong => write!(
                f,
                "the message is too long for the driver, or for a queue made when less was \
                 allowed: shorten it, allow more by `mq-admin params {}=BYTES`, or have the \
                 receiver register anew",
                CMD_BUF_SIZE.attribute
            ),
            Self::NameTaken(name) => write!(
                f,
                "the name {name} is taken: choose another, \
                 or end that registration by `mq-admin evict {name}`"
            ),
            Self::TableFull => write!(
                f,
                "no more registrations fit: allow more by `mq-admin params {}=NUMBER`, \
                 or end one by `mq-admin evict NAME`",
                MAX_DEVICES.attribute
            ),
            Self::QuotaUsedUp => write!(
                f,
                "your quota of registrations, or of bytes for their queues, is used up: \
                 end one of yours, or have root raise {} or {}, or lower {}, \
                 by `mq-admin params NAME=VALUE`",
                MAX_PER_USER.attribute, MAX_BYTES_PER_USER.attribute, QUEUE_BYTES.attribute
            ),
            Self::NotRegistered => {
                f.write_str("only who is registered may do that: register a name first")
            }
            Self::NoSuchName(name) => write!(
                f,
                "no registration is named {name}: `mq-admin list` shows those there are"
            ),
            Self::NoRoom(name) => write!(
                f,
                "the time ran out before there was room in the queue of {name}: wait longer, \
                 or have it received from faster"
            ),
            Self::BroadcastWaits => {
                f.write_str("a message to everybody cannot wait for room: send it to each by name")
            }
            Self::ForeignFile => {
                f.write_str("another user opened this file: open the device yourself to register")
            }
            Self::NotYours => f.write_str(
                "that registration is somebody else's: root ends it by `mq-admin evict NAME`",
            ),
            Self::Ended => {
                f.write_str("the registration was ended from outside: register anew to go on")
            }
            Self::DriverAbsent(path) => write!(
                f,
                "there is no {}: the driver is not loaded; load it with `modprobe {}`",
                path.display(),
                paths::MODULE
            ),
            Self::NoRights(path) => {
                write!(f, "no rights for {}: run this as root", path.display())
            }
            Self::Unusable(path, error) => {
                write!(f, "{} cannot be used: {error}", path.display())
            }
            Self::Misfit(path, what) => write!(
                f,
                "{} has {what}: the loaded driver and this program do not fit together",
                path.display()
            ),
            Self::System(error) => write!(f, "the driver could not carry it out: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unusable(_, error) | Self::System(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_file_from_being_used_is_told_apart() {
        let path = Path::new("/dev/mq");
        let unreachable = |kind: io::ErrorKind| Error::unreachable(path, kind.into()).to_string();
        assert!(unreachable(io::ErrorKind::NotFound).contains("`modprobe mq_driver`"));
        assert!(unreachable(io::ErrorKind::PermissionDenied).contains("as root"));
        assert!(unreachable(io::ErrorKind::ResourceBusy).starts_with("/dev/mq cannot be used: "));
    }
}

// SPDX-License-Identifier: GPL-2.0

//! What the driver means by an error number.
//!
//! The driver knows more reasons than there are numbers. What was asked for helps to tell them
//! apart.

use mq_policy::command::{self, Command};
use mq_policy::refusal::Refusal;
use rustix::io::Errno;

use crate::error::Error;
use crate::name::Name;

/// What the driver was asked to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    /// Register this name.
    Register(Name),
    /// Send to this name, or to all.
    Send(Option<Name>),
    /// Something else.
    Other,
}

/// Why it answered `errno`.
pub(crate) fn explain(asked: Asked, errno: Errno) -> Error {
    match (errno, asked) {
        (Errno::MSGSIZE, _) => Error::TooLong,
        (Errno::EXIST, Asked::Register(name)) => Error::NameTaken(name),
        (Errno::NOSPC, _) => Error::TableFull,
        (Errno::DQUOT, _) => Error::QuotaUsedUp,
        (Errno::NOENT, Asked::Send(Some(to))) => Error::NoSuchName(to),
        (Errno::AGAIN | Errno::TIMEDOUT, Asked::Send(Some(to))) => Error::NoRoom(to),
        (Errno::NOENT | Errno::ACCESS, _) => Error::NotRegistered,
        (Errno::PERM, Asked::Register(_)) => Error::ForeignFile,
        (Errno::PERM, _) => Error::NotYours,
        _ => Error::System(errno.into()),
    }
}

/// Why it answered `errno` to the command in `written`.
pub(crate) fn explain_command(written: &[u8], errno: Errno) -> Error {
    match (errno, command::parse(&written[..command::length(written)])) {
        (Errno::INVAL, Err(Refusal::BadName)) => Error::BadName,
        (Errno::INVAL, _) => Error::NoCommand,
        (Errno::NOENT, Ok(Command::Send { to: None, .. })) => Error::BadName,
        (_, Ok(Command::Register(name))) => explain(Asked::Register(name.into()), errno),
        (_, Ok(Command::Send { to, .. })) => explain(Asked::Send(to.map(Name::from)), errno),
        _ => explain(Asked::Other, errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tells_apart_what_the_number_does_not() {
        for (written, errno, words) in [
            ("/reg bob\n", Errno::EXIST, "bob is taken"),
            ("/reg b!b", Errno::INVAL, "a name is 1 to 8"),
            ("/msg bob", Errno::INVAL, "a part of it is missing"),
            ("/reg bob", Errno::PERM, "another user opened"),
            ("/unreg bob", Errno::PERM, "somebody else's"),
            ("/msg bob hi", Errno::NOENT, "named bob"),
            ("/bob hi", Errno::NOENT, "named bob"),
            ("/msg b!b hi", Errno::NOENT, "a name is 1 to 8"),
            ("/unr", Errno::NOENT, "only who is registered"),
            ("/all hi", Errno::ACCESS, "only who is registered"),
            (
                "/msg bob hi",
                Errno::MSGSIZE,
                "cmd_buf_size=BYTES`, or have the receiver register anew",
            ),
            ("/reg bob", Errno::NOSPC, "max_devices=NUMBER"),
            (
                "/reg bob",
                Errno::DQUOT,
                "raise max_per_user or max_bytes_per_user, or lower queue_bytes",
            ),
        ] {
            let sentence = explain_command(written.as_bytes(), errno).to_string();
            assert!(sentence.contains(words), "{written}: {sentence}");
        }
    }

    #[test]
    fn time_that_runs_out_is_a_lack_of_room() {
        let bob = Name::new("bob").unwrap();
        let sentence = explain(Asked::Send(Some(bob)), Errno::TIMEDOUT).to_string();
        assert!(sentence.contains("the queue of bob"), "{sentence}");
    }

    #[test]
    fn an_answer_that_is_no_refusal_keeps_its_own_words() {
        let sentence = explain_command(b"/reg bob", Errno::NOMEM).to_string();
        assert!(sentence.contains(&std::io::Error::from(Errno::NOMEM).to_string()));
    }
}

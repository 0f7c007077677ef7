// SPDX-License-Identifier: GPL-2.0

//! What the driver means by an error number.
//!
//! The driver knows more reasons than there are numbers. What was asked for helps to tell them
//! apart.

use mq_policy::command::{self, Command};
use mq_policy::refusal::Refusal;
use rustix::io::Errno;

use crate::error::Error;

/// Why the driver answered `errno` to the command in `written`.
pub(crate) fn explain(written: &[u8], errno: Errno) -> Error {
    let command = command::parse(&written[..command::length(written)]);
    match (errno, command) {
        (Errno::MSGSIZE, _) => Error::TooLong,
        (Errno::INVAL, Err(Refusal::BadName)) => Error::BadName,
        (Errno::INVAL, _) => Error::NoCommand,
        (Errno::EXIST, Ok(Command::Register(name))) => Error::NameTaken(name.into()),
        (Errno::NOSPC, _) => Error::TableFull,
        (Errno::DQUOT, _) => Error::QuotaUsedUp,
        (Errno::NOENT, Ok(Command::Send { to: Some(to), .. })) => Error::NoSuchName(to.into()),
        (Errno::NOENT, Ok(Command::Send { to: None, .. })) => Error::BadName,
        (Errno::NOENT | Errno::ACCESS, _) => Error::NotRegistered,
        (Errno::PERM, Ok(Command::Register(_))) => Error::ForeignFile,
        (Errno::PERM, _) => Error::NotYours,
        _ => Error::System(errno.into()),
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
            let sentence = explain(written.as_bytes(), errno).to_string();
            assert!(sentence.contains(words), "{written}: {sentence}");
        }
    }

    #[test]
    fn an_answer_that_is_no_refusal_keeps_its_own_words() {
        let sentence = explain(b"/reg bob", Errno::NOMEM).to_string();
        assert!(sentence.contains(&std::io::Error::from(Errno::NOMEM).to_string()));
    }
}

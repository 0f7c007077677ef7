// SPDX-License-Identifier: GPL-2.0

//! What the driver means by an error number, in words, and what can be done about it.
//!
//! The driver knows more reasons than there are numbers. The command that was refused helps to tell
//! them apart; where it does not, the sentence names all that it may be.

use mq_policy::command::{self, Command};
use mq_policy::limits::{CMD_BUF_SIZE, MAX_BYTES_PER_USER, MAX_DEVICES, MAX_PER_USER, QUEUE_BYTES};
use mq_policy::name::NAME_MAX;
use mq_policy::refusal::Refusal;
use rustix::io::Errno;

use crate::error::{Error, Status};

/// The driver's answer `errno` to `written`, as a failure that says what to do. It depends on
/// whether the process was `registered`.
pub fn explain(written: &[u8], errno: Errno, registered: bool) -> Error {
    let command = command::parse(&written[..command::length(written)]);
    let (status, sentence) = match errno {
        Errno::MSGSIZE => (
            Status::TooLong,
            format!(
                "the message is too long for the driver, \
                 or for a queue made when less was allowed: shorten it, allow more by \
                 `mq-admin params {}=BYTES`, or have the receiver register anew",
                CMD_BUF_SIZE.attribute
            ),
        ),
        Errno::INVAL if command == Err(Refusal::BadName) => (Status::Usage, name_rule()),
        Errno::INVAL => (
            Status::Usage,
            "this is no command, or a part of it is missing: \
             there are /reg NAME, /unr, /msg NAME TEXT and /all TEXT"
                .to_owned(),
        ),
        Errno::EXIST if registered => (
            Status::Unavailable,
            "you are registered already: /unr ends that registration".to_owned(),
        ),
        Errno::EXIST => (Status::Unavailable, {
            let name = name_in(&command);
            format!(
                "the name {name} is taken: choose another, \
                 or end that registration by `mq-admin evict {name}`"
            )
        }),
        Errno::NOSPC => (
            Status::Unavailable,
            format!(
                "no more registrations fit: allow more by `mq-admin params {}=NUMBER`, \
                 or end one by `mq-admin evict NAME`",
                MAX_DEVICES.attribute
            ),
        ),
        Errno::DQUOT => (
            Status::Unavailable,
            format!(
                "your quota of registrations, or of bytes for their queues, is used up: \
                 end one of yours, or have root raise {} or {}, or lower {}, \
                 by `mq-admin params NAME=VALUE`",
                MAX_PER_USER.attribute, MAX_BYTES_PER_USER.attribute, QUEUE_BYTES.attribute
            ),
        ),
        Errno::ACCESS => (
            Status::NoRights,
            "only who is registered may send: /reg NAME registers you".to_owned(),
        ),
        Errno::NOENT if matches!(command, Ok(Command::Send { .. })) => {
            return Error::no_such_name(name_in(&command))
        }
        Errno::NOENT => (
            Status::NotFound,
            "you are not registered: /reg NAME registers you".to_owned(),
        ),
        Errno::PERM if matches!(command, Ok(Command::Register(_))) => (
            Status::NoRights,
            "another user opened this file: open the device yourself to register".to_owned(),
        ),
        Errno::PERM => (
            Status::NoRights,
            "that registration is somebody else's: root ends it by `mq-admin evict NAME`"
                .to_owned(),
        ),
        _ => (
            Status::Failed,
            format!("the driver could not carry it out: {errno}"),
        ),
    };
    Error::new(status, sentence)
}

/// The name that a command is about.
fn name_in(command: &Result<Command, Refusal>) -> &str {
    match command {
        Ok(Command::Register(name) | Command::Send { to: Some(name), .. }) => name.as_str(),
        _ => "so",
    }
}

/// What a name has to look like.
pub fn name_rule() -> String {
    format!(
        "a name is 1 to {NAME_MAX} of the characters A-Z a-z 0-9 . _ -, \
         and neither . nor - stands first"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status and the sentence for a refusal.
    fn explained(written: &str, errno: Errno, registered: bool) -> (Status, String) {
        match explain(written.as_bytes(), errno, registered) {
            Error::Because(status, sentence) => (status, sentence),
            Error::ReaderGone => panic!("a refusal is a failure"),
        }
    }

    #[test]
    fn the_command_tells_apart_what_the_number_does_not() {
        use Status::{NoRights, NotFound, TooLong, Unavailable, Usage};
        for (written, errno, registered, status, words) in [
            (
                "/reg bob\n",
                Errno::EXIST,
                false,
                Unavailable,
                "bob is taken",
            ),
            (
                "/reg bob",
                Errno::EXIST,
                true,
                Unavailable,
                "you are registered already",
            ),
            ("/reg b!b", Errno::INVAL, false, Usage, "a name is 1 to 8"),
            (
                "/msg bob",
                Errno::INVAL,
                true,
                Usage,
                "a part of it is missing",
            ),
            (
                "/reg bob",
                Errno::PERM,
                false,
                NoRights,
                "another user opened",
            ),
            ("/unreg bob", Errno::PERM, true, NoRights, "somebody else's"),
            ("/msg bob hi", Errno::NOENT, true, NotFound, "named bob"),
            ("/bob hi", Errno::NOENT, true, NotFound, "named bob"),
            (
                "/unr",
                Errno::NOENT,
                false,
                NotFound,
                "you are not registered",
            ),
            (
                "/all hi",
                Errno::ACCESS,
                false,
                NoRights,
                "only who is registered",
            ),
            (
                "/msg bob hi",
                Errno::MSGSIZE,
                true,
                TooLong,
                "cmd_buf_size=BYTES`, or have the receiver register anew",
            ),
            (
                "/reg bob",
                Errno::NOSPC,
                false,
                Unavailable,
                "max_devices=NUMBER",
            ),
            (
                "/reg bob",
                Errno::DQUOT,
                false,
                Unavailable,
                "raise max_per_user or max_bytes_per_user, or lower queue_bytes",
            ),
        ] {
            let explained = explained(written, errno, registered);
            assert_eq!(explained.0, status, "{written}");
            assert!(explained.1.contains(words), "{explained:?}");
        }
    }

    #[test]
    fn an_answer_that_is_no_refusal_keeps_its_own_words() {
        let (status, sentence) = explained("/reg bob", Errno::NOMEM, false);
        assert_eq!(status, Status::Failed);
        assert!(sentence.contains(&Errno::NOMEM.to_string()), "{sentence}");
    }
}

// SPDX-License-Identifier: GPL-2.0

//! What the driver means by an error number, in words.
//!
//! The driver knows more reasons than there are numbers, so the command that was refused helps to
//! tell them apart. The reasons themselves are the driver's own, taken from its policy.

use mq_policy::command::{self, Command};
use mq_policy::limits::{CMD_BUF_SIZE, MAX_DEVICES, MAX_PER_USER, NAME_MAX};
use mq_policy::refusal::Refusal;
use rustix::io::Errno;

use crate::error::{Error, Status};

/// The reason for `errno` as the answer to `command`, for a process that is `registered` or not.
fn reason(command: Result<Command, Refusal>, errno: Errno, registered: bool) -> Option<Refusal> {
    Some(match errno {
        Errno::MSGSIZE => Refusal::TooLong,
        Errno::INVAL => command.err().unwrap_or(Refusal::NoCommand),
        Errno::EXIST if registered => Refusal::AlreadyRegistered,
        Errno::EXIST => Refusal::NameTaken,
        Errno::NOSPC => Refusal::TableFull,
        Errno::DQUOT => Refusal::ShareUsedUp,
        Errno::ACCESS => Refusal::SenderNotRegistered,
        Errno::NOENT if matches!(command, Ok(Command::Send { .. })) => Refusal::NoSuchName,
        Errno::NOENT => Refusal::NotRegistered,
        Errno::PERM if matches!(command, Ok(Command::Register(_))) => Refusal::ForeignFile,
        Errno::PERM => Refusal::NotYours,
        _ => return None,
    })
}

/// The driver's answer `errno` to `written`, as a failure that says what to do.
pub fn explain(written: &[u8], errno: Errno, registered: bool) -> Error {
    let command = command::parse(&written[..command::length(written)]);
    let Some(reason) = reason(command, errno, registered) else {
        return Error::new(
            Status::Failed,
            format!("the driver could not carry it out: {errno}"),
        );
    };
    let (status, sentence) = match reason {
        Refusal::TooLong => (
            Status::TooLong,
            format!(
                "the message is too long: shorten it, or allow more by `mq-admin params {}=BYTES`",
                CMD_BUF_SIZE.attribute
            ),
        ),
        Refusal::NoCommand => (
            Status::Usage,
            "this is no command, or a part of it is missing: \
             there are /reg NAME, /unr, /msg NAME TEXT and /all TEXT"
                .to_owned(),
        ),
        Refusal::BadName => (Status::Usage, name_rule()),
        Refusal::AlreadyRegistered => (
            Status::Unavailable,
            "you are registered already: /unr ends that registration".to_owned(),
        ),
        Refusal::NameTaken => (Status::Unavailable, {
            let name = name_in(&command);
            format!(
                "the name {name} is taken: choose another, \
                     or end that registration by `mq-admin evict {name}`"
            )
        }),
        Refusal::TableFull => (
            Status::Unavailable,
            format!(
                "no more registrations fit: allow more by `mq-admin params {}=NUMBER`, \
                 or end one by `mq-admin evict NAME`",
                MAX_DEVICES.attribute
            ),
        ),
        Refusal::ShareUsedUp => (
            Status::Unavailable,
            format!(
                "your quota of registrations is used up: end one of yours, \
                 or have root allow more by `mq-admin params {}=NUMBER`",
                MAX_PER_USER.attribute
            ),
        ),
        Refusal::NotRegistered => (
            Status::NotFound,
            "you are not registered: /reg NAME registers you".to_owned(),
        ),
        Refusal::SenderNotRegistered => (
            Status::NoRights,
            "only who is registered may send: /reg NAME registers you".to_owned(),
        ),
        Refusal::NoSuchName => return Error::no_such_name(name_in(&command)),
        Refusal::NotYours => (
            Status::NoRights,
            "that registration is somebody else's: root ends it by `mq-admin evict NAME`"
                .to_owned(),
        ),
        Refusal::ForeignFile => (
            Status::NoRights,
            "another user opened this file: open the device yourself to register".to_owned(),
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

    #[test]
    fn the_command_tells_apart_what_the_number_does_not() {
        for (written, errno, registered, expected) in [
            (&b"/reg bob\n"[..], Errno::EXIST, false, Refusal::NameTaken),
            (b"/reg bob", Errno::EXIST, true, Refusal::AlreadyRegistered),
            (b"/reg b!b", Errno::INVAL, false, Refusal::BadName),
            (b"/reg bob", Errno::PERM, false, Refusal::ForeignFile),
            (b"/unreg bob", Errno::PERM, true, Refusal::NotYours),
            (b"/msg bob hi", Errno::NOENT, true, Refusal::NoSuchName),
            (b"/bob hi", Errno::NOENT, true, Refusal::NoSuchName),
            (b"/unr", Errno::NOENT, false, Refusal::NotRegistered),
            (
                b"/all hi",
                Errno::ACCESS,
                false,
                Refusal::SenderNotRegistered,
            ),
            (b"/msg bob", Errno::INVAL, true, Refusal::NoCommand),
            (b"/msg bob hi", Errno::MSGSIZE, true, Refusal::TooLong),
            (b"/reg bob", Errno::NOSPC, false, Refusal::TableFull),
            (b"/reg bob", Errno::DQUOT, false, Refusal::ShareUsedUp),
        ] {
            let command = command::parse(&written[..command::length(written)]);
            assert_eq!(reason(command, errno, registered), Some(expected));
        }
    }

    #[test]
    fn an_answer_that_is_no_refusal_keeps_its_own_words() {
        let sentence = explain(b"/reg bob", Errno::NOMEM, false).to_string();
        assert!(sentence.contains(&Errno::NOMEM.to_string()), "{sentence}");
    }
}

// SPDX-License-Identifier: GPL-2.0

//! How a command fails: an exit status that scripts can tell apart, and one sentence for people.
//!
//! What the driver refuses is said by the client library; here it gets its exit status.

use std::fmt;
use std::io;

/// Why a command ended, as its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Done = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    NoRights = 4,
    DriverAbsent = 5,
    Unavailable = 6,
    TooLong = 7,
    TimedOut = 8,
    Ended = 9,
}

impl Status {
    const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::NotFound,
        Self::NoRights,
        Self::DriverAbsent,
        Self::Unavailable,
        Self::TooLong,
        Self::TimedOut,
        Self::Ended,
    ];

    /// What it stands for, for the help and the manual.
    fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done (also where the reader of the output went away)",
            Self::Failed => "something else failed, as the message says",
            Self::Usage => "wrong usage: an unknown option, a bad name, a value out of range",
            Self::NotFound => "no registration has that name",
            Self::NoRights => "no rights for it",
            Self::DriverAbsent => "the driver is not loaded",
            Self::Unavailable => "name taken, max_devices reached, or the user's quota used up",
            Self::TooLong => "the message is longer than the driver or the queue takes",
            Self::TimedOut => {
                "the time ran out before the messages asked for had come, or there was room for one"
            }
            Self::Ended => "the registration was ended from outside",
        }
    }
}

/// The table of exit statuses, as the help and the manual show it.
pub fn statuses() -> String {
    let mut table = String::from("Exit status:\n");
    for status in Status::ALL {
        table += &format!("  {}  {}\n", status as u8, status.meaning());
    }
    table
}

/// The end of a command that did not do what it was asked for.
#[derive(Debug)]
pub enum Error {
    /// Whoever read our output has seen enough, which is no failure.
    ReaderGone,
    /// It failed, for the reason that the sentence gives.
    Because(Status, String),
}

/// What a command comes to.
pub type Result<T = ()> = std::result::Result<T, Error>;

impl Error {
    pub fn new(status: Status, sentence: impl Into<String>) -> Self {
        Self::Because(status, sentence.into())
    }

    /// Writing to our own output failed.
    pub fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::new(
                Status::Failed,
                format!("the output cannot be written: {error}"),
            )
        }
    }
}

impl From<mq_client::Error> for Error {
    fn from(error: mq_client::Error) -> Self {
        use mq_client::Error as Client;
        let status = match error {
            Client::BadName | Client::NoText | Client::NoCommand | Client::BroadcastWaits => {
                Status::Usage
            }
            Client::TooLong => Status::TooLong,
            Client::NameTaken(_) | Client::TableFull | Client::QuotaUsedUp => Status::Unavailable,
            Client::NoSuchName(_) => Status::NotFound,
            Client::NotRegistered
            | Client::ForeignFile
            | Client::NotYours
            | Client::NoRights(_) => Status::NoRights,
            Client::NoRoom(_) => Status::TimedOut,
            Client::Ended => Status::Ended,
            Client::DriverAbsent(_) => Status::DriverAbsent,
            _ => Status::Failed,
        };
        Self::new(status, error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReaderGone => f.write_str("the reader of the output went away"),
            Self::Because(_, sentence) => f.write_str(sentence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_own_number_and_a_line_of_the_table() {
        let table = statuses();
        for (number, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(status as usize, number);
            assert!(table.contains(&format!("\n  {number}  {}\n", status.meaning())));
        }
    }

    #[test]
    fn a_broken_pipe_is_told_apart() {
        let gone = Error::output(io::ErrorKind::BrokenPipe.into());
        assert!(matches!(gone, Error::ReaderGone));
    }

    #[test]
    fn what_the_client_library_refuses_has_a_status() {
        use mq_client::Error as Client;
        let bob: mq_client::Name = "bob".parse().unwrap();
        for (error, status) in [
            (Client::BadName, Status::Usage),
            (Client::NoCommand, Status::Usage),
            (Client::TooLong, Status::TooLong),
            (Client::NameTaken(bob), Status::Unavailable),
            (Client::TableFull, Status::Unavailable),
            (Client::QuotaUsedUp, Status::Unavailable),
            (Client::NoSuchName(bob), Status::NotFound),
            (Client::NoRoom(bob), Status::TimedOut),
            (Client::NotRegistered, Status::NoRights),
            (Client::ForeignFile, Status::NoRights),
            (Client::NotYours, Status::NoRights),
            (Client::NoRights("/dev/mq".into()), Status::NoRights),
            (Client::DriverAbsent("/dev/mq".into()), Status::DriverAbsent),
            (Client::Ended, Status::Ended),
            (
                Client::System(io::ErrorKind::OutOfMemory.into()),
                Status::Failed,
            ),
        ] {
            let sentence = error.to_string();
            match Error::from(error) {
                Error::Because(given, said) => assert_eq!((given, said), (status, sentence)),
                Error::ReaderGone => panic!("a refusal is a failure"),
            }
        }
    }
}

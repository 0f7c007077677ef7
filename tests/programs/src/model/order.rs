// SPDX-License-Identifier: GPL-2.0

//! What a process that plays a part in a sequence is told, and what it answers, as bytes.

use mq_model::How;
use nix::errno::Errno;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verb {
    Open,
    Close,
    /// Sends the file.
    Give,
    /// Receives a file.
    Take,
    /// Receives a socket, and starts a child with it.
    Fork,
    Execute,
    Become,
    Write,
    Read,
    Receive,
    SetFormat,
    Register,
    Unregister,
    Poll,
}

const VERBS: [Verb; 14] = [
    Verb::Open,
    Verb::Close,
    Verb::Give,
    Verb::Take,
    Verb::Fork,
    Verb::Execute,
    Verb::Become,
    Verb::Write,
    Verb::Read,
    Verb::Receive,
    Verb::SetFormat,
    Verb::Register,
    Verb::Unregister,
    Verb::Poll,
];

/// The longest order or answer.
pub const MAX: usize = 8192;

/// An order.
pub struct Order<'a> {
    pub verb: Verb,
    pub file: usize,
    pub how: How,
    /// How much is to be read, or as which user to go on.
    pub number: u32,
    /// What is to be written, or the structure of a request.
    pub bytes: &'a [u8],
}

impl Order<'_> {
    /// An order that needs no more than a file.
    pub fn of(verb: Verb, file: usize) -> Self {
        Self {
            verb,
            file,
            how: How::Plainly,
            number: 0,
            bytes: &[],
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let (how, there) = match self.how {
            How::Plainly => (0, 0),
            How::WithoutSleep => (1, 0),
            How::Waiting => (2, 0),
            How::OnlyThere(there) => (3, there as u32),
        };
        let mut bytes = vec![self.verb as u8, self.file as u8, how];
        bytes.extend(there.to_le_bytes());
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.bytes);
        bytes
    }
}

impl<'a> Order<'a> {
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        let (head, rest) = bytes.split_at(3);
        let (there, rest) = rest.split_first_chunk().expect("a number");
        let (number, bytes) = rest.split_first_chunk().expect("a number");
        Self {
            verb: VERBS[usize::from(head[0])],
            file: head[1].into(),
            how: match head[2] {
                0 => How::Plainly,
                1 => How::WithoutSleep,
                2 => How::Waiting,
                _ => How::OnlyThere(u32::from_le_bytes(*there) as usize),
            },
            number: u32::from_le_bytes(*number),
            bytes,
        }
    }
}

/// An answer: a number that is no error, and bytes; or an error.
pub type Answer = Result<(u32, Vec<u8>), Errno>;

pub fn answer_to_bytes(answer: Answer) -> Vec<u8> {
    let (errno, number, bytes) = match answer {
        Ok((number, bytes)) => (0, number, bytes),
        Err(errno) => (errno as u32, 0, Vec::new()),
    };
    let mut all = Vec::with_capacity(8 + bytes.len());
    all.extend(errno.to_le_bytes());
    all.extend(number.to_le_bytes());
    all.extend(bytes);
    all
}

pub fn answer_from_bytes(bytes: &[u8]) -> Answer {
    let (errno, rest) = bytes.split_first_chunk().expect("an error");
    let (number, bytes) = rest.split_first_chunk().expect("a number");
    match u32::from_le_bytes(*errno) {
        0 => Ok((u32::from_le_bytes(*number), bytes.to_vec())),
        errno => Err(Errno::from_raw(errno as i32)),
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The form of a message: one line, `SENDER TEXT\n`, made in the memory that the command was
//! copied into.
//!
//! In front of the command is room for the longest sender's name and a blank, and behind it for the
//! newline. Once the command has been read, the sender's name goes right before the text, over
//! what was the command word. The memory itself is the business of `ffi/buffer.rs`.

use super::name::{
    Label,
    NAME_MAX, //
};

/// Bytes of room in front of a command.
pub const BEFORE: usize = NAME_MAX + 1;

/// Bytes of room behind a command.
pub const AFTER: usize = 1;

/// Where a message lies in the memory that it was copied into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where the sender's name starts: soon, since there is a command word at most before it.
    pub start: u8,
    /// Where the text starts.
    pub text: u8,
    /// Where the line ends, behind the newline: soon before the memory does.
    pub end: usize,
}

/// Who sent a message, as the initial namespaces see it: the numbers of process and user, as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin(u64);

impl Origin {
    /// A process of a user.
    #[inline(always)]
    pub fn new(pid: u32, uid: u32) -> Self {
        Self(u64::from(uid) << 32 | u64::from(pid))
    }

    /// The process.
    #[inline(always)]
    pub fn pid(self) -> u32 {
        // CAST: The lower half.
        self.0 as u32
    }

    /// The user.
    #[inline(always)]
    pub fn uid(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// What goes with a message beside its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Who sent it.
    pub origin: Origin,
    /// When, in nanoseconds since boot; 0 if nobody wanted to know.
    pub time: u64,
    /// Its priority.
    pub priority: u16,
    /// Whether it was sent to all.
    pub broadcast: bool,
}

/// Writes the sender's name and the blank before the text that starts at `text_at` in the command
/// of `len` bytes. Returns where the line lies in `bytes`, whose first [`BEFORE`] bytes are the
/// room in front of the command; the last byte of the line is to become the newline.
///
/// ```
/// use mq_policy::{command, message, name::Name};
/// let mut bytes = *b"........./msg bob hi.";
/// let line = message::stamp(&mut bytes, &Name::new(b"alice").unwrap().into(), 9, 11);
/// assert_eq!(&bytes[line.start as usize..line.end - 1], b"alice hi");
/// ```
#[inline(always)]
pub fn stamp(bytes: &mut [u8], sender: &Label, text_at: usize, len: usize) -> Line {
    let blank = BEFORE + text_at - 1;
    // All of it at once, padding and all, for which there is room in front of any command.
    bytes[blank - NAME_MAX..blank].copy_from_slice(&sender.padded_before());
    bytes[blank] = b' ';
    Line {
        // CAST: No command word is that long.
        start: (blank - sender.len()) as u8,
        text: (blank + 1) as u8,
        end: BEFORE + len + AFTER,
    }
}

/// The name of the sender, with zero bytes behind it, from the bytes before the text as [`stamp`] has
/// left them.
#[inline(always)]
pub fn name_before(bytes: [u8; BEFORE]) -> [u8; NAME_MAX] {
    // The blank at the end falls out.
    let mut name = [0; NAME_MAX];
    name.copy_from_slice(&bytes[..NAME_MAX]);
    let padded = u64::from_le_bytes(name);
    (padded >> (padded.trailing_zeros() / u8::BITS * u8::BITS)).to_le_bytes()
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_message))]
mod tests {
    use super::super::testing::name;
    use super::*;

    #[test]
    fn the_longest_name_fits_in_front_of_the_shortest_command() {
        let mut bytes = *b".........x t.";
        let line = stamp(&mut bytes, &name("abcdefgh").into(), 2, 3);
        assert_eq!(&bytes[line.start.into()..line.end], b"abcdefgh t.");
    }

    #[test]
    fn the_name_is_found_again() {
        for sender in ["a", "bob", "abcdefgh"] {
            let mut bytes = *b"........./msg b text.";
            let line = stamp(&mut bytes, &name(sender).into(), 7, 11);
            let before = bytes[..line.text.into()][line.text as usize - BEFORE..]
                .try_into()
                .unwrap();
            assert_eq!(name_before(before), name(sender).padded());
        }
    }

    #[test]
    fn the_name_goes_right_before_the_text() {
        let mut bytes = *b"........./msg b two words.";
        let line = stamp(&mut bytes, &name("a").into(), 7, 16);
        assert_eq!(&bytes[line.start.into()..line.end], b"a two words.");
    }
}

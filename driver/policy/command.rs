// SPDX-License-Identifier: GPL-2.0

//! The command language: what one `write` asks for.
//!
//! Only the form is judged here. Whether a name is known, and who may do what, is decided by those
//! who carry the command out.

use super::{
    name::{
        Name,
        Word, //
    },
    refusal::Refusal, //
};

/// Bytes after a command that may come from the way it was written, and are not part of it: the
/// newline of `echo` and the zero byte of a C string.
pub const TRAILER_MAX: usize = 2;

/// A well-formed command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Register the caller under this name.
    Register(Name),
    /// End the caller's registration.
    Unregister,
    /// End the caller's registration if it has this name; `None` if no registration can have it.
    UnregisterAs(Option<Name>),
    /// Put a message into one queue.
    Send {
        /// Whose queue; `None` if no registration can have the name that was given.
        to: Option<Name>,
        /// Where the text starts in the written bytes; it ends with the command.
        text_at: usize,
    },
    /// Put a message into every other queue.
    Broadcast {
        /// Where the text starts in the written bytes; it ends with the command.
        text_at: usize,
    },
}

/// Bytes at the end of what was written that are not part of the command: one newline, one zero
/// byte, or both. Only the last two bytes matter.
#[inline]
pub fn trailer(written: &[u8]) -> usize {
    match written {
        // Of the last byte most can be told.
        [.., last] if *last > b'\n' => 0,
        [.., b'\n', b'\0'] | [.., b'\0', b'\n'] => 2,
        [.., b'\n' | b'\0'] => 1,
        _ => 0,
    }
}

/// The length of the command in `written`: all of it but the trailer.
pub fn length(written: &[u8]) -> usize {
    written.len() - trailer(written)
}

/// Reads a command, trailer removed.
///
/// # Errors
///
/// [`Refusal::NoCommand`] and [`Refusal::BadName`].
///
/// ```
/// use mq_policy::{command::{parse, Command}, name::Name};
/// let bob = Name::new(b"bob").unwrap();
/// assert_eq!(
///     parse(b"/msg bob hello"),
///     Ok(Command::Send { to: Some(bob), text_at: 9 })
/// );
/// ```
pub fn parse(command: &[u8]) -> Result<Command, Refusal> {
    parse_head(command, command.len(), || None)
}

/// Reads a command of `len` bytes of which only the beginning is at hand, longer than any name can
/// be. `blank` finds the first blank behind that.
///
/// # Errors
///
/// [`Refusal::NoCommand`] and [`Refusal::BadName`].
pub fn parse_head(
    head: &[u8],
    len: usize,
    blank: impl Fn() -> Option<usize>,
) -> Result<Command, Refusal> {
    if let Some((to, text_at)) = plain_send(head, len) {
        return Ok(Command::Send {
            to: to.name(),
            text_at,
        });
    }
    if let Some(text_at) = plain_broadcast(head, len) {
        return Ok(Command::Broadcast { text_at });
    }
    let command = Written { head, len, blank };
    let (word, rest) = command.word(0)?;
    match word {
        b"/msg" => {
            let (to, text) = command.word(rest.ok_or(Refusal::NoCommand)?)?;
            command.send(to, text)
        }
        b"/all" | b"/[all]" => Ok(Command::Broadcast {
            text_at: command.text(rest)?,
        }),
        b"/reg" => match rest {
            Some(at) => Name::new(&head[at..])
                .map(Command::Register)
                .map_err(|_| Refusal::BadName),
            None => Err(Refusal::BadName),
        },
        b"/unr" => match rest {
            Some(_) => Err(Refusal::NoCommand),
            None => Ok(Command::Unregister),
        },
        b"/unreg" => Ok(match rest {
            Some(at) => Command::UnregisterAs(Name::new(&head[at..]).ok()),
            None => Command::Unregister,
        }),
        [b'/', to @ ..] => command.send(to, rest),
        _ => Err(Refusal::NoCommand),
    }
}

/// Reads `/msg DEST TEXT`, by far the most common command, eight bytes at a time: who is to get the
/// message, and where the text starts. `None` for whatever else there is, and for what has a fault.
#[inline(always)]
pub fn plain_send(head: &[u8], len: usize) -> Option<(Word, usize)> {
    const WORD: &[u8; 5] = b"/msg ";
    const BLANKS: u64 = u64::from_ne_bytes([b' '; 8]);
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let (word, rest) = head.split_first_chunk::<{ WORD.len() }>()?;
    let bytes = u64::from_le_bytes(*rest.first_chunk()?);
    if word != WORD {
        return None;
    }
    // The lowest bit set is in the first byte that is a blank: what borrows come before it, none.
    let differs = bytes ^ BLANKS;
    let blanks = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
    let (to, name_len) = if blanks != 0 {
        // Ones up to that bit, the highest of its byte; moved by a byte, they are the bytes before.
        let before = (blanks ^ (blanks - 1)) >> 8;
        (bytes & before, blanks.trailing_zeros() as usize / 8)
    } else if rest.get(8) == Some(&b' ') {
        (bytes, 8)
    } else {
        return None;
    };
    let to = to.to_le_bytes();
    let text_at = WORD.len() + name_len + 1;
    (name_len > 0 && text_at < len).then_some((Word::new(to, name_len), text_at))
}

/// Reads `/all TEXT`: where the text starts.
#[inline(always)]
fn plain_broadcast(head: &[u8], len: usize) -> Option<usize> {
    const WORD: &[u8; 5] = b"/all ";
    let word = head.first_chunk::<{ WORD.len() }>()?;
    (word == WORD && WORD.len() < len).then_some(WORD.len())
}

/// A command, of which only the beginning may be at hand.
struct Written<'a, B> {
    head: &'a [u8],
    len: usize,
    blank: B,
}

impl<'a, B: Fn() -> Option<usize>> Written<'a, B> {
    /// The word that starts at `at`, and where the bytes after the blank that ends it start.
    fn word(&self, at: usize) -> Result<(&'a [u8], Option<usize>), Refusal> {
        let bytes = self.head.get(at..).ok_or(Refusal::NoCommand)?;
        if let Some(blank) = bytes.iter().position(|&byte| byte == b' ') {
            return Ok((&bytes[..blank], Some(at + blank + 1)));
        }
        let blank = if self.head.len() < self.len {
            (self.blank)()
        } else {
            None
        };
        Ok((bytes, blank.map(|blank| blank + 1)))
    }

    /// A send to `to` of the text that starts at `rest`.
    fn send(&self, to: &[u8], rest: Option<usize>) -> Result<Command, Refusal> {
        if to.is_empty() {
            return Err(Refusal::NoCommand);
        }
        Ok(Command::Send {
            text_at: self.text(rest)?,
            to: Name::new(to).ok(),
        })
    }

    /// Where the text starts, which must have at least one byte.
    fn text(&self, rest: Option<usize>) -> Result<usize, Refusal> {
        rest.filter(|&at| at < self.len).ok_or(Refusal::NoCommand)
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_command))]
mod tests {
    use super::super::testing::{
        name,
        sample, //
    };
    use super::*;

    /// Whether what was written sends this text to this name.
    fn sends(written: &[u8], to: &str, text: &[u8]) -> bool {
        let command = &written[..length(written)];
        match parse(command) {
            Ok(Command::Send { to: sent, text_at }) => {
                sent == Some(name(to)) && &command[text_at..] == text
            }
            _ => false,
        }
    }

    /// Whether what was written sends this text to all.
    fn broadcasts(written: &[u8], text: &[u8]) -> bool {
        let command = &written[..length(written)];
        match parse(command) {
            Ok(Command::Broadcast { text_at }) => &command[text_at..] == text,
            _ => false,
        }
    }

    /// The parts, one after the other, in the room given for them.
    fn joined<'a>(parts: &[&str], room: &'a mut [u8]) -> &'a [u8] {
        let mut len = 0;
        for part in parts {
            room[len..][..part.len()].copy_from_slice(part.as_bytes());
            len += part.len();
        }
        &room[..len]
    }

    #[test]
    fn one_newline_and_one_zero_byte_are_not_part_of_a_command() {
        for (written, len) in [
            (&b"/unr"[..], 4),
            (b"/unr\n", 4),
            (b"/unr\0", 4),
            (b"/unr\n\0", 4),
            (b"/unr\0\n", 4),
            (b"/unr\n\n", 5),
            (b"/unr\0\0", 5),
            (b"/unr\n\0\n", 5),
            (b"\n", 0),
            (b"", 0),
        ] {
            assert_eq!(length(written), len);
        }
    }

    #[test]
    fn registering() {
        assert_eq!(parse(b"/reg bob"), Ok(Command::Register(name("bob"))));
        assert_eq!(parse(b"/reg all"), Ok(Command::Register(name("all"))));
        for bad in [
            "/reg",
            "/reg ",
            "/reg  bob",
            "/reg bob ",
            "/reg a b",
            "/reg .x",
            "/reg ninebytes",
        ] {
            assert_eq!(parse(bad.as_bytes()), Err(Refusal::BadName));
        }
    }

    #[test]
    fn unregistering() {
        assert_eq!(parse(b"/unr"), Ok(Command::Unregister));
        assert_eq!(parse(b"/unreg"), Ok(Command::Unregister));
        assert_eq!(
            parse(b"/unreg bob"),
            Ok(Command::UnregisterAs(Some(name("bob"))))
        );
        assert_eq!(parse(b"/unreg ninebytes"), Ok(Command::UnregisterAs(None)));
        assert_eq!(parse(b"/unr bob"), Err(Refusal::NoCommand));
    }

    #[test]
    fn sending_by_word_and_by_name() {
        assert!(sends(b"/msg bob hello\n", "bob", b"hello"));
        assert!(sends(b"/bob hello\n", "bob", b"hello"));
        assert!(sends(b"/msg all hi", "all", b"hi"));
        assert!(sends(b"/msg bob   two  blanks ", "bob", b"  two  blanks "));
        assert!(sends(b"/msg bob  ", "bob", b" "));
        assert!(sends(b"/msg bob a\nb\0c\xff", "bob", b"a\nb\0c\xff"));
        assert!(sends(b"/msg bob x\n\n", "bob", b"x\n"));
    }

    #[test]
    fn what_stands_behind_a_command_is_no_text() {
        let written = b"/msg bob x\n\0....";
        assert!(plain_send(written, 10).is_some_and(|(_, text_at)| text_at == 9));
        assert!(plain_send(written, 9).is_none());
        assert!(plain_send(written, 8).is_none());
        assert_eq!(plain_broadcast(b"/all x", 6), Some(5));
        assert_eq!(plain_broadcast(b"/all x", 5), None);
    }

    #[test]
    fn a_plain_send_is_read_as_any_other() {
        let texts = ["x", " ", "hello, world", "   "];
        let names = [
            "a",
            "bob",
            "abcdefg",
            "abcdefgh",
            "abcdefghi",
            ".x",
            "a!b",
            "a\0",
            "",
        ];
        for text in texts {
            for to in names {
                let (mut short, mut long) = ([0; 32], [0; 32]);
                let short = joined(&["/", to, " ", text], &mut short);
                let long = joined(&["/msg ", to, " ", text], &mut long);
                let expected = match parse(short) {
                    Ok(Command::Send { to, text_at }) => Ok(Command::Send {
                        to,
                        text_at: text_at + 4,
                    }),
                    other => other,
                };
                assert_eq!(parse(long), expected);
            }
        }
    }

    #[test]
    fn a_destination_that_no_registration_can_have() {
        assert_eq!(
            parse(b"/msg ninebytes hi"),
            Ok(Command::Send {
                to: None,
                text_at: 15
            })
        );
        assert_eq!(
            parse(b"/b!b hi"),
            Ok(Command::Send {
                to: None,
                text_at: 5
            })
        );
    }

    #[test]
    fn broadcasting() {
        assert!(broadcasts(b"/all hello\n", b"hello"));
        assert!(broadcasts(b"/[all] hello", b"hello"));
        assert!(broadcasts(b"/all /msg bob x", b"/msg bob x"));
    }

    #[test]
    fn what_is_no_command() {
        for bad in [
            "",
            " ",
            "/",
            "/ ",
            "/ x",
            "hello",
            "reg bob",
            " /reg bob",
            "/msg",
            "/msg ",
            "/msg  x",
            "/msg bob",
            "/msg bob ",
            "/all",
            "/all ",
            "/[all]",
            "/bob",
            "/bob ",
            "//",
            "\u{0}",
        ] {
            assert_eq!(parse(bad.as_bytes()), Err(Refusal::NoCommand));
        }
    }

    #[test]
    fn of_a_long_command_the_beginning_is_enough() {
        let head = b"/msg xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
        let parse = |head: &[u8], blank| parse_head(head, 100, || blank);
        let far = Command::Send {
            to: None,
            text_at: 61,
        };
        assert_eq!(parse(head, Some(60)), Ok(far));
        assert_eq!(parse(head, Some(99)), Err(Refusal::NoCommand));
        assert_eq!(parse(head, None), Err(Refusal::NoCommand));
        let near = Command::Send {
            to: Some(name("bob")),
            text_at: 9,
        };
        assert_eq!(parse(b"/msg bob hello", None), Ok(near));
        assert_eq!(parse(b"/reg 123456789", None), Err(Refusal::BadName));
    }

    /// Strings of up to six bytes over an alphabet of what the grammar looks at, on the host all
    /// that there are: nothing panics, and what a command points at lies within it.
    #[test]
    fn all_short_strings_are_read_without_a_panic() {
        const ALPHABET: &[u8] = b"/ ab\n\0";
        let base = ALPHABET.len() as u32;
        for number in sample(base.pow(6), 500) {
            let mut written = [0; 6];
            let mut len = 0;
            let mut rest = number;
            while rest > 0 {
                written[len] = ALPHABET[(rest % base) as usize];
                rest /= base;
                len += 1;
            }
            let command = &written[..length(&written[..len])];
            if let Ok(Command::Send { text_at, .. } | Command::Broadcast { text_at }) =
                parse(command)
            {
                assert!(text_at < command.len());
                assert_eq!(command[text_at - 1], b' ');
            }
        }
    }
}

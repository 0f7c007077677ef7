// SPDX-License-Identifier: GPL-2.0

//! The command language: what one `write` asks for.
//!
//! Only the form is judged here. Whether a name is known, and who may do what, is decided by those
//! who carry the command out.

use super::{name::Name, refusal::Refusal};

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

/// The length of the command in `written`: all of it but one trailing newline and one trailing zero
/// byte.
pub fn length(written: &[u8]) -> usize {
    let trailer = match written {
        [.., b'\n', b'\0'] | [.., b'\0', b'\n'] => 2,
        [.., b'\n' | b'\0'] => 1,
        _ => 0,
    };
    written.len() - trailer
}

/// Reads a command, trailer removed.
///
/// # Errors
///
/// [`Refusal::NoCommand`] and [`Refusal::BadName`].
pub fn parse(command: &[u8]) -> Result<Command, Refusal> {
    let (word, rest) = split_word(command, 0)?;
    match word {
        b"/reg" => match rest {
            Some(at) => Name::new(&command[at..])
                .map(Command::Register)
                .map_err(|_| Refusal::BadName),
            None => Err(Refusal::BadName),
        },
        b"/unr" => match rest {
            Some(_) => Err(Refusal::NoCommand),
            None => Ok(Command::Unregister),
        },
        b"/unreg" => Ok(match rest {
            Some(at) => Command::UnregisterAs(Name::new(&command[at..]).ok()),
            None => Command::Unregister,
        }),
        b"/msg" => {
            let (to, text) = split_word(command, rest.ok_or(Refusal::NoCommand)?)?;
            send(to, text, command)
        }
        b"/all" | b"/[all]" => Ok(Command::Broadcast {
            text_at: text(rest, command)?,
        }),
        [b'/', to @ ..] => send(to, rest, command),
        _ => Err(Refusal::NoCommand),
    }
}

/// A send to `to` of the text that starts at `rest`.
fn send(to: &[u8], rest: Option<usize>, command: &[u8]) -> Result<Command, Refusal> {
    if to.is_empty() {
        return Err(Refusal::NoCommand);
    }
    Ok(Command::Send {
        to: Name::new(to).ok(),
        text_at: text(rest, command)?,
    })
}

/// Where the text starts, which must have at least one byte.
fn text(rest: Option<usize>, command: &[u8]) -> Result<usize, Refusal> {
    rest.filter(|&at| at < command.len())
        .ok_or(Refusal::NoCommand)
}

/// The word that starts at `at`, and where the bytes after the blank that ends it start.
fn split_word(command: &[u8], at: usize) -> Result<(&[u8], Option<usize>), Refusal> {
    let bytes = command.get(at..).ok_or(Refusal::NoCommand)?;
    Ok(match bytes.iter().position(|&byte| byte == b' ') {
        Some(blank) => (&bytes[..blank], Some(at + blank + 1)),
        None => (bytes, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text.as_bytes()).unwrap()
    }

    fn sends(written: &[u8], to: &str, text: &[u8]) {
        match parse(&written[..length(written)]) {
            Ok(Command::Send {
                to: Some(name),
                text_at,
            }) => {
                assert_eq!(name.as_str(), to);
                assert_eq!(&written[text_at..length(written)], text);
            }
            other => panic!("{written:?}: {other:?}"),
        }
    }

    fn broadcasts(written: &[u8], text: &[u8]) {
        match parse(&written[..length(written)]) {
            Ok(Command::Broadcast { text_at }) => {
                assert_eq!(&written[text_at..length(written)], text)
            }
            other => panic!("{written:?}: {other:?}"),
        }
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
            assert_eq!(length(written), len, "{written:?}");
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
            assert_eq!(parse(bad.as_bytes()), Err(Refusal::BadName), "{bad}");
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
        sends(b"/msg bob hello\n", "bob", b"hello");
        sends(b"/bob hello\n", "bob", b"hello");
        sends(b"/msg all hi", "all", b"hi");
        sends(b"/msg bob   two  blanks ", "bob", b"  two  blanks ");
        sends(b"/msg bob  ", "bob", b" ");
        sends(b"/msg bob a\nb\0c\xff", "bob", b"a\nb\0c\xff");
        sends(b"/msg bob x\n\n", "bob", b"x\n");
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
        broadcasts(b"/all hello\n", b"hello");
        broadcasts(b"/[all] hello", b"hello");
        broadcasts(b"/all /msg bob x", b"/msg bob x");
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
            assert_eq!(parse(bad.as_bytes()), Err(Refusal::NoCommand), "{bad:?}");
        }
    }

    /// Every string of up to six bytes over an alphabet of what the grammar looks at: nothing panics,
    /// and what a command points at lies within it.
    #[test]
    fn all_short_strings_are_read_without_a_panic() {
        const ALPHABET: &[u8] = b"/ ab\n\0";
        let mut written = Vec::new();
        for number in 0..ALPHABET.len().pow(6) {
            written.clear();
            let mut rest = number;
            while rest > 0 {
                written.push(ALPHABET[rest % ALPHABET.len()]);
                rest /= ALPHABET.len();
            }
            let command = &written[..length(&written)];
            if let Ok(Command::Send { text_at, .. } | Command::Broadcast { text_at }) =
                parse(command)
            {
                assert!(text_at < command.len(), "{written:?}");
                assert_eq!(command[text_at - 1], b' ');
            }
        }
    }
}

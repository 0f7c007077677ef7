// SPDX-License-Identifier: GPL-2.0

//! The command language, as the contract's table has it.

use nix::errno::Errno;

/// A command, its names and text still as they were written.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Command<'a> {
    Register(&'a [u8]),
    Unregister,
    UnregisterAs(&'a [u8]),
    Send { to: &'a [u8], text: &'a [u8] },
    Broadcast { text: &'a [u8] },
}

use Command::*;

/// What was written without one newline, one zero byte or both at its end.
pub fn without_trailer(written: &[u8]) -> &[u8] {
    match written {
        [command @ .., b'\n', b'\0'] | [command @ .., b'\0', b'\n'] => command,
        [command @ .., b'\n'] | [command @ .., b'\0'] => command,
        command => command,
    }
}

/// Whether these bytes are a name.
pub fn is_name(name: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=8).contains(&name.len()) && name.iter().all(allowed) && !b".-".contains(&name[0])
}

/// Reads a command.
///
/// # Errors
///
/// `EINVAL`.
pub fn parse(command: &[u8]) -> Result<Command<'_>, Errno> {
    let (word, rest) = split(command);
    match (word, rest) {
        (b"/reg", Some(name)) if is_name(name) => Ok(Register(name)),
        (b"/unr" | b"/unreg", None) => Ok(Unregister),
        (b"/unreg", Some(name)) => Ok(UnregisterAs(name)),
        (b"/msg", Some(rest)) => send(split(rest)),
        (b"/all" | b"/[all]", Some(text)) if !text.is_empty() => Ok(Broadcast { text }),
        (b"/reg" | b"/unr" | b"/msg" | b"/all" | b"/[all]", _) => Err(Errno::EINVAL),
        ([b'/', to @ ..], text) => send((to, text)),
        _ => Err(Errno::EINVAL),
    }
}

/// A word, and what comes after the blank that ends it.
fn split(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    match bytes.iter().position(|&byte| byte == b' ') {
        Some(blank) => (&bytes[..blank], Some(&bytes[blank + 1..])),
        None => (bytes, None),
    }
}

fn send<'a>((to, text): (&'a [u8], Option<&'a [u8]>)) -> Result<Command<'a>, Errno> {
    match text {
        Some(text) if !to.is_empty() && !text.is_empty() => Ok(Send { to, text }),
        _ => Err(Errno::EINVAL),
    }
}

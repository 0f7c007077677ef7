// SPDX-License-Identifier: GPL-2.0

//! Standard output, buffered and written once, and standard error.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use crate::error::{Error, Result};

/// Hands a buffered standard output to `write` and flushes it.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(Error::output)
}

/// Prints one line.
pub fn line(text: impl Display) -> Result {
    print(|out| writeln!(out, "{text}"))
}

/// Says on standard error what is wrong. Where nobody can be told, so be it.
pub fn complain(sentence: impl Display) {
    let _ = writeln!(io::stderr(), "mq-admin: {sentence}");
}

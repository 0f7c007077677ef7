// SPDX-License-Identifier: GPL-2.0

//! Standard output: buffered, written once, and no drama where nobody reads it.

use std::io::{self, BufWriter, Write};

use crate::error::{Error, Result};

/// Hands a buffered standard output to `write` and flushes it.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(Error::output)
}

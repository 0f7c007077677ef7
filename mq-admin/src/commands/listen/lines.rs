// SPDX-License-Identifier: GPL-2.0

//! Messages as lines: sender, blank, text.

use std::io::{self, IsTerminal, Write};

use mq_client::text::{Buffer, Message};

use super::{failure, hear};
use crate::cli::Listen;
use crate::error::{Error, Result};
use crate::system::System;
use crate::text;

pub fn run(system: &System, options: &Listen) -> Result {
    let registration = system.device()?.register(options.name)?;
    let mut buffer = Buffer::new();
    hear(options, &*registration, true, || {
        let message = registration.try_receive(&mut buffer);
        let message = message.map_err(|error| failure(options.name, error))?;
        if let Some(message) = &message {
            print(message).map_err(Error::output)?;
        }
        Ok(message.is_some())
    })
}

/// Prints a message at once: whoever reads our output waits for it.
fn print(message: &Message) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        out.write_all(text::printable(message.line(), true).as_bytes())?;
    } else {
        out.write_all(message.line())?;
    }
    out.flush()
}

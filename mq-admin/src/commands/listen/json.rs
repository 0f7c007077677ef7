// SPDX-License-Identifier: GPL-2.0

//! Messages as JSON, an object a line, with all that the driver says about each.

use std::io::{self, Write};

use mq_client::{Buffer, Message};
use serde::Serialize;

use super::{failure, hear};
use crate::cli::Listen;
use crate::error::{Error, Result};
use crate::system::System;

/// One message.
#[derive(Serialize)]
struct Object<'message> {
    from: &'message str,
    /// Bytes that are not UTF-8 are replaced: JSON has no others.
    text: &'message str,
    pid: Option<u32>,
    uid: u32,
    priority: u16,
    broadcast: bool,
    sequence: u64,
    /// In seconds since boot.
    time: Option<f64>,
    lost: u64,
}

pub fn run(system: &System, options: &Listen) -> Result {
    let registration = system.records()?.register(options.name)?;
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
    let mut line = serde_json::to_vec(&Object {
        from: message.from.as_str(),
        text: &String::from_utf8_lossy(&message.text),
        pid: message.pid,
        uid: message.uid,
        priority: message.priority,
        broadcast: message.broadcast,
        sequence: message.sequence,
        time: message.time.map(|time| time.as_secs_f64()),
        lost: message.lost,
    })?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

// SPDX-License-Identifier: GPL-2.0

//! `send` and `broadcast`: one message from a process that is registered for no longer than that.

use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

use mq_client::text::Registration;
use mq_client::Outgoing;
use mq_policy::limits::CMD_BUF_SIZE;

use crate::cli::{Broadcast, From, Send, Text};
use crate::error::{Error, Result, Status};
use crate::system::System;

pub fn run(system: &System, options: &Send) -> Result {
    let text = read(&options.text)?;
    if options.priority == 0 && !options.wait {
        return Ok(sender(system, &options.from)?.send(options.name, text)?);
    }
    let device = system.records()?;
    let sender = match options.from.from {
        Some(name) => device.register(name)?,
        None => device.register_sender()?,
    };
    let message = Outgoing::to(options.name, &text).priority(options.priority);
    let message = match options.timeout {
        Some(limit) => message.wait_for_room_within(limit),
        None if options.wait => message.wait_for_room(),
        None => message,
    };
    Ok(sender.post(&message)?)
}

pub fn broadcast(system: &System, options: &Broadcast) -> Result {
    let text = read(&options.text)?;
    Ok(sender(system, &options.from)?.broadcast(text)?)
}

/// A registration to send from.
fn sender(system: &System, from: &From) -> Result<Registration> {
    let device = system.device()?;
    Ok(match from.from {
        Some(name) => device.register(name)?,
        None => device.register_sender()?,
    })
}

/// The bytes to send.
fn read(text: &Text) -> Result<Vec<u8>> {
    if text.words == ["-"] {
        return read_input();
    }
    let words: Vec<&[u8]> = text.words.iter().map(|word| word.as_bytes()).collect();
    Ok(words.join(&b' '))
}

fn read_input() -> Result<Vec<u8>> {
    // One byte more than any driver takes is enough for it to refuse the message.
    let most = u64::from(CMD_BUF_SIZE.max) + 1;
    let mut text = Vec::new();
    io::stdin()
        .lock()
        .take(most)
        .read_to_end(&mut text)
        .map_err(|error| {
            Error::new(
                Status::Failed,
                format!("standard input cannot be read: {error}"),
            )
        })?;
    if text.ends_with(b"\n") {
        text.pop();
    }
    Ok(text)
}

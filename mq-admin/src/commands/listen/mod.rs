// SPDX-License-Identifier: GPL-2.0

//! `listen`: a registration whose messages are printed, or each handed to a command.
//!
//! Here is the waiting, and what it comes to. What is done with a message is in `lines`, `json` and
//! `commands`, one for each form of the output.

mod commands;
mod json;
mod lines;

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use mq_client::wait::{wait, PollFd, PollFlags};
use mq_client::{Error as Refusal, Name};

use crate::cli::Listen;
use crate::error::{Error, Result, Status};
use crate::system::System;
use crate::text;

pub fn run(system: &System, options: &Listen) -> Result {
    match &options.exec {
        Some(command) => commands::run(system, options, command),
        None if options.json => json::run(system, options),
        None => lines::run(system, options),
    }
}

/// Whether a message was there, and what came of it.
type Taken = Result<bool>;

/// Waits for messages at `device`, and has each taken, for as long as the options say.
///
/// Where the output `prints` into is a pipe whose reader goes away, this ends too, and the name is
/// given back, instead of swallowing one more message.
fn hear(
    options: &Listen,
    device: &impl AsFd,
    prints: bool,
    mut take: impl FnMut() -> Taken,
) -> Result {
    let mut heard = 0;
    while options.count != Some(heard) {
        let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
        if !wait_for_message(device, deadline, prints)? {
            return match options.count {
                Some(count) => Err(Error::new(
                    Status::TimedOut,
                    format!(
                        "the time ran out after {heard} of {}",
                        text::messages(count)
                    ),
                )),
                None => Ok(()),
            };
        }
        if take()? {
            heard += 1;
        }
    }
    Ok(())
}

/// Waits for the device; false if the deadline came first.
fn wait_for_message(device: &impl AsFd, deadline: Option<Instant>, prints: bool) -> Result<bool> {
    let stdout = io::stdout();
    let mut files = vec![PollFd::new(device, PollFlags::IN)];
    if prints {
        files.push(PollFd::new(&stdout, PollFlags::empty()));
    }
    let ready = wait(&mut files, deadline)?;
    match files.get(1) {
        Some(output) if output.revents().contains(PollFlags::ERR) => Err(Error::ReaderGone),
        _ => Ok(ready),
    }
}

/// Why nothing was received under `name`.
fn failure(name: Name, error: Refusal) -> Error {
    match error {
        Refusal::Ended | Refusal::NotRegistered => Error::new(
            Status::Ended,
            format!("the registration of {name} was ended from outside"),
        ),
        error => error.into(),
    }
}

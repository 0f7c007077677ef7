// SPDX-License-Identifier: GPL-2.0

//! `listen`: a registration whose messages are printed, or each handed to a command.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};
use std::time::Instant;

use mq_client::text::{Buffer, Device, Message};
use mq_client::wait::{wait, PollFd, PollFlags};
use mq_client::{Error as Refusal, Name};

use crate::cli::Listen;
use crate::error::{Error, Result, Status};
use crate::output;
use crate::system::System;
use crate::text;

pub fn run(system: &System, options: &Listen) -> Result {
    let registration = system.device()?.register(options.name)?;
    let runner = match &options.exec {
        Some(command) => Some(Runner {
            command,
            name: options.name,
            device: system.device_for_children()?,
        }),
        None => None,
    };
    let mut buffer = Buffer::new();
    let mut heard = 0;
    while options.count != Some(heard) {
        let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
        if !wait_for_message(&registration, deadline, runner.is_none())? {
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
        match registration.try_receive(&mut buffer) {
            Ok(Some(message)) => {
                match &runner {
                    Some(runner) => runner.run(&message)?,
                    None => print(&message).map_err(Error::output)?,
                }
                heard += 1;
            }
            Ok(None) => {}
            Err(Refusal::Ended | Refusal::NotRegistered) => {
                let name = options.name;
                return Err(Error::new(
                    Status::Ended,
                    format!("the registration of {name} was ended from outside"),
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits for the device; false if the deadline came first.
///
/// Where the output is a pipe whose reader goes away, this ends too, and gives the name back,
/// instead of swallowing one more message.
fn wait_for_message(device: &Device, deadline: Option<Instant>, prints: bool) -> Result<bool> {
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

/// Runs a command for each message.
struct Runner<'options> {
    command: &'options OsString,
    name: Name,
    device: OwnedFd,
}

impl Runner<'_> {
    fn run(&self, message: &Message) -> Result {
        let text = message.text();
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(self.command)
            .env("MQ_FROM", message.from().as_str())
            .env("MQ_NAME", self.name.as_str())
            .env("MQ_FD", self.device.as_raw_fd().to_string())
            .stdin(Stdio::piped());
        if text.contains(&0) {
            command.env_remove("MQ_TEXT");
        } else {
            command.env("MQ_TEXT", OsStr::from_bytes(text));
        }
        let cannot =
            |error: io::Error| Error::new(Status::Failed, format!("sh cannot be run: {error}"));
        let mut child = command.spawn().map_err(cannot)?;
        if let Some(mut input) = child.stdin.take() {
            // A command need not read its input.
            let _ = input.write_all(text);
        }
        let status = child.wait().map_err(cannot)?;
        if !status.success() {
            output::complain(format!(
                "the command for a message from {} failed: {status}",
                message.from()
            ));
        }
        Ok(())
    }
}

// SPDX-License-Identifier: GPL-2.0

//! A command for each message.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use mq_client::text::{Buffer, Message};
use mq_client::Name;

use super::{failure, hear};
use crate::cli::Listen;
use crate::error::{Error, Result, Status};
use crate::output;
use crate::system::System;

pub fn run(system: &System, options: &Listen, command: &OsString) -> Result {
    let registration = system.device()?.register(options.name)?;
    let runner = Runner {
        command,
        name: options.name,
        device: system.device_for_children()?,
    };
    let mut buffer = Buffer::new();
    hear(options, &*registration, false, || {
        let message = registration.try_receive(&mut buffer);
        let message = message.map_err(|error| failure(options.name, error))?;
        if let Some(message) = &message {
            runner.run(message)?;
        }
        Ok(message.is_some())
    })
}

/// Runs the command.
struct Runner<'options> {
    command: &'options OsString,
    name: Name,
    /// What it inherits.
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

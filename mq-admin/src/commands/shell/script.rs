// SPDX-License-Identifier: GPL-2.0

//! The shell on a pipe, a file or a terminal that can only print lines: no editing, no prompt.
//!
//! One thread does everything, so what a script gets to see comes in a fixed order: whatever waits
//! for this process is shown before its next command is carried out.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use mq_client::text::Buffer;
use mq_client::wait::{wait, PollFd, PollFlags};

use super::client::{ended, Client, Outcome, Taken};
use crate::error::{Error, Result, Status};
use crate::output;

/// Carries out the lines of standard input.
pub fn run(client: &Client) -> Result {
    let mut input = Input::open()?;
    let mut buffer = Buffer::new();
    let mut commands = 0_u64;
    let mut failures = Vec::new();
    loop {
        show_waiting(client, &mut buffer)?;
        match input.line() {
            Some(line) => {
                commands += 1;
                match client.carry_out(&line) {
                    Ok(Outcome::Say(text)) => output::line(&text)?,
                    Ok(Outcome::Done) => {}
                    Ok(Outcome::Exit) => break,
                    Err(error) => {
                        output::complain(&error);
                        failures.push(error);
                    }
                }
            }
            None if input.at_end => break,
            None => input.wait(client)?,
        }
    }
    let number = failures.len();
    match failures.into_iter().next() {
        Some(Error::Because(status, _)) => Err(Error::new(
            status,
            format!("{number} of {commands} commands failed"),
        )),
        _ => Ok(()),
    }
}

/// Shows every message that is there, if messages are to be shown.
fn show_waiting(client: &Client, buffer: &mut Buffer) -> Result {
    while let (true, Some(registration)) = (client.shows, client.registration()) {
        match client.take(registration, buffer)? {
            Taken::Message(text) => output::line(&text)?,
            Taken::Nothing => break,
            Taken::Ended => output::line(ended(registration))?,
        }
    }
    Ok(())
}

/// Standard input, split into lines, without ever waiting where nobody asked to.
struct Input {
    file: File,
    pending: Vec<u8>,
    at_end: bool,
}

impl Input {
    fn open() -> Result<Self> {
        let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
        Ok(Self {
            file: stdin.into(),
            pending: Vec::new(),
            at_end: false,
        })
    }

    /// The next line that has been read, without its newline.
    fn line(&mut self) -> Option<Vec<u8>> {
        match self.pending.iter().position(|&byte| byte == b'\n') {
            Some(newline) => {
                let mut line: Vec<u8> = self.pending.drain(..=newline).collect();
                line.pop();
                Some(line)
            }
            None if self.at_end && !self.pending.is_empty() => Some(self.pending.split_off(0)),
            None => None,
        }
    }

    /// Sleeps until there is more input, or a message to show.
    fn wait(&mut self, client: &Client) -> Result {
        let mut files = vec![PollFd::new(&self.file, PollFlags::IN)];
        if client.shows && client.registration().is_some() {
            files.push(PollFd::new(&client.device, PollFlags::IN));
        }
        wait(&mut files, None)?;
        if !files[0].revents().is_empty() {
            let mut chunk = [0; 4096];
            let length = self.file.read(&mut chunk).map_err(failed)?;
            self.pending.extend_from_slice(&chunk[..length]);
            self.at_end = length == 0;
        }
        Ok(())
    }
}

fn failed(error: io::Error) -> Error {
    Error::new(
        Status::Failed,
        format!("standard input cannot be read: {error}"),
    )
}

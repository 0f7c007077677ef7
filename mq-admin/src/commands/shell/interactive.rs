// SPDX-License-Identifier: GPL-2.0

//! The shell on a terminal: line editing, history, completion, and messages that come meanwhile.
//!
//! A thread of its own waits for messages; the editor prints them above the line being typed.

use std::sync::Arc;
use std::thread;

use mq_client::text::Buffer;
use mq_client::wait::{wait, PollFd, PollFlags};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, ExternalPrinter, Helper};

use super::client::{ended, Client, Outcome, Taken, COMMANDS};
use crate::error::{Error, Result, Status};
use crate::output;
use crate::system::System;

/// Carries out what is typed; or nothing, where there is no terminal to edit lines on.
pub fn run(system: &System, client: &Arc<Client>) -> Option<Result> {
    // The other way of completing holds messages back until the next key.
    let config = Config::builder()
        .auto_add_history(true)
        .completion_type(CompletionType::List)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history).ok()?;
    // The editor has no printer where it cannot edit.
    let printer = editor.create_external_printer().ok()?;
    editor.set_helper(Some(Names { system }));
    if client.shows {
        let client = Arc::clone(client);
        thread::spawn(move || show(&client, printer));
    }
    Some(type_in(client, &mut editor))
}

fn type_in(client: &Client, editor: &mut Editor<Names<'_>, MemHistory>) -> Result {
    output::line("/help lists the commands, /exit or Ctrl-D leaves.")?;
    loop {
        let prompt = match client.registration() {
            Some(registration) => format!("{}> ", registration.name),
            None => "> ".to_owned(),
        };
        let line = match editor.readline(&prompt) {
            Ok(line) => line,
            // Ctrl-C gives a new line, as in other shells.
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => {
                return Err(Error::new(
                    Status::Failed,
                    format!("the terminal cannot be used: {error}"),
                ))
            }
        };
        match client.carry_out(line.as_bytes()) {
            Ok(Outcome::Say(text)) => output::line(text)?,
            Ok(Outcome::Done) => {}
            Ok(Outcome::Exit) => return Ok(()),
            Err(error) => output::line(error)?,
        }
    }
}

/// Shows messages as they come, for as long as that works.
fn show(client: &Client, mut printer: impl ExternalPrinter) {
    let mut buffer = Buffer::new();
    loop {
        let shown = match next(client, &mut buffer) {
            Ok(Some(text)) => printer.print(text + "\n"),
            Ok(None) => Ok(()),
            Err(error) => {
                // Nobody is left to tell if this fails too.
                let _ = printer.print(format!("no more messages are shown: {error}\n"));
                return;
            }
        };
        if shown.is_err() {
            return;
        }
    }
}

/// Waits for something to show.
fn next(client: &Client, buffer: &mut Buffer) -> Result<Option<String>> {
    let registration = client.wait_for_registration();
    wait(&mut [PollFd::new(&client.device, PollFlags::IN)], None)?;
    Ok(match client.take(registration, buffer)? {
        Taken::Message(text) => Some(text),
        Taken::Nothing => None,
        Taken::Ended => Some(ended(registration)),
    })
}

/// Completes commands and the names of registrations.
struct Names<'system> {
    system: &'system System,
}

impl Completer for Names<'_> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..position];
        let start = before.rfind(' ').map_or(0, |blank| blank + 1);
        let words: Vec<String> = match before[..start].trim_end() {
            "" => COMMANDS.iter().map(|&command| command.to_owned()).collect(),
            "/msg" => self
                .system
                .registrations()
                .unwrap_or_default()
                .into_iter()
                .map(|registration| registration.name.to_string())
                .collect(),
            _ => Vec::new(),
        };
        let fitting = words
            .into_iter()
            .filter(|word| word.starts_with(&before[start..]))
            .map(|word| word + " ")
            .collect();
        Ok((start, fitting))
    }
}

impl Helper for Names<'_> {}
impl Highlighter for Names<'_> {}
impl Validator for Names<'_> {}
impl Hinter for Names<'_> {
    type Hint = String;
}

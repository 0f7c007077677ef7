// SPDX-License-Identifier: GPL-2.0

//! What the shell's commands do, and what this process's registration is at the moment.
//!
//! Most commands are the driver's own and are handed to it as they are. Who shows messages asks
//! [`Client::registration`] first: the device of a process without a registration is always ready,
//! and waiting for it would be no waiting.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use mq_client::text::{Buffer, Device, Effect};
use mq_client::{Error as Refusal, Name};

use crate::error::{Error, Result, Status};
use crate::system::System;
use crate::text::printable;

/// The commands, for `/help`.
const HELP: &str = "\
/reg NAME        register
/msg NAME TEXT   send a message to NAME; /NAME TEXT does the same
/all TEXT        send a message to everybody else
/read            show the oldest message that waits, with --manual
/unr             end the registration
/exit            leave, as Ctrl-D does";

/// The first words of commands, for completion.
pub const COMMANDS: [&str; 7] = ["/reg", "/unr", "/msg", "/all", "/read", "/help", "/exit"];

/// What came of a command.
pub enum Outcome {
    /// It is done, and there is this to show.
    Say(String),
    /// It is done.
    Done,
    /// It was the last one.
    Exit,
}

/// What came of looking for a message.
pub enum Taken {
    /// A message, ready to be shown.
    Message(String),
    /// None waits.
    Nothing,
    /// None will come any more: somebody else ended the registration.
    Ended,
}

/// One registration of this process; a later one under the same name is another.
#[derive(Clone, Copy)]
pub struct Registration {
    pub name: Name,
    number: u64,
}

/// The open device and the registration that this process has through it, if any.
pub struct Client {
    pub device: Device,
    /// Whether messages are shown as they come.
    pub shows: bool,
    state: Mutex<State>,
    registered: Condvar,
}

#[derive(Default)]
struct State {
    registration: Option<Registration>,
    registrations: u64,
}

impl Client {
    pub fn new(system: &System, shows: bool) -> Result<Self> {
        Ok(Self {
            device: system.device()?,
            shows,
            state: Mutex::default(),
            registered: Condvar::new(),
        })
    }

    /// Does what `line` says.
    pub fn carry_out(&self, line: &[u8]) -> Result<Outcome> {
        match line.trim_ascii() {
            b"" => Ok(Outcome::Done),
            b"/exit" => Ok(Outcome::Exit),
            b"/help" => Ok(Outcome::Say(HELP.to_owned())),
            b"/read" => self.read(),
            _ => self.pass_on(line).map(|()| Outcome::Done),
        }
    }

    /// This process's registration.
    pub fn registration(&self) -> Option<Registration> {
        self.state().registration
    }

    /// This process's registration, once it has one.
    pub fn wait_for_registration(&self) -> Registration {
        let mut state = self.state();
        loop {
            match state.registration {
                Some(registration) => return registration,
                None => {
                    state = self
                        .registered
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Takes a message out of the queue of `registration`.
    pub fn take(&self, registration: Registration, buffer: &mut Buffer) -> Result<Taken> {
        Ok(match self.device.try_receive(buffer) {
            Ok(Some(message)) => Taken::Message(format!(
                "{}: {}",
                message.from(),
                printable(message.text(), true)
            )),
            Ok(None) => Taken::Nothing,
            Err(Refusal::Ended | Refusal::NotRegistered) => {
                let mut state = self.state();
                match state.registration {
                    // It was /unr that ended it, or it ended and there is a new one by now.
                    Some(now) if now.number == registration.number => {
                        state.registration = None;
                        Taken::Ended
                    }
                    _ => Taken::Nothing,
                }
            }
            Err(error) => return Err(error.into()),
        })
    }

    fn read(&self) -> Result<Outcome> {
        let Some(registration) = self.registration() else {
            return Ok(Outcome::Say("you are not registered: /reg NAME".to_owned()));
        };
        Ok(Outcome::Say(
            match self.take(registration, &mut Buffer::new())? {
                Taken::Message(text) => text,
                Taken::Nothing => "no message waits".to_owned(),
                Taken::Ended => ended(registration),
            },
        ))
    }

    /// Hands `line` to the driver, and keeps up with what it makes of the registration.
    fn pass_on(&self, line: &[u8]) -> Result {
        // Held meanwhile, so that whoever finds the registration ended sees who did it.
        let mut state = self.state();
        let effect = self.device.command(line).map_err(|error| match error {
            Refusal::NameTaken(_) if state.registration.is_some() => Error::new(
                Status::Unavailable,
                "you are registered already: /unr ends that registration",
            ),
            error => error.into(),
        })?;
        match effect {
            Effect::Registered(name) => {
                state.registrations += 1;
                state.registration = Some(Registration {
                    name,
                    number: state.registrations,
                });
                self.registered.notify_all();
            }
            Effect::Unregistered => state.registration = None,
            Effect::Sent => {}
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to say when somebody else ended the registration.
pub fn ended(registration: Registration) -> String {
    format!(
        "the registration of {} was ended from outside: /reg NAME registers anew",
        registration.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_earlier_registration_leaves_the_later_one() {
        let client = Client {
            // It takes every command, and whoever reads is told of an end.
            device: Device::open_at("/dev/null".as_ref()).unwrap(),
            shows: true,
            state: Mutex::default(),
            registered: Condvar::new(),
        };
        let registered = || {
            client.carry_out(b"/reg bob").unwrap();
            client.registration().unwrap()
        };
        let (earlier, later) = (registered(), registered());
        let take = |registration| client.take(registration, &mut Buffer::new()).unwrap();
        assert!(matches!(take(earlier), Taken::Nothing));
        assert!(client.registration().is_some());
        assert!(matches!(take(later), Taken::Ended));
        assert!(client.registration().is_none());
    }
}

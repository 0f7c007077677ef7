// SPDX-License-Identifier: GPL-2.0

//! A supervisor: it says who comes and goes, and starts a program again when nobody is registered
//! under its name any more.
//!
//! A program that was evicted but goes on is ended first. One that has not registered within some
//! seconds of being started is started anew.
//!
//!     supervisor NAME COMMAND ARGUMENT...

use std::env;
use std::process::{Child, Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use mq_client::watch::{Change, Watch};
use mq_client::{Error, Name, Result};

/// How often to look.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long a program may take to register.
const PATIENCE: Duration = Duration::from_secs(5);

/// The program that is kept running.
struct Program {
    command: Command,
    running: Option<(Child, Instant)>,
}

impl Program {
    /// Starts it, unless it runs and may yet register.
    fn start(&mut self) -> Result {
        let waits = self.running.as_mut().is_some_and(|(child, since)| {
            since.elapsed() < PATIENCE && matches!(child.try_wait(), Ok(None))
        });
        if waits {
            return Ok(());
        }
        self.end();
        let child = self.command.spawn().map_err(Error::System)?;
        println!("started {}", self.command.get_program().to_string_lossy());
        self.running = Some((child, Instant::now()));
        Ok(())
    }

    fn end(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn run(name: Name, command: Command) -> Result {
    let mut program = Program {
        command,
        running: None,
    };
    let mut watch = Watch::new();
    let mut is_there = false;
    loop {
        for change in watch.changes()? {
            match change {
                Change::Came(who) => {
                    println!("{} came, process {}", who.name, who.pid);
                    is_there |= who.name == name;
                }
                Change::Went(who) => {
                    println!("{} went", who.name);
                    if who.name == name {
                        is_there = false;
                        program.end();
                    }
                }
            }
        }
        if !is_there {
            program.start()?;
        }
        thread::sleep(INTERVAL);
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(name), Some(program)) = (arguments.next(), arguments.next()) else {
        println!("usage: supervisor NAME COMMAND ARGUMENT...");
        return ExitCode::FAILURE;
    };
    let mut command = Command::new(program);
    command.args(arguments);
    match Name::new(name.as_encoded_bytes()).and_then(|name| run(name, command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("supervisor: {error}");
            ExitCode::FAILURE
        }
    }
}

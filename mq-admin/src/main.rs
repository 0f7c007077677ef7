// SPDX-License-Identifier: GPL-2.0

//! `mq-admin`: see and steer the mq driver from user space.

mod cli;
mod columns;
mod commands;
mod error;
mod output;
mod system;
mod table;
mod text;

fn main() -> std::process::ExitCode {
    let (system, command) = cli::Cli::read();
    error::exit(commands::run(&system, &command))
}

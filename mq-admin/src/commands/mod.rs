// SPDX-License-Identifier: GPL-2.0

//! One file for each command.

mod completions;
mod evict;
mod flush;
mod list;
mod listen;
mod man;
mod params;
mod send;
mod shell;
mod show;
mod stats;
mod top;
mod trace;

use crate::cli::Command;
use crate::error::Result;
use crate::system::System;

/// Does what the command line says.
pub fn run(system: &System, command: &Command) -> Result {
    match command {
        Command::List(options) => list::run(system, options),
        Command::Show(options) => show::run(system, options),
        Command::Flush(options) => flush::run(system, options),
        Command::Evict(options) => evict::run(system, options),
        Command::Send(options) => send::run(system, options),
        Command::Broadcast(options) => send::broadcast(system, options),
        Command::Listen(options) => listen::run(system, options),
        Command::Shell(options) => shell::run(system, options),
        Command::Params(options) => params::run(system, options),
        Command::Stats(options) => stats::run(system, options),
        Command::Top(options) => top::run(system, options),
        Command::Trace => trace::run(system),
        Command::Completions(options) => completions::run(options),
        Command::Man(options) => man::run(options),
    }
}

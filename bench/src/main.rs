// SPDX-License-Identifier: GPL-2.0

//! `mq-bench`: what a message costs through `/dev/mq` and through the kernel's other queues, side by
//! side on one machine.

mod baseline;
mod cases;
mod chart;
mod cli;
mod clock;
mod crowd;
mod driver;
mod figure;
mod measure;
mod peers;
mod processors;
mod report;
mod sys;
mod table;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Measure(asked) => measure::run(&asked),
        Command::Report(asked) => report::run(&asked),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mq-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

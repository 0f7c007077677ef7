// SPDX-License-Identifier: GPL-2.0

//! The command line.

use std::path::PathBuf;

use clap::{builder::PossibleValuesParser, Args, Parser, Subcommand};

use crate::{cases::CASES, peers};

/// What a message costs through /dev/mq and through the kernel's other queues
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure on this machine, where the driver has to be loaded, and print tables
    Measure(Measure),
    /// Print tables of what was measured, and compare it
    Report(Report),
}

#[derive(Debug, Args)]
#[command(after_help = cases())]
pub struct Measure {
    /// Count instructions, in an emulator whose time stamp counter counts them
    #[arg(long)]
    pub counted: bool,

    /// Measure this case only; can be given several times. F is measured only so
    #[arg(long = "case", value_name = "LETTER", value_parser = letters())]
    pub cases: Vec<String>,

    /// Measure this peer only; can be given several times
    #[arg(long = "peer", value_name = "NAME", value_parser = names())]
    pub peers: Vec<String>,

    /// Print the figures as JSON, one a line
    #[arg(long)]
    pub json: bool,

    /// Repeat the first operation of the case without end, for a profiler to look at
    #[arg(long, conflicts_with = "json")]
    pub endless: bool,
}

#[derive(Debug, Args)]
pub struct Report {
    /// What `measure --json` printed; of a figure that is there several times, the least counts
    #[arg(required = true)]
    pub files: Vec<PathBuf>,

    /// Write the figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,

    /// Write the tables to this file, as a page in Markdown
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,

    /// Draw the counted figures into this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,

    /// Compare the driver's counted figures with those in this file
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,

    /// Write the driver's counted figures to this file, to be compared with
    #[arg(long, value_name = "FILE")]
    pub update: Option<PathBuf>,
}

fn letters() -> PossibleValuesParser {
    CASES.iter().map(|case| case.letter).into()
}

fn names() -> PossibleValuesParser {
    peers::all().iter().map(|peer| peer.name()).into()
}

fn cases() -> String {
    let line = |case: &crate::cases::Case| format!("  {}  {}\n", case.letter, case.title);
    format!("Cases:\n{}", CASES.iter().map(line).collect::<String>())
}

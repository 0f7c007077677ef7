// SPDX-License-Identifier: GPL-2.0

//! The command line.

use clap::Parser;

/// Measure what a message costs through /dev/mq and through the kernel's other queues
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// Count instructions, in an emulator whose time stamp counter counts them
    #[arg(long)]
    pub counted: bool,

    /// Measure this case, one of the letters A to C; can be given several times
    #[arg(long = "case", value_name = "LETTER", value_parser = ["A", "B", "C"])]
    pub cases: Vec<String>,

    /// Measure this peer, one of mq, sysv, posix, pipe, dgram and seqpacket; can be given several times
    #[arg(long = "peer", value_name = "NAME")]
    pub peers: Vec<String>,

    /// Repeat the first operation of the case without end, for a profiler to look at
    #[arg(long, conflicts_with = "json")]
    pub endless: bool,

    /// Print the figures as JSON, one a line
    #[arg(long)]
    pub json: bool,
}

// SPDX-License-Identifier: GPL-2.0

//! `mq-bench`: what a message costs through `/dev/mq` and through the kernel's other queues, side by
//! side on one machine.

mod cases;
mod cli;
mod clock;
mod driver;
mod figure;
mod peers;
mod sys;
mod table;

use std::process::ExitCode;

use clap::Parser;
use cli::Cli;
use clock::Clock;
use driver::Driver;
use figure::Figure;
use nix::sys::resource::{setrlimit, Resource, RLIM_INFINITY};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mq-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), String> {
    let clock = if cli.counted {
        Clock::instructions()?
    } else {
        Clock::Time
    };
    let wanted =
        |list: &[String], name: &str| list.is_empty() || list.iter().any(|one| one == name);
    let mut peers = peers::all();
    peers.retain(|peer| wanted(&cli.peers, peer.name()));
    let _driver = match peers.iter().any(|peer| peer.name() == "mq") {
        true => Some(Driver::set_up()?),
        false => None,
    };
    raise_limits()?;
    let meter = cases::Meter {
        clock,
        endless: cli.endless,
    };
    let mut figures = Vec::new();
    for case in cases::CASES {
        if !wanted(&cli.cases, &case.letter.to_string()) {
            continue;
        }
        if let (Some(floor), false) = (case.floor, cli.endless) {
            figures.extend(floor(&meter));
        }
        for peer in &peers {
            figures.extend((case.run)(&meter, peer.as_ref()));
        }
    }
    print(cli.json, &figures).map_err(|error| error.to_string())
}

fn print(json: bool, figures: &[Figure]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        for figure in figures {
            serde_json::to_writer(&mut out, figure)?;
            std::io::Write::write_all(&mut out, b"\n")?;
        }
        return Ok(());
    }
    let peers = peers::all();
    table::print(&mut out, figures, |name| {
        let peer = peers.iter().find(|peer| peer.name() == name);
        peer.map_or("2 empty calls", |peer| peer.title()).to_owned()
    })
}

/// Case C takes many queues, each of which is an open file.
fn raise_limits() -> Result<(), String> {
    setrlimit(Resource::RLIMIT_NOFILE, 65_536, 65_536)
        .and_then(|()| setrlimit(Resource::RLIMIT_MSGQUEUE, RLIM_INFINITY, RLIM_INFINITY))
        .map_err(|error| format!("setrlimit: {error}: the benchmark has to run as root"))
}

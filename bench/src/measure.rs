// SPDX-License-Identifier: GPL-2.0

//! Measuring: which cases, of which peers, and what is done with the figures.

use std::io::{self, Write};

use nix::sys::resource::{setrlimit, Resource, RLIM_INFINITY};

use crate::{
    cases::{self, Meter},
    cli::Measure,
    clock::Clock,
    driver::Driver,
    figure::Figure,
    peers,
    processors::Processors,
    table,
};

/// Measures what is asked for, and prints it.
pub fn run(asked: &Measure) -> Result<(), String> {
    let clock = if asked.counted {
        Clock::instructions()?
    } else {
        Clock::Time
    };
    let mut peers = peers::all();
    peers.retain(|peer| asked.peers.is_empty() || asked.peers.contains(&peer.name().to_owned()));
    let _driver = match peers.iter().any(|peer| peers::is_ours(peer.name())) {
        true => Some(Driver::set_up()?),
        false => None,
    };
    raise_limits()?;
    let meter = Meter {
        clock,
        processors: Processors::find(),
        endless: asked.endless,
    };
    let mut figures = Vec::new();
    for case in cases::CASES {
        let wanted = match &asked.cases[..] {
            [] => !case.alone,
            some => some.iter().any(|letter| letter == case.letter),
        };
        if !wanted {
            continue;
        }
        if case.letter == "A" && !asked.endless {
            figures.push(cases::same_thread::floor(&meter));
        }
        for peer in &peers {
            figures.extend((case.run)(&meter, peer.as_ref()));
        }
    }
    print(asked.json, &figures).map_err(|error| error.to_string())
}

fn print(json: bool, figures: &[Figure]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !json {
        return table::print(&mut out, figures);
    }
    for figure in figures {
        serde_json::to_writer(&mut out, figure)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Many receivers take many queues, each of which is an open file.
fn raise_limits() -> Result<(), String> {
    setrlimit(Resource::RLIMIT_NOFILE, 65_536, 65_536)
        .and_then(|()| setrlimit(Resource::RLIMIT_MSGQUEUE, RLIM_INFINITY, RLIM_INFINITY))
        .map_err(|error| format!("setrlimit: {error}: the benchmark has to run as root"))
}

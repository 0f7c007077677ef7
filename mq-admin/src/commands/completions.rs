// SPDX-License-Identifier: GPL-2.0

//! `completions`: what a shell needs to complete command lines, made of their definitions.

use clap::CommandFactory;
use clap_complete::{generate, Shell};

use crate::cli::{Cli, Completions, ShellName, NAME};
use crate::error::Result;
use crate::output;

pub fn run(options: &Completions) -> Result {
    let shell = match options.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
    };
    // In memory first, because the generator panics where its output cannot be written.
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), NAME, &mut script);
    output::print(|out| out.write_all(&script))
}

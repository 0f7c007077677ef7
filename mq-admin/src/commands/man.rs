// SPDX-License-Identifier: GPL-2.0

//! `man`: the manual, made of the definitions of the command line.

use std::fs::{self, File};
use std::io;

use clap::CommandFactory;
use clap_mangen::Man as Page;

use crate::cli::{Cli, Man, NAME};
use crate::error::{Error, Result, Status};
use crate::output;

pub fn run(options: &Man) -> Result {
    let pages = pages();
    if let Some(dir) = &options.dir {
        return write_all(&pages, dir).map_err(|error| {
            Error::new(
                Status::Failed,
                format!("the pages cannot be written to {}: {error}", dir.display()),
            )
        });
    }
    let wanted = match &options.command {
        Some(command) => format!("{NAME}-{command}.1"),
        None => format!("{NAME}.1"),
    };
    let page = pages.iter().find(|page| page.get_filename() == wanted);
    let page = page.ok_or_else(|| {
        Error::new(
            Status::Usage,
            "there is no such command, and so no page: `mq-admin help` lists the commands",
        )
    })?;
    output::print(|mut out| page.render(&mut out))
}

/// The page of the program and one for each command.
fn pages() -> Vec<Page> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let commands: Vec<clap::Command> = program.get_subcommands().cloned().collect();
    std::iter::once(program)
        .chain(commands)
        .map(|command| Page::new(command).manual("mq driver"))
        .collect()
}

fn write_all(pages: &[Page], dir: &std::path::Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for page in pages {
        page.render(&mut File::create(dir.join(page.get_filename()))?)?;
    }
    Ok(())
}

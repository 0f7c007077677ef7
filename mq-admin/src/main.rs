// SPDX-License-Identifier: GPL-2.0

//! `mq-admin`: see and steer the mq driver from user space.

mod cli;
mod columns;
mod commands;
mod error;
mod output;
mod parameters;
mod system;
mod table;
mod text;

use std::process::ExitCode;

use error::{Error, Result, Status};

fn main() -> ExitCode {
    let (system, command) = cli::Cli::read();
    exit(commands::run(&system, &command))
}

/// Says what went wrong, once, and turns it into the exit status of the process.
fn exit(result: Result) -> ExitCode {
    let status = match result {
        Ok(()) | Err(Error::ReaderGone) => Status::Done,
        Err(Error::Because(status, sentence)) => {
            output::complain(sentence);
            status
        }
    };
    ExitCode::from(status as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_broken_pipe_is_no_failure() {
        let gone = Error::output(io::ErrorKind::BrokenPipe.into());
        assert_eq!(exit(Err(gone)), ExitCode::SUCCESS);
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The command line: its words, its help and the checks that can be made before anything is done.
//!
//! The manual and the completions are made of these definitions too. What a command does is in the
//! file of its name under `commands`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use mq_client::Name;

use crate::columns::{self, Column, COLUMNS};
use crate::error;
use crate::parameters::{self, Setting};
use crate::system::System;

/// The program's name.
pub const NAME: &str = env!("CARGO_PKG_NAME");

/// See and steer the mq driver: who is registered, what is queued, what was lost
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100, after_long_help = error::statuses())]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line. Where the system is mounted can be said there too, but that is for
    /// tests: manual and completions, made of [`Cli`] alone, know nothing of it.
    pub fn read() -> (System, Command) {
        let mut matches =
            Self::augment_args(System::augment_args(clap::Command::new(NAME))).get_matches();
        let system = System::from_arg_matches_mut(&mut matches);
        let cli = Self::from_arg_matches_mut(&mut matches);
        match (system, cli) {
            (Ok(system), Ok(cli)) => (system, cli.command),
            (Err(error), _) | (_, Err(error)) => error.exit(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the registrations
    ///
    /// On a terminal the columns are aligned. Otherwise one blank stands between them, as with
    /// --raw, which is easy to parse. Later versions may have more standard columns: a script that
    /// needs certain ones names them by --output.
    List(List),
    /// Show everything about one registration
    Show(Show),
    /// Discard what is queued for one registration, or for all
    Flush(Flush),
    /// End a registration from outside; its process goes on
    Evict(Evict),
    /// Send a message to one registration
    ///
    /// Only who is registered may send, so this registers, sends and unregisters.
    Send(Send),
    /// Send a message to every registration
    ///
    /// Only who is registered may send, so this registers, sends and unregisters.
    Broadcast(Broadcast),
    /// Register under a name and print what arrives, one message a line: sender, blank, text
    ///
    /// A terminal is shown control characters as \x1b and the like; files and pipes get the bytes
    /// as they are. The registration ends with this command.
    Listen(Listen),
    /// Talk to others: an interactive client
    ///
    /// What arrives is shown as it comes, without disturbing the line being typed. Where the input
    /// is no terminal, its lines are carried out one after the other. /help lists the commands.
    Shell(Shell),
    /// Show the driver's parameters, or set them
    #[command(after_help = parameters::help())]
    Params(Params),
    /// Show what the driver has counted since it was loaded: messages, losses, refusals
    Stats(Stats),
    /// Watch queues and rates, live
    Top(Top),
    /// Follow what the driver does, one event a line, until interrupted
    Trace,
    /// Print the completions for a shell
    ///
    /// For example: mq-admin completions bash > /etc/bash_completion.d/mq-admin
    Completions(Completions),
    /// Print a page of the manual
    ///
    /// For example: mq-admin man list | man -l -
    Man(Man),
}

#[derive(Debug, Args)]
pub struct List {
    /// Print JSON
    #[arg(long, conflicts_with_all = ["raw", "aligned", "noheadings"])]
    pub json: bool,
    /// Put one blank between columns, and show blanks and backslashes within them as \x20 and \x5c
    #[arg(long, conflicts_with = "aligned")]
    pub raw: bool,
    /// Align the columns, on a terminal or not
    #[arg(long)]
    pub aligned: bool,
    /// Leave the header line out
    #[arg(long)]
    pub noheadings: bool,
    /// Show these columns
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', value_parser = column(),
          ignore_case = true, hide_possible_values = true, long_help = columns::help())]
    pub output: Vec<&'static Column>,
    /// Sort by this column; otherwise the order is that of registering
    #[arg(long, value_name = "COLUMN", value_parser = column(), ignore_case = true,
          hide_possible_values = true)]
    pub sort: Option<&'static Column>,
    /// Turn the order round
    #[arg(long)]
    pub reverse: bool,
}

#[derive(Debug, Args)]
pub struct Show {
    /// Which one
    #[arg(value_parser = name)]
    pub name: Name,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[group(id = "whose", required = true, multiple = false)]
pub struct Flush {
    /// Whose queue
    #[arg(value_parser = name, group = "whose")]
    pub name: Option<Name>,
    /// All queues
    #[arg(long, group = "whose")]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct Evict {
    /// Which one
    #[arg(value_parser = name)]
    pub name: Name,
}

#[derive(Debug, Args)]
pub struct Send {
    #[command(flatten)]
    pub from: From,
    /// Who shall get it
    #[arg(value_parser = name)]
    pub name: Name,
    /// Have it received before all messages of a lower priority; that of others is 0
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub priority: u16,
    /// Wait until there is room in the queue; otherwise a queue that is full loses a message for it
    #[arg(long)]
    pub wait: bool,
    /// With --wait: wait no longer than so long; then the message is not sent
    #[arg(long, value_name = "SECONDS", requires = "wait", value_parser = seconds)]
    pub timeout: Option<Duration>,
    #[command(flatten)]
    pub text: Text,
}

#[derive(Debug, Args)]
pub struct Broadcast {
    #[command(flatten)]
    pub from: From,
    #[command(flatten)]
    pub text: Text,
}

#[derive(Debug, Args)]
pub struct From {
    /// Send under this name; otherwise one is made of the process number
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub from: Option<Name>,
}

#[derive(Debug, Args)]
pub struct Text {
    /// The message: these words with a blank between them, or - to read it from standard input,
    /// without the newline that ends it
    #[arg(value_name = "TEXT", required = true, trailing_var_arg = true)]
    pub words: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct Listen {
    /// The name to register
    #[arg(value_parser = name)]
    pub name: Name,
    /// End after this many messages
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End when no message has come for so long; with --count that is a failure
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Print JSON, an object a line: from, text, pid, uid, priority, sequence, time, lost and more
    ///
    /// pid is null where this PID namespace does not show the process. time is that of sending, in
    /// seconds since boot, or null where it is not known. lost counts the messages that the queue
    /// has lost since the object before.
    #[arg(long, conflicts_with = "exec")]
    pub json: bool,
    /// Run COMMAND for each message instead of printing it
    ///
    /// COMMAND is run by `sh -c`, one message after the other. Its standard input is the text, byte
    /// by byte; $MQ_TEXT is the text too, but unset where it holds a zero byte; $MQ_FROM is the
    /// sender, and $MQ_NAME the name listened to. Where COMMAND fails, this is said, and the next
    /// message is awaited.
    ///
    /// $MQ_FD is the number of an open file of the device, through which COMMAND acts under the
    /// name listened to. This sends everything back to where it came from:
    ///
    /// mq-admin listen echo --exec 'echo "/msg $MQ_FROM $MQ_TEXT" >&$MQ_FD'
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<OsString>,
}

#[derive(Debug, Args)]
pub struct Shell {
    /// Register this name first
    #[arg(value_parser = name)]
    pub name: Option<Name>,
    /// Do not show messages as they come: leave them queued until /read
    #[arg(long)]
    pub manual: bool,
}

#[derive(Debug, Args)]
pub struct Params {
    /// What to set, by either spelling of the parameter; with nothing to set, all are shown
    #[arg(value_name = "NAME=VALUE", value_parser = Setting::parse)]
    pub settings: Vec<Setting>,
}

#[derive(Debug, Args)]
pub struct Stats {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Top {
    /// Time between two updates
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub interval: Duration,
}

#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    pub shell: ShellName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ShellName {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
pub struct Man {
    /// The page of this command; otherwise that of mq-admin itself
    #[arg(conflicts_with = "dir")]
    pub command: Option<String>,
    /// Write all pages into this directory instead
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

fn column() -> impl TypedValueParser<Value = &'static Column> {
    PossibleValuesParser::new(COLUMNS.iter().map(|column| column.name))
        .try_map(|name| Column::find(&name).ok_or("no such column"))
}

fn name(text: &str) -> Result<Name, mq_client::Error> {
    text.parse()
}

/// Any time that is of use to somebody, and none that a clock cannot count up to.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
        .ok_or_else(|| "a time is a number of seconds above 0, such as 5 or 0.5".to_owned())
}

// SPDX-License-Identifier: GPL-2.0

//! Runs the built `mq-admin` against a made-up `/proc`, `/sys` and `/dev`.
//!
//! Most tests compare a whole transcript with a file under `tests/golden`; with `UPDATE_GOLDEN=1`
//! in the environment they write it instead, for a look at the difference. What only the real
//! driver can show is tested in the guest.

/// `flush`, `evict` and `params`: what changes the driver.
mod control;
/// A fake device, played by a terminal.
mod device;
/// Completions and manual.
mod documents;
/// `listen`: output, limits, commands.
mod listen;
/// `list`, `show` and `stats`: what only looks.
mod listing;
/// Pseudo-terminals.
mod pty;
/// `send` and `broadcast`.
mod sending;
/// `shell` with a script.
mod shell;
/// `top`, `shell` and others on a terminal.
mod terminal;
/// The made-up tree, and running the program against it.
mod tree;
/// A missing driver, missing rights, a reader that went away.
mod troubles;

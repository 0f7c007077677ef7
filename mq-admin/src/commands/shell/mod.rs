// SPDX-License-Identifier: GPL-2.0

//! `shell`: a client to type commands into, or to pipe them into.
//!
//! What the commands do is in `client`; where they come from is in `interactive`, for a terminal
//! that lines can be edited on, and in `script`, for everything else.

mod client;
mod interactive;
mod script;

use std::sync::Arc;

use crate::cli::Shell;
use crate::error::Result;
use crate::system::System;
use client::Client;

pub fn run(system: &System, options: &Shell) -> Result {
    let client = Arc::new(Client::new(system, !options.manual)?);
    if let Some(name) = &options.name {
        client.carry_out(format!("/reg {}", name.as_str()).as_bytes())?;
    }
    interactive::run(system, &client).unwrap_or_else(|| script::run(&client))
}

// SPDX-License-Identifier: GPL-2.0

//! Sleeping until something happens: the only way in which this program waits.

use std::time::Instant;

use rustix::event::{poll, PollFd, Timespec};
use rustix::io::Errno;

use super::refused;
use crate::error::Result;

/// Sleeps until something happens to one of `files`; false if that is not so by `deadline`.
pub fn wait(files: &mut [PollFd<'_>], deadline: Option<Instant>) -> Result<bool> {
    loop {
        let timeout = deadline
            .map(|deadline| Timespec::try_from(deadline.saturating_duration_since(Instant::now())))
            .transpose()
            .unwrap_or_default();
        match poll(files, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            result => return result.map(|ready| ready > 0).map_err(refused),
        }
    }
}

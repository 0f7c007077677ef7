// SPDX-License-Identifier: GPL-2.0

//! Sleeping until something happens to one of several files, for programs that wait for more than
//! the device.

use std::time::Instant;

use rustix::event::{poll, Timespec};
pub use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// Sleeps until something happens to one of `files`; false if that is not so by `deadline`.
///
/// # Errors
///
/// [`Error::System`].
pub fn wait(files: &mut [PollFd<'_>], deadline: Option<Instant>) -> Result<bool> {
    loop {
        let timeout = deadline
            .map(|deadline| Timespec::try_from(deadline.saturating_duration_since(Instant::now())))
            .transpose()
            .unwrap_or_default();
        match poll(files, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            result => {
                return result
                    .map(|ready| ready > 0)
                    .map_err(|errno| Error::System(errno.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Duration;

    #[test]
    fn a_file_that_is_ready_ends_the_wait_and_so_does_the_deadline() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut files = [PollFd::new(&reader, PollFlags::IN)];
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(!wait(&mut files, Some(soon)).unwrap());
        assert!(Instant::now() >= soon);
        writer.write_all(b"x").unwrap();
        assert!(wait(&mut files, None).unwrap());
    }
}

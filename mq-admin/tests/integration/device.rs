// SPDX-License-Identifier: GPL-2.0

//! A fake device: one side of a terminal that has no manners of its own.
//!
//! In its line mode a terminal hands out one line a `read` and can be polled, as the driver does.
//! It accepts every command: refusals are the guest's business.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;

use rustix::fs::{fcntl_setfl, OFlags};
use rustix::termios::{tcgetattr, tcsetattr, LocalModes, OptionalActions, OutputModes};

use crate::pty;
use crate::tree::Tree;

/// The side of the device that a driver would be on.
pub struct Device {
    driver: File,
    /// Keeps the terminal alive while nobody else has it open.
    _user: File,
}

impl Device {
    /// Puts a device into the tree.
    pub fn new(tree: &Tree) -> Self {
        let (driver, user, path) = pty::open();
        let mut modes = tcgetattr(&user).unwrap();
        modes.local_modes = LocalModes::ICANON;
        modes.output_modes = OutputModes::empty();
        tcsetattr(&user, OptionalActions::Now, &modes).unwrap();
        symlink(path, tree.path("dev/mq")).unwrap();
        Self {
            driver,
            _user: user,
        }
    }

    /// Queues a message.
    pub fn queue(&self, line: &str) {
        (&self.driver).write_all(line.as_bytes()).unwrap();
    }

    /// All commands written so far, one after the other.
    pub fn commands(&self) -> String {
        fcntl_setfl(&self.driver, OFlags::NONBLOCK).unwrap();
        let mut commands = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(length) = (&self.driver).read(&mut chunk) {
            commands.extend_from_slice(&chunk[..length]);
        }
        String::from_utf8(commands).unwrap()
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Pseudo-terminals: to play the device, and to play a person in front of the program.

use std::fs::File;
use std::path::PathBuf;

use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};

/// Both sides of a terminal that does not know its size, and the place of the far side.
pub fn open() -> (File, File, PathBuf) {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let path = ptsname(&near, Vec::new()).unwrap().into_string().unwrap();
    let far = File::options().read(true).write(true).open(&path).unwrap();
    (near.into(), far, path.into())
}

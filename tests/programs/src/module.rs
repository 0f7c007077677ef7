// SPDX-License-Identifier: GPL-2.0

//! The driver's module: loaded and unloaded by a test that needs it so.

use std::process::Command;

use nix::{
    errno::Errno,
    kmod::{delete_module, DeleteModuleFlags},
};

use crate::wait;

/// Loads the module as it is loaded without parameters.
#[track_caller]
pub fn load() {
    let status = Command::new("modprobe").arg("mq_driver").status();
    assert!(status.is_ok_and(|status| status.success()), "modprobe");
}

/// Unloads the module, as soon as nobody has the device open.
#[track_caller]
pub fn unload() {
    let mut result = Ok(());
    wait::until("nobody has the device open", || {
        result = delete_module(c"mq_driver", DeleteModuleFlags::O_NONBLOCK);
        result != Err(Errno::EAGAIN)
    });
    assert_eq!(result, Ok(()), "unloading");
}

// SPDX-License-Identifier: GPL-2.0

//! `/dev/mq`: where it is. What is done with it is the client library's business.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use mq_client::text::Device;
use mq_policy::paths;

use super::System;
use crate::error::Result;

impl System {
    /// Opens the device for its text interface.
    pub fn device(&self) -> Result<Device> {
        Ok(Device::open_at(&self.device_path())?)
    }

    /// Opens the device for its interface for programs.
    pub fn records(&self) -> Result<mq_client::Device> {
        Ok(mq_client::Device::open_at(&self.device_path())?)
    }

    /// Opens it once more for the commands that this process will start.
    pub fn device_for_children(&self) -> Result<OwnedFd> {
        Ok(Device::open_for_children(&self.device_path())?)
    }

    fn device_path(&self) -> PathBuf {
        self.dev_root.join(paths::DEVICE)
    }
}

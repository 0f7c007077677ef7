// SPDX-License-Identifier: GPL-2.0

//! A registration that belongs to an open file. That of a process is in `text`.

use std::ops::Deref;

use mq_policy::uapi;

use crate::device::Device;
use crate::error::Result;
use crate::name::Name;
use crate::refusal::{explain, Asked};
use crate::sender::register_free;
use crate::sys;

/// A name, and the queue that belongs to it; it ends when this is dropped.
///
/// It belongs to an open file: a process can have several, all its threads can use each, and one
/// that is handed on with the file acts there as it did here. It sends and receives as the
/// [`Device`] does.
#[derive(Debug)]
pub struct Registration {
    device: Device,
    name: Name,
}

impl Registration {
    /// Registers `name` for the file of `device`.
    pub(crate) fn new(device: Device, name: Name) -> Result<Self> {
        register(&device, name)?;
        Ok(Self { device, name })
    }

    /// Registers some name for the file of `device`.
    pub(crate) fn new_free(device: Device) -> Result<Self> {
        let name = register_free(|name| register(&device, name))?;
        Ok(Self { device, name })
    }

    /// The name registered.
    pub fn name(&self) -> Name {
        self.name
    }
}

fn register(device: &Device, name: Name) -> Result {
    let registration = uapi::Registration {
        name: name.padded(),
        ..uapi::Registration::default()
    };
    sys::register(device, registration).map_err(|errno| explain(Asked::Register(name), errno))
}

impl Deref for Registration {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // The file may be open elsewhere, too. Somebody else may have ended it already.
        let _ = sys::unregister(&self.device);
    }
}

impl AsRef<Device> for Registration {
    fn as_ref(&self) -> &Device {
        &self.device
    }
}

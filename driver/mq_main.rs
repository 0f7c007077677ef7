// SPDX-License-Identifier: GPL-2.0

//! Named message queues between processes: the kernel module `mq_driver`.
//!
//! A process writes `/reg bob` to `/dev/mq`; from then on others send it messages with
//! `/msg bob hello`, which it reads from `/dev/mq`. See `README.md` for the interface,
//! `ARCHITECTURE.md` for how the parts fit together, and `driver.rs` for the locks.
//!
//! This file only lists the parts and puts them together at load time.

mod driver;
mod errors;
mod ffi;
mod message;
mod notices;
mod open_file;
#[allow(dead_code, unreachable_pub)]
mod policy;
mod process;
mod procfs;
mod registration;
mod registrations;
mod rests;
mod settings;
mod stats;
mod storage;
mod sysfs;

use crate::{
    driver::Driver,
    ffi::{
        attribute::c_name,
        device::Device,
        folder::{
            Folder,
            Place, //
        },
        proc_file::ProcFile, //
    },
    open_file::MqFile,
    policy::paths, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

module! {
    type: MqModule,
    name: "mq_driver",
    authors: ["The mq authors"],
    description: "Named message queues between processes",
    license: "GPL v2",
}

/// The loaded module.
///
/// Fields are dropped in this order: the listing goes first; then all registrations end, which takes
/// their folders from below the device; the device goes last.
#[pin_data(PinnedDrop)]
struct MqModule {
    listing: Option<ProcFile<Driver>>,
    driver: Arc<Driver>,
    #[pin]
    device: Device<MqFile>,
}

impl kernel::InPlaceModule for MqModule {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            driver: Driver::new()?,
            listing: Some(ProcFile::new(c_name!(paths::DEVICE), 0o444, driver.clone())?),
            device <- Device::register(c_name!(paths::DEVICE), 0o666, driver.clone()),
            _: {
                let queues = Folder::new(
                    Place::in_device(&device),
                    paths::QUEUES,
                    Arc::new((), GFP_KERNEL)?,
                );
                let made = queues.map(|queues| driver.queues.populate(queues));
                driver.set_ready();
                made?;
            },
        })
    }
}

#[pinned_drop]
impl PinnedDrop for MqModule {
    fn drop(self: Pin<&mut Self>) {
        // No file is open any more, so nobody can register.
        self.driver.end_all();
    }
}

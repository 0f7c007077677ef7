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
    policy::paths,
    stats::StatsFiles, //
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
/// First of all, dropping it ends all registrations. Then the fields go in this order: what lists and
/// counts them, and last the device.
#[pin_data(PinnedDrop)]
struct MqModule {
    listing: Option<ProcFile<Driver>>,
    stats: Pin<KBox<Folder<StatsFiles>>>,
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
            stats: {
                let stats = Self::make_folders(&device, driver);
                driver.set_loaded(stats.is_ok());
                stats?
            },
        })
    }
}

impl MqModule {
    fn make_folders(
        device: &Device<MqFile>,
        driver: &Arc<Driver>,
    ) -> Result<Pin<KBox<Folder<StatsFiles>>>> {
        let place = Place::in_device(device);
        let files = Arc::new(StatsFiles(driver.clone()), GFP_KERNEL)?;
        let stats = Folder::new(place, paths::STATS, files)?;
        let queues = Folder::new(place, paths::QUEUES, Arc::new((), GFP_KERNEL)?)?;
        driver.queues.populate(queues);
        Ok(stats)
    }
}

#[pinned_drop]
impl PinnedDrop for MqModule {
    fn drop(self: Pin<&mut Self>) {
        // No file is open any more, so nobody can register.
        self.driver.end_all();
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Named message queues between processes: the kernel module `mq_driver`.
//!
//! A process writes `/reg bob` to `/dev/mq`; from then on others send it messages with
//! `/msg bob hello`, which it reads from `/dev/mq`. See `README.md` for the interface,
//! `ARCHITECTURE.md` for how the parts fit together, and `locking.rs` for the locks.
//!
//! This file only lists the parts and puts them together at load time.

mod directory;
mod errors;
mod ffi;
mod format;
mod identity;
mod interned;
mod locking;
mod log;
mod memory;
mod message;
mod open_file;
mod partial_reads;
#[expect(dead_code, unreachable_pub, reason = "a crate of its own on the host")]
mod policy;
mod pollers;
mod process;
mod procfs;
mod reader;
mod record_batch;
mod record_reader;
mod record_sender;
mod registrar;
mod registration;
mod sender;
mod settings;
mod stats;
mod sysfs;
mod timing;
mod user;

use crate::{
    ffi::{
        attribute::c_name,
        device::Device,
        kobject::Parent,
        pieces::Caches,
        proc_file::ProcFile, //
    },
    open_file::MqFile,
    policy::paths,
    registrar::Registrar, //
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
/// The device comes last, because nothing may fail once it can be opened: a module whose loading
/// fails is freed, whoever is just opening its device. First of all, dropping the module ends all
/// registrations; then the fields go in this order.
#[pin_data(PinnedDrop)]
struct MqModule {
    registrar: Arc<Registrar>,
    listing: ProcFile<Registrar>,
    #[pin]
    device: Device<MqFile>,
    caches: Caches,
}

impl kernel::InPlaceModule for MqModule {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            caches: Caches::new()?,
            registrar: Registrar::new()?,
            listing: ProcFile::new(c_name!(paths::DEVICE), 0o444, registrar.clone())?,
            device <- Device::register(c_name!(paths::DEVICE), 0o666, registrar.clone()),
            _: {
                registrar.set_device(Parent::of(&device));
            },
        })
    }
}

#[pinned_drop]
impl PinnedDrop for MqModule {
    fn drop(self: Pin<&mut Self>) {
        // No file is open any more, so nobody can register.
        self.registrar.end_all();
    }
}

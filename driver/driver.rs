// SPDX-License-Identifier: GPL-2.0

//! What the parts of the driver share.
//!
//! # Locking
//!
//! | lock | protects | taken under it | held while |
//! |---|---|---|---|
//! | `Registrations::registry` (spin) | names, owners, shares, order | none | a look-up or a change, or some steps of a walk |
//! | `Processes::tree` (spin) | which processes are known | none | a look-up or a change |
//! | `Registration::queue` (spin) | a queue and its account | none | one push or pop |
//! | `Registration::attachments` (spin) | the folder and the watch of a registration | none | moving them in or out |
//! | `MqFile::rests` (spin) | what an open file has half read | `Registration::queue` | one claim of a message |
//! | `Polls::kept` (mutex, one a file) | what a file has been polled for | `Processes::tree` | one registration of a poller |
//! | a wait queue's own (spin, interrupts off) | its sleepers | the scheduler's | one wake-up |
//!
//! Under a spin lock nothing is allocated, freed, logged, copied from or to user space, or woken;
//! what falls out under one is carried out and dropped after it. User memory is touched under no
//! lock at all. One thing under the registry's lock takes time that grows with the number of
//! registrations: moving to a larger table, once each time that the largest number so far doubles.
//! The mutex may sleep for memory; only those who poll the same open file want it.
//!
//! # The end of a registration
//!
//! It ends when `Registration::ended` is set, which whoever does it first does once: the process
//! itself (`/unr`), an administrator (`evict`), unloading, or the end of the process. From then
//! on nobody finds it. The last of these happens in atomic context, under `tasklist_lock` with
//! interrupts off, where none of the locks above may be taken; so it only sets the flag, counts
//! `Registrations::leaving`, and hands the rest (closing the queue, waking sleepers, removing the
//! folder, freeing the name) to the work queue. A new registration that meets one that has ended
//! waits for that rest, so a name is free as soon as anybody can know of the death.

use crate::{
    ffi::{
        folder::Folder,
        work_queue::WorkQueue, //
    },
    notices::Notices,
    process::Processes,
    registrations::Registrations,
    settings::Settings,
    stats::Stats, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc,
        Completion,
        SetOnce, //
    }, //
};

/// The state of the driver, from load to unload.
#[pin_data]
pub(crate) struct Driver {
    pub(crate) settings: Settings,
    #[pin]
    pub(crate) registrations: Registrations,
    pub(crate) processes: Arc<Processes>,
    #[pin]
    pub(crate) notices: Notices,
    pub(crate) stats: Stats,
    /// Where ended registrations are taken apart.
    pub(crate) work: WorkQueue,
    /// The folder of the registrations' folders.
    pub(crate) queues: SetOnce<Pin<KBox<Folder<()>>>>,
    /// Completes when loading is done.
    #[pin]
    loaded: Completion,
    /// Whether loading has succeeded.
    usable: Atomic<bool>,
}

impl Driver {
    /// The state at load time.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                settings: Settings::new(),
                registrations <- Registrations::new(),
                processes: Processes::new()?,
                notices <- Notices::new(),
                stats: Stats::new(),
                work: WorkQueue::new(c"mq_driver")?,
                queues: SetOnce::new(),
                loaded <- Completion::new(),
                usable: Atomic::new(false),
            }),
            GFP_KERNEL,
        )
    }

    /// Says that loading is done, and how it went, to those who wait to open the device.
    pub(crate) fn set_loaded(&self, usable: bool) {
        self.usable.store(usable, Release);
        self.loaded.complete_all();
    }

    /// Waits until the device can be used: it appears a moment before loading is done.
    ///
    /// # Errors
    ///
    /// `ENODEV` if loading has failed.
    pub(crate) fn wait_until_ready(&self) -> Result {
        self.loaded.wait_for_completion();
        if self.usable.load(Acquire) {
            Ok(())
        } else {
            Err(ENODEV)
        }
    }

    /// Ends all registrations, and waits until nothing of them is left.
    pub(crate) fn end_all(&self) {
        let mut place = crate::policy::registry::Ticket::START;
        while let Some(registration) = self.registrations.after(place) {
            place = registration.ticket();
            registration.end();
        }
        self.registrations.wait_until_empty();
        self.work.flush();
    }
}

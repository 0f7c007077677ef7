// SPDX-License-Identifier: GPL-2.0

//! `/proc/mq`: a line for each registration, in the order in which they came.
//!
//! What a line looks like is policy's (`policy/listing.rs`).

use crate::{
    ffi::{
        credentials,
        proc_file::List, //
    },
    policy::{
        listing::{
            Line,
            Row, //
        },
        registry::Handle, //
    },
    registrar::Registrar,
    registration::Registration, //
};
use kernel::sync::Arc;

impl List for Registrar {
    type Record = Registration;
    type Line = Line;

    fn first_from(&self, number: u64, near: u32) -> Option<(u64, Arc<Registration>)> {
        let near = Handle::near(number, near);
        numbered(self.directory.above(number.saturating_sub(1), near))
    }

    fn near(&self, registration: &Registration) -> u32 {
        registration.handle().index()
    }

    fn after(&self, registration: &Registration) -> Option<(u64, Arc<Registration>)> {
        numbered(self.directory.after(registration.handle()))
    }

    fn header(&self) -> Line {
        Line::titles()
    }

    fn line(&self, registration: &Registration) -> Line {
        let status = registration.status();
        let row = Row {
            pid: registration.visible_pid().unsigned_abs().into(),
            uid: credentials::from_kuid_munged(registration.user()).into(),
            depth: status.depth as u64,
            len: status.capacity as u64,
            sent: status.counts.sent(),
            received: status.counts.queue.received,
            dropped: status.counts.queue.dropped(),
            bytes: status.bytes as u64,
            waiting: status.waiting as u64,
        };
        Line::of(registration.name(), row)
    }
}

fn numbered(registration: Option<Arc<Registration>>) -> Option<(u64, Arc<Registration>)> {
    registration.map(|registration| (registration.handle().sequence(), registration))
}

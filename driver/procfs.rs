// SPDX-License-Identifier: GPL-2.0

//! `/proc/mq`: a line for each registration, in the order in which they came.

use crate::{
    ffi::{
        credentials,
        proc_file::List, //
    },
    policy::registry::Handle,
    registrar::Registrar,
    registration::Registration, //
};
use kernel::{
    seq_file::SeqFile,
    seq_print,
    sync::Arc, //
};

impl List for Registrar {
    type Record = Registration;

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

    fn show_header(&self, m: &SeqFile) {
        seq_print!(
            m,
            "{:<8} {:>7} {:>6} {:>6} {:>6} {:>9} {:>9} {:>9}\n",
            "NAME",
            "PID",
            "UID",
            "DEPTH",
            "LEN",
            "SENT",
            "RECEIVED",
            "DROPPED",
        );
    }

    fn show(&self, m: &SeqFile, registration: &Registration) {
        let status = registration.status();
        seq_print!(
            m,
            "{:<8} {:>7} {:>6} {:>6} {:>6} {:>9} {:>9} {:>9}\n",
            registration.name().as_str(),
            registration.process().pid().vnr(),
            credentials::from_kuid_munged(registration.user()),
            status.depth,
            status.capacity,
            status.counts.sent(),
            status.counts.queue.received,
            status.counts.queue.dropped(),
        );
    }
}

fn numbered(registration: Option<Arc<Registration>>) -> Option<(u64, Arc<Registration>)> {
    registration.map(|registration| (registration.handle().sequence(), registration))
}

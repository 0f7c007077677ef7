// SPDX-License-Identifier: GPL-2.0

//! `/proc/mq`: a line for each registration, in the order in which they came.

use crate::{
    driver::Driver,
    ffi::{
        proc_file::List,
        user, //
    },
    policy::registry::Ticket,
    registration::Registration, //
};
use kernel::{
    seq_file::SeqFile,
    seq_print,
    sync::Arc, //
};

impl List for Driver {
    type Record = Registration;

    fn first_from(&self, number: u64, near: u32) -> Option<(u64, Arc<Registration>)> {
        numbered(
            self.registrations
                .above(number.saturating_sub(1), Ticket::near(number, near)),
        )
    }

    fn near(&self, registration: &Registration) -> u32 {
        registration.ticket().slot()
    }

    fn after(&self, registration: &Registration) -> Option<(u64, Arc<Registration>)> {
        numbered(self.registrations.after(registration.ticket()))
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
        let level = registration.level();
        seq_print!(
            m,
            "{:<8} {:>7} {:>6} {:>6} {:>6} {:>9} {:>9} {:>9}\n",
            registration.name().as_str(),
            registration.process().pid().number_for_current(),
            user::number_for_current(registration.user()),
            level.depth,
            level.capacity,
            registration.sent(),
            level.account.received,
            level.account.dropped(),
        );
    }
}

fn numbered(registration: Option<Arc<Registration>>) -> Option<(u64, Arc<Registration>)> {
    registration.map(|registration| (registration.ticket().order(), registration))
}

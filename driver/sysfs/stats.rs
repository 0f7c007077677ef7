// SPDX-License-Identifier: GPL-2.0

//! The files of the totals: `stats/`.

use super::show;
use crate::{
    ffi::{
        attribute::Attribute,
        compat::edquot, //
    },
    policy::registry::Handle,
    registrar::Registrar,
    stats::Counts, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The file of something that registrations count.
macro_rules! total {
    ($name:literal, $($field:ident).+) => {
        Attribute::read_only($name, |registrar, out| show(out, total(registrar).$($field).+))
    };
}

/// The file of an error.
macro_rules! refused {
    ($name:literal, $error:expr) => {
        Attribute::read_only($name, |registrar, out| {
            show(out, registrar.stats.errors($error))
        })
    };
}

pub(super) static ATTRIBUTES: [Attribute<Arc<Registrar>>; 19] = [
    total!(c"sends", sends),
    total!(c"broadcasts", broadcasts),
    total!(c"deliveries", queue.received),
    total!(c"reads", queue.read),
    total!(c"dropped_overflow", queue.dropped_overflow),
    total!(c"dropped_flush", queue.dropped_flush),
    total!(c"dropped_end", queue.dropped_end),
    refused!(c"refused_eacces", EACCES),
    refused!(c"refused_edquot", edquot()),
    refused!(c"refused_eexist", EEXIST),
    refused!(c"refused_efault", EFAULT),
    refused!(c"refused_einval", EINVAL),
    refused!(c"refused_emsgsize", EMSGSIZE),
    refused!(c"refused_enoent", ENOENT),
    refused!(c"refused_enomem", ENOMEM),
    refused!(c"refused_enospc", ENOSPC),
    refused!(c"refused_eperm", EPERM),
    Attribute::read_only(c"truncated", |registrar, out| {
        show(out, registrar.stats.truncated())
    }),
    Attribute::read_only(c"log_suppressed", |registrar, out| {
        show(out, registrar.log.suppressed())
    }),
];

/// What all registrations have counted, the living and those that have ended.
fn total(registrar: &Registrar) -> Counts {
    let mut total = registrar.stats.folded();
    let mut place = Handle::START;
    while let Some(registration) = registrar.directory.after(place) {
        total += registration.status().counts;
        place = registration.handle();
    }
    total
}

// SPDX-License-Identifier: GPL-2.0

//! The files of one registration: `queues/NAME/`.

use super::show;
use crate::{
    ffi::{
        attribute::Attribute,
        credentials,
        kobject::HasAttributes, //
    },
    registration::Registration, //
};

static ATTRIBUTES: [Attribute<Registration>; 9] = [
    Attribute::read_only(c"pid", |of, out| show(out, of.visible_pid())),
    Attribute::read_only(c"uid", |of, out| {
        show(out, credentials::from_kuid_munged(of.user()))
    }),
    Attribute::read_only(c"depth", |of, out| show(out, of.status().depth)),
    Attribute::read_only(c"len", |of, out| show(out, of.status().capacity)),
    Attribute::read_only(c"sent", |of, out| show(out, of.status().counts.sent())),
    Attribute::read_only(c"received", |of, out| {
        show(out, of.status().counts.queue.received)
    }),
    Attribute::read_only(c"dropped", |of, out| {
        show(out, of.status().counts.queue.dropped())
    }),
    Attribute::read_only(c"bytes", |of, out| show(out, of.status().bytes)),
    Attribute::read_only(c"waiting", |of, out| show(out, of.status().waiting)),
];

impl HasAttributes for Registration {
    fn attributes() -> &'static [Attribute<Self>] {
        &ATTRIBUTES
    }
}

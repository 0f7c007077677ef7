// SPDX-License-Identifier: GPL-2.0

//! The files of the device itself: the parameters, and what an administrator can do.

use super::show;
use crate::{
    ffi::{
        attribute::{
            c_name,
            Attribute, //
        },
        credentials, //
    },
    log::Reason,
    policy::{
        limits,
        name::Name,
        registry::Handle, //
    },
    registrar::Registrar,
    registration::Registration, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The file of a parameter.
macro_rules! parameter {
    ($name:ident, $setting:ident) => {
        Attribute::read_write(
            c_name!(limits::$name.attribute),
            |registrar, out| show(out, registrar.settings.$setting.get()),
            |registrar, text| registrar.settings.$setting.set(text),
        )
    };
}

pub(super) static ATTRIBUTES: [Attribute<Arc<Registrar>>; 9] = [
    parameter!(MAX_DEVICES, max_devices),
    parameter!(QUEUE_LEN, queue_len),
    parameter!(CMD_BUF_SIZE, cmd_buf_size),
    parameter!(MAX_PER_USER, max_per_user),
    parameter!(QUEUE_BYTES, queue_bytes),
    parameter!(MAX_BYTES_PER_USER, max_bytes_per_user),
    Attribute::read_only(c"registered", |registrar, out| {
        show(out, registrar.directory.len())
    }),
    Attribute::write_only(c"flush", |registrar, text| flush(registrar, text)),
    Attribute::write_only(c"evict", |registrar, text| evict(registrar, text)),
];

fn flush(registrar: &Registrar, text: &[u8]) -> Result {
    if !credentials::capable_sys_admin() {
        return Err(EPERM);
    }
    if text != b"*" {
        flush_one(registrar, &*named(registrar, text)?);
        return Ok(());
    }
    let last = registrar.directory.latest();
    let mut place = Handle::START;
    while let Some(registration) = registrar.directory.after(place) {
        place = registration.handle();
        if place.sequence() > last {
            break;
        }
        flush_one(registrar, &registration);
    }
    Ok(())
}

fn flush_one(registrar: &Registrar, registration: &Registration) {
    let messages = registration.flush();
    registrar.log.note(
        Reason::Administration,
        fmt!(
            "{}: flushed, {} messages discarded",
            registration.name().as_str(),
            messages
        ),
    );
}

fn evict(registrar: &Registrar, text: &[u8]) -> Result {
    if !credentials::capable_sys_admin() {
        return Err(EPERM);
    }
    let registration = named(registrar, text)?;
    if !registrar.end(&registration) {
        return Err(ENOENT);
    }
    registrar.log.note(
        Reason::Administration,
        fmt!("{}: evicted", registration.name().as_str()),
    );
    Ok(())
}

fn named(registrar: &Registrar, text: &[u8]) -> Result<Arc<Registration>> {
    let name = Name::new(text).map_err(|_| ENOENT)?;
    registrar.directory.named(name).ok_or(ENOENT)
}

// SPDX-License-Identifier: GPL-2.0

//! The files below `/sys/class/misc/mq`: of the device, and of each registration.

use crate::{
    driver::Driver,
    ffi::{
        attribute::{
            c_name,
            Attribute,
            Attributes, //
        },
        user, //
    },
    notices::Cause,
    policy::{
        limits,
        name::Name,
        registry::Ticket, //
    },
    registration::Registration, //
};
use core::fmt::Write;
use kernel::{
    prelude::*,
    str::Formatter,
    sync::Arc, //
};

const REGISTERED: usize = limits::PARAMETERS.len();
const FLUSH: usize = REGISTERED + 1;
const EVICT: usize = REGISTERED + 2;

/// The files of the device: the parameters, in the order of `limits::PARAMETERS`, and then those
/// with a position of their own above.
static DEVICE: [Attribute; EVICT + 1] = [
    Attribute::new(c_name!(limits::MAX_DEVICES.attribute), 0o644),
    Attribute::new(c_name!(limits::QUEUE_LEN.attribute), 0o644),
    Attribute::new(c_name!(limits::CMD_BUF_SIZE.attribute), 0o644),
    Attribute::new(c_name!(limits::MAX_PER_USER.attribute), 0o644),
    Attribute::new(c"registered", 0o444),
    Attribute::new(c"flush", 0o200),
    Attribute::new(c"evict", 0o200),
];

impl Attributes for Arc<Driver> {
    fn files() -> &'static [Attribute] {
        &DEVICE
    }

    fn show(&self, file: usize, out: &mut Formatter<'_>) -> Result {
        match file {
            REGISTERED => writeln!(out, "{}", self.registrations.count()),
            parameter => writeln!(out, "{}", self.settings.get(parameter).ok_or(EIO)?),
        }
        .map_err(|_| EIO)
    }

    fn store(&self, file: usize, text: &[u8]) -> Result {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        match file {
            FLUSH => flush(self, text),
            EVICT => evict(self, text),
            parameter => self.settings.set(parameter, text),
        }
    }
}

fn flush(driver: &Driver, text: &[u8]) -> Result {
    if !user::is_administrator() {
        return Err(EPERM);
    }
    if text != b"*" {
        return flush_one(driver, &*named(driver, text)?);
    }
    let last = driver.registrations.latest();
    let mut place = Ticket::START;
    while let Some(registration) = driver.registrations.after(place) {
        place = registration.ticket();
        if place.order() > last {
            break;
        }
        flush_one(driver, &registration)?;
    }
    Ok(())
}

fn flush_one(driver: &Driver, registration: &Registration) -> Result {
    let messages = registration.flush();
    driver.notices.give(
        Cause::Administration,
        fmt!(
            "{}: flushed, {} messages discarded",
            registration.name().as_str(),
            messages
        ),
    );
    Ok(())
}

fn evict(driver: &Driver, text: &[u8]) -> Result {
    if !user::is_administrator() {
        return Err(EPERM);
    }
    let registration = named(driver, text)?;
    if !registration.end() {
        return Err(ENOENT);
    }
    driver.notices.give(
        Cause::Administration,
        fmt!("{}: evicted", registration.name().as_str()),
    );
    Ok(())
}

fn named(driver: &Driver, text: &[u8]) -> Result<Arc<Registration>> {
    let name = Name::new(text).map_err(|_| ENOENT)?;
    driver.registrations.by_name(name).ok_or(ENOENT)
}

static REGISTRATION: [Attribute; 7] = [
    Attribute::new(c"pid", 0o444),
    Attribute::new(c"uid", 0o444),
    Attribute::new(c"depth", 0o444),
    Attribute::new(c"len", 0o444),
    Attribute::new(c"sent", 0o444),
    Attribute::new(c"received", 0o444),
    Attribute::new(c"dropped", 0o444),
];

impl Attributes for Registration {
    fn files() -> &'static [Attribute] {
        &REGISTRATION
    }

    fn show(&self, file: usize, out: &mut Formatter<'_>) -> Result {
        let level = self.level();
        match file {
            0 => writeln!(out, "{}", self.process().pid().number_for_current()),
            1 => writeln!(out, "{}", user::number_for_current(self.user())),
            2 => writeln!(out, "{}", level.depth),
            3 => writeln!(out, "{}", level.capacity),
            4 => writeln!(out, "{}", self.sent()),
            5 => writeln!(out, "{}", level.account.received),
            _ => writeln!(out, "{}", level.account.dropped()),
        }
        .map_err(|_| EIO)
    }
}

/// A folder without files.
impl Attributes for () {
    fn files() -> &'static [Attribute] {
        &[]
    }

    fn show(&self, _file: usize, _out: &mut Formatter<'_>) -> Result {
        Err(EIO)
    }
}

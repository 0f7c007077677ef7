// SPDX-License-Identifier: GPL-2.0

//! The files below `/sys/class/misc/mq`: tables, one row a file.
//!
//! A file more is a row here and its description in `ABI/`.

mod device;
mod queue;
mod stats;

use crate::{
    ffi::attribute::{
        c_name,
        Group, //
    },
    policy::paths,
    registrar::Registrar, //
};
use core::fmt::Display;
use kernel::{
    prelude::*,
    str::Formatter,
    sync::Arc, //
};

/// The files of the device.
pub(crate) static GROUPS: [Group<Arc<Registrar>>; 2] = [
    Group {
        name: None,
        attributes: &device::ATTRIBUTES,
    },
    Group {
        name: Some(c_name!(paths::STATS)),
        attributes: &stats::ATTRIBUTES,
    },
];

/// Shows one value as a line.
fn show(out: &mut Formatter<'_>, value: impl Display) -> Result {
    use core::fmt::Write;

    writeln!(out, "{value}").map_err(|_| EIO)
}

// SPDX-License-Identifier: GPL-2.0

//! The parameters: how they are given at load time, and the values in force.
//!
//! Names and ranges are policy's (`policy/limits.rs`).

use crate::{
    ffi::{
        attribute::c_name,
        parameter::{
            Checked,
            Parameter,
            Value, //
        }, //
    },
    policy::limits, //
};
use kernel::{
    prelude::*,
    str::BStr,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// The check of a load parameter against its range.
struct InRange(limits::Parameter);

impl Checked for InRange {
    fn parse(&self, text: &[u8]) -> Result<u32> {
        self.0.parse(text).map_err(|limits::OutOfRange| {
            pr_err!(
                "{}={} is out of range: it must be a number from {} to {}\n",
                self.0.name,
                BStr::from_bytes(text),
                self.0.min,
                self.0.max,
            );
            EINVAL
        })
    }
}

/// Declares the load parameters that policy lists by these names.
macro_rules! load_parameters {
    ($($name:ident),*) => {
        mod given {
            use super::*;

            $(pub(super) static $name: Value<InRange> =
                Value::new(InRange(limits::$name), limits::$name.default);)*

            mod entries {
                use super::*;

                $(#[link_section = "__param"]
                #[used]
                static $name: Parameter =
                    Parameter::new(c_name!(limits::$name.name), &super::$name);)*
            }
        }

        /// The values given at load time, in the order of `limits::PARAMETERS`.
        fn given() -> [u32; limits::PARAMETERS.len()] {
            [$(given::$name.get()),*]
        }
    };
}

load_parameters!(MAX_DEVICES, QUEUE_LEN, CMD_BUF_SIZE, MAX_PER_USER);

/// The values in force. Each may change at any time, and holds for what comes after.
pub(crate) struct Settings([Atomic<u32>; limits::PARAMETERS.len()]);

impl Settings {
    /// The values that were given at load time.
    pub(crate) fn new() -> Self {
        Self(given().map(Atomic::new))
    }

    /// Registrations that may exist at once.
    pub(crate) fn max_devices(&self) -> u32 {
        self.0[0].load(Relaxed)
    }

    /// Messages that the queue of a new registration holds.
    pub(crate) fn queue_len(&self) -> u32 {
        self.0[1].load(Relaxed)
    }

    /// Bytes that a command may have.
    pub(crate) fn cmd_buf_size(&self) -> u32 {
        self.0[2].load(Relaxed)
    }

    /// Registrations that one user may hold.
    pub(crate) fn user_share(&self) -> u32 {
        limits::user_share(self.max_devices(), self.0[3].load(Relaxed))
    }

    /// The value of `limits::PARAMETERS[parameter]`, if there is such a parameter.
    pub(crate) fn get(&self, parameter: usize) -> Option<u32> {
        Some(self.0.get(parameter)?.load(Relaxed))
    }

    /// Sets the value of `limits::PARAMETERS[parameter]` from text.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a value out of range; `EIO` if there is no such parameter.
    pub(crate) fn set(&self, parameter: usize, text: &[u8]) -> Result {
        let value = limits::PARAMETERS
            .get(parameter)
            .ok_or(EIO)?
            .parse(text)
            .map_err(|limits::OutOfRange| EINVAL)?;
        self.0.get(parameter).ok_or(EIO)?.store(value, Relaxed);
        Ok(())
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The parameters: how they are given at load time, and the values in force.
//!
//! Names, ranges and what follows from the values are policy's (`policy/limits.rs`).

use crate::{
    ffi::{
        credentials,
        once::read_once,
        parameter::{
            parameter,
            Checked,
            Value, //
        }, //
    },
    policy::{
        limits,
        quota::QuotaLimits, //
    }, //
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

/// The value in force of one parameter. It may change at any time, and holds for what comes after.
pub(crate) struct Setting {
    value: Atomic<u32>,
    parameter: limits::Parameter,
}

impl Setting {
    /// The value.
    #[inline(always)]
    pub(crate) fn get(&self) -> u32 {
        read_once(&self.value)
    }

    /// Sets the value from text.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a value out of range.
    pub(crate) fn set(&self, text: &[u8]) -> Result {
        let value = self
            .parameter
            .parse(text)
            .map_err(|limits::OutOfRange| EINVAL)?;
        self.value.store(value, Relaxed);
        Ok(())
    }
}

/// Declares the settings: a field each, and the parameter of policy that it is the value of.
macro_rules! settings {
    ($($field:ident: $name:ident,)*) => {
        mod given {
            use super::*;

            $(pub(super) static $name: Value<InRange> =
                Value::new(InRange(limits::$name), limits::$name.default);)*

            mod entries {
                use super::*;

                $(parameter!($name, limits::$name.name, &super::$name);)*
            }
        }

        /// The values in force.
        pub(crate) struct Settings {
            $(#[doc = concat!("The value of [`", stringify!($name), "`](limits::", stringify!($name), ").")]
            pub(crate) $field: Setting,)*
        }

        impl Settings {
            /// The values that were given at load time.
            pub(crate) fn new() -> Self {
                Self {
                    $($field: Setting {
                        value: Atomic::new(given::$name.get()),
                        parameter: limits::$name,
                    },)*
                }
            }
        }
    };
}

settings! {
    max_devices: MAX_DEVICES,
    queue_len: QUEUE_LEN,
    cmd_buf_size: CMD_BUF_SIZE,
    max_per_user: MAX_PER_USER,
    queue_bytes: QUEUE_BYTES,
    max_bytes_per_user: MAX_BYTES_PER_USER,
}

/// What the queue of a new registration may hold, and what it takes.
#[derive(Clone, Copy)]
pub(crate) struct QueueSize {
    /// Messages.
    pub(crate) len: usize,
    /// Bytes that the messages take.
    pub(crate) bytes: usize,
    /// Places of the ring.
    pub(crate) slots: usize,
    /// Bytes that it reserves of its user's.
    pub(crate) reservation: u64,
}

impl Settings {
    /// The size of the queue of a new registration.
    pub(crate) fn queue_size(&self) -> QueueSize {
        let len = self.queue_len.get();
        let bytes = limits::queue_bytes(self.queue_bytes.get(), len, self.cmd_buf_size.get());
        let slots = limits::slots(len, bytes);
        QueueSize {
            len: len as usize,
            bytes,
            slots,
            reservation: limits::reservation(bytes, slots),
        }
    }

    /// What one user may hold.
    pub(crate) fn quota_limits(&self) -> QuotaLimits {
        let machine = credentials::machine_memory();
        QuotaLimits {
            registrations: limits::user_registrations(
                self.max_devices.get(),
                self.max_per_user.get(),
            ),
            bytes: limits::user_bytes(self.max_bytes_per_user.get(), machine),
        }
    }
}

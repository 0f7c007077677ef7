// SPDX-License-Identifier: GPL-2.0

//! Limits how often something is logged: the kernel's default, ten lines in five seconds.

use super::shim;
use core::marker::PhantomPinned;
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// A limit of its own for one kind of log line.
#[pin_data]
pub(crate) struct RateLimit {
    #[pin]
    state: Opaque<bindings::ratelimit_state>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: The state has a lock of its own.
unsafe impl Send for RateLimit {}
// SAFETY: Its only method takes that lock.
unsafe impl Sync for RateLimit {}

impl RateLimit {
    /// A fresh limit.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- Opaque::ffi_init(|state| {
                // SAFETY: `state` is memory for a ratelimit state.
                unsafe { shim::mq_ratelimit_init(state) }
            }),
            _pin: PhantomPinned,
        })
    }

    /// Whether to log now.
    pub(crate) fn allows(&self) -> bool {
        // SAFETY: The state is initialised; the name is only used for messages that are off.
        unsafe { bindings::___ratelimit(self.state.get(), c"mq_driver".as_char_ptr()) != 0 }
    }
}

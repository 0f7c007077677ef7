// SPDX-License-Identifier: GPL-2.0

//! Safe wrappers around what the kernel crate does not offer: the only place with `unsafe` code.
//!
//! Each file wraps one thing of the kernel and knows nothing of message queues. The rest of the
//! driver never sees a raw pointer.

pub(crate) mod attribute;
pub(crate) mod buffer;
pub(crate) mod clock;
pub(crate) mod compat;
pub(crate) mod credentials;
pub(crate) mod device;
pub(crate) mod exit_watch;
pub(crate) mod growing;
pub(crate) mod kobject;
pub(crate) mod once;
pub(crate) mod parameter;
pub(crate) mod pieces;
pub(crate) mod poll_queue;
pub(crate) mod proc_file;
pub(crate) mod process_id;
pub(crate) mod published;
pub(crate) mod random;
pub(crate) mod rate_limit;
pub(crate) mod stock;
pub(crate) mod trace;
pub(crate) mod user_memory;
pub(crate) mod wait_queue;
pub(crate) mod wake_chain;
pub(crate) mod work_queue;

/// The bindings made from `bindings.h`, in the terms of the kernel crate's own.
#[expect(
    improper_ctypes,
    non_camel_case_types,
    non_upper_case_globals,
    unreachable_pub
)]
mod shim {
    use kernel::{
        bindings::*,
        ffi, //
    };

    include!(concat!(env!("MQ_OBJ"), "/ffi/bindings.rs"));
}

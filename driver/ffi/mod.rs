// SPDX-License-Identifier: GPL-2.0

//! Safe wrappers around what the kernel crate does not offer: the only place with `unsafe` code.
//!
//! Each file wraps one thing of the kernel and knows nothing of message queues. The rest of the
//! driver never sees a raw pointer.

pub(crate) mod attribute;
pub(crate) mod bytes;
pub(crate) mod device;
pub(crate) mod events;
pub(crate) mod exit_watch;
pub(crate) mod folder;
pub(crate) mod parameter;
pub(crate) mod pid;
pub(crate) mod proc_file;
pub(crate) mod random;
pub(crate) mod rate_limit;
pub(crate) mod user;
pub(crate) mod wait_queue;
pub(crate) mod work_queue;

/// The bindings made from `bindings.h`, in the terms of the kernel crate's own.
#[allow(
    clippy::all,
    improper_ctypes,
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]
mod shim {
    use kernel::{
        bindings::*,
        ffi, //
    };

    include!(concat!(env!("MQ_OBJ"), "/ffi/bindings.rs"));
}

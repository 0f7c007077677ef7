// SPDX-License-Identifier: GPL-2.0

//! The tracepoints `mq:*`: a jump over nothing while they are off.
//!
//! What each records stands in `trace.h`.

use super::{
    process_id::ProcessId,
    shim, //
};
use kernel::{
    bindings,
    jump_label::static_branch_unlikely, //
};

/// Why messages were dropped.
#[derive(Clone, Copy)]
pub(crate) enum DropReason {
    /// The queue was full.
    Overflow,
    /// An administrator discarded what was queued.
    Flush,
    /// The registration ended.
    End,
}

/// Declares functions that fire a tracepoint if it is on, and only then ask for what it records. The
/// arguments are named as in C, with a conversion to what C takes.
macro_rules! tracepoints {
    ($($(#[$doc:meta])* fn $name:ident = $key:ident, $fire:ident
        ($($arg:ident: $type:ty => $value:expr),* $(,)?);)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<'a>(record: impl FnOnce() -> ($($type,)*)) {
            #[cfg(CONFIG_TRACEPOINTS)]
            {
                // SAFETY: The key is the one that C defines for this tracepoint.
                let on = unsafe {
                    static_branch_unlikely!(shim::$key, bindings::tracepoint, key)
                };
                if on {
                    let ($($arg,)*) = record();
                    // SAFETY: The types are checked; processes are referenced by the caller.
                    unsafe { shim::$fire($($value),*) };
                }
            }
            #[cfg(not(CONFIG_TRACEPOINTS))]
            {
                let _ = record;
            }
        }
    )*};
}

tracepoints! {
    /// A registration has begun.
    fn register = __tracepoint_mq_register, rust_do_trace_mq_register(
        name: u64 => name, pid: &'a ProcessId => pid.as_ptr(), uid: u32 => uid, len: u32 => len,
    );

    /// A registration has ended.
    fn unregister = __tracepoint_mq_unregister, rust_do_trace_mq_unregister(
        name: u64 => name, pid: &'a ProcessId => pid.as_ptr(), discarded: u32 => discarded,
    );

    /// A message has been put into a queue.
    fn send = __tracepoint_mq_send, rust_do_trace_mq_send(
        from: u64 => from, from_pid: &'a ProcessId => from_pid.as_ptr(),
        to: u64 => to, to_pid: &'a ProcessId => to_pid.as_ptr(), bytes: usize => bytes as u32,
    );

    /// A message is being read: its beginning, where it is read in pieces.
    fn receive = __tracepoint_mq_receive, rust_do_trace_mq_receive(
        name: u64 => name, pid: &'a ProcessId => pid.as_ptr(), bytes: usize => bytes as u32,
    );

    /// Messages have been dropped.
    fn drop = __tracepoint_mq_drop, rust_do_trace_mq_drop(
        name: u64 => name, pid: &'a ProcessId => pid.as_ptr(),
        reason: DropReason => match reason {
            DropReason::Overflow => shim::mq_drop_cause_MQ_DROP_OVERFLOW,
            DropReason::Flush => shim::mq_drop_cause_MQ_DROP_FLUSH,
            DropReason::End => shim::mq_drop_cause_MQ_DROP_END,
        },
        messages: u64 => messages as u32,
    );
}

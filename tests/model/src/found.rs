// SPDX-License-Identifier: GPL-2.0

//! Sequences in which a machine and the model once differed, or that a mistake in the driver was
//! found by. They are run against policy and the driver before any that are made up.
//!
//! What `judge.rs` prints goes to the end of the list, with a name that says what it shows.

use crate::{
    bytes,
    limits::Parameter::{CmdBufSize, MaxDevices, MaxPerUser, QueueLen},
    Bytes,
    How::{OnlyThere, Plainly, WithoutSleep},
    Operation::{self, *},
    Record, Records,
};

/// A sequence, and what it shows.
pub type Found = (&'static str, fn() -> Vec<Operation>);

/// All of them.
#[rustfmt::skip]
pub const FOUND: &[Found] = &[
    ("a queue full by bytes drops its oldest message, not its newest", || {
        vec![
            Set { parameter: CmdBufSize, value: 16 },
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            Write { process: 3, file: 0, how: Plainly, bytes: bytes(b"/reg reg") },
            Write { process: 3, file: 0, how: Plainly, bytes: bytes(b"/[all] a") },
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/msg a a") },
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/a a") },
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/msg a a") },
            Read { process: 2, file: 0, how: Plainly, size: 4096 },
        ]
    }),
    ("a broadcast that cannot fit into a queue is counted there", || {
        vec![
            Write { process: 0, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            Set { parameter: CmdBufSize, value: 1000 },
            Write { process: 3, file: 0, how: Plainly, bytes: bytes(b"/reg b") },
            Write { process: 3, file: 0, how: Plainly, bytes: Bytes([b"/all ".as_slice(), &[b'a'; 220]].concat()) },
        ]
    }),
    ("what is left of a message stays after a flush", || {
        vec![
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/reg b") },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/all a") },
            Flush { name: bytes(b"a") },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/all \x01") },
            Read { process: 2, file: 0, how: Plainly, size: 1 },
            Open { process: 2, file: 0 },
        ]
    }),
    ("what evict ends gives its share back", || {
        vec![
            Set { parameter: MaxPerUser, value: 2 },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/reg b") },
            Evict { name: bytes(b"a") },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
        ]
    }),
    ("a name that is taken is told before a full table", || {
        vec![
            Set { parameter: MaxDevices, value: 1 },
            Write { process: 0, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
        ]
    }),
    ("acting does not depend on the effective user id of the moment", || {
        vec![
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            Become { process: 1, user: 0 },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/msg a a") },
        ]
    }),
    ("poll tells of the rest of a message", || {
        vec![
            Write { process: 3, file: 0, how: Plainly, bytes: bytes(b"/reg c") },
            Write { process: 3, file: 0, how: Plainly, bytes: bytes(b"/msg c a") },
            Read { process: 3, file: 0, how: Plainly, size: 1 },
            Poll { process: 3, file: 0 },
        ]
    }),
    ("what had ended before a file was opened is no hang-up", || {
        vec![
            Write { process: 3, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            Write { process: 3, file: 0, how: Plainly, bytes: bytes(b"/unr") },
            Open { process: 3, file: 0 },
            Poll { process: 3, file: 0 },
        ]
    }),
    ("hang-up tells of the last registration that the opener has had", || {
        vec![
            Open { process: 1, file: 1 },
            Write { process: 1, file: 1, how: Plainly, bytes: bytes(b"/reg a") },
            Write { process: 1, file: 1, how: Plainly, bytes: bytes(b"/unr") },
            Poll { process: 1, file: 0 },
            Become { process: 1, user: 1001 },
            Open { process: 1, file: 1 },
            Write { process: 1, file: 1, how: Plainly, bytes: bytes(b"/reg a") },
            Write { process: 1, file: 1, how: Plainly, bytes: bytes(b"/unr") },
            Poll { process: 1, file: 0 },
        ]
    }),
    ("a record that was to be received from one sender, into bad memory, stays where it was", || {
        vec![
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/reg c") },
            SetFormat { process: 2, file: 1, format: 1, flags: 0 },
            Register { process: 3, file: 1, name: bytes(b"b") },
            SetFormat { process: 3, file: 1, format: 1, flags: 0 },
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/c first") },
            Send { process: 3, file: 1, how: Plainly, records: Records(vec![
                Record { to: bytes(b"c"), priority: 0, wait: false, text: bytes(b"second") },
            ]) },
            Receive { process: 2, file: 1, how: OnlyThere(0), size: 4096, peek: false, from: bytes(b"b") },
            Read { process: 2, file: 1, how: Plainly, size: 4096 },
        ]
    }),
    ("what stands behind the zero bytes of a name makes it another", || {
        vec![
            Write { process: 2, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            SetFormat { process: 2, file: 1, format: 1, flags: 0 },
            Write { process: 2, file: 1, how: Plainly, bytes: bytes(
                b"\x28\0\0\0\x20\0\0\0\x01\0\0\0\0\0\0\0a\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0x\0\0\0\0\0\0\0",
            ) },
        ]
    }),
    ("of two records the text of the first is in bad memory, and their writer is nobody", || {
        vec![
            SetFormat { process: 3, file: 1, format: 1, flags: 0 },
            Send { process: 3, file: 1, how: OnlyThere(32), records: Records(vec![
                Record { to: bytes(b"a"), priority: 0, wait: false, text: bytes(b"a") },
                Record { to: bytes(b"a"), priority: 0, wait: false, text: bytes(b"a") },
            ]) },
        ]
    }),
    ("a sender evicted while it waits has sent its message all the same", || {
        let waiting = Record { to: bytes(b"b"), priority: 0, wait: true, text: bytes(b"a") };
        vec![
            Set { parameter: QueueLen, value: 1 },
            Write { process: 3, file: 0, how: Plainly, bytes: bytes(b"/reg a") },
            SetFormat { process: 3, file: 1, format: 1, flags: 0 },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/reg b") },
            Write { process: 1, file: 0, how: Plainly, bytes: bytes(b"/msg b a") },
            SendWaiting { process: 3, file: 1, record: waiting },
            Evict { name: bytes(b"a") },
            Read { process: 1, file: 0, how: Plainly, size: 4096 },
            Read { process: 1, file: 0, how: Plainly, size: 4096 },
        ]
    }),
    ("to write nothing with RWF_NOWAIT is over before the driver is asked", || {
        vec![
            Write { process: 0, file: 0, how: WithoutSleep, bytes: bytes(b"") },
        ]
    }),
];

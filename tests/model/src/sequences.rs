// SPDX-License-Identifier: GPL-2.0

//! How sequences are made up, and made simpler: by leaving out operations, and by the values that
//! stand first or are smallest.

use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    limits::Parameter::{self, *},
    operation::{Bytes, How, Operation, FILES, PROCESSES},
};

/// Operations that a sequence has at most.
const LONGEST: usize = 250;

/// A sequence.
pub fn sequence() -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..=LONGEST)
}

fn operation() -> impl Strategy<Value = Operation> {
    let process = || 0..PROCESSES;
    // Mostly the one that a process starts with.
    let file = || prop_oneof![4 => Just(0), 1 => 0..FILES];
    let write = (process(), file(), how(), written()).prop_map(|(process, file, how, bytes)| {
        Operation::Write {
            process,
            file,
            how,
            bytes,
        }
    });
    let read =
        (process(), file(), how(), size()).prop_map(|(process, file, how, size)| Operation::Read {
            process,
            file,
            how,
            size,
        });
    let poll = (process(), file()).prop_map(|(process, file)| Operation::Poll { process, file });
    let open = (process(), 0..FILES).prop_map(|(process, file)| Operation::Open { process, file });
    let close =
        (process(), 0..FILES).prop_map(|(process, file)| Operation::Close { process, file });
    let pass = (process(), 0..FILES, process()).prop_map(|(process, file, to)| Operation::Pass {
        process,
        file,
        to,
    });
    let fork =
        (process(), process()).prop_map(|(process, child)| Operation::Fork { process, child });
    let execute = process().prop_map(|process| Operation::Execute { process });
    let become_user = (process(), select(&[1000, 0, 1001][..]))
        .prop_map(|(process, user)| Operation::Become { process, user });
    let restart = process().prop_map(|process| Operation::Restart { process });
    let flush = prop_oneof![3 => name(), 1 => Just(&b"*"[..])].prop_map(|name| Operation::Flush {
        name: Bytes(name.to_vec()),
    });
    let evict = name().prop_map(|name| Operation::Evict {
        name: Bytes(name.to_vec()),
    });
    prop_oneof![
        100 => write,
        50 => read,
        20 => poll,
        6 => set(),
        5 => become_user,
        4 => pass,
        4 => open,
        2 => close,
        3 => flush,
        3 => evict,
        2 => restart,
        2 => fork,
        1 => execute,
    ]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        30 => Just(How::Plainly),
        1 => Just(How::WithoutSleep),
        1 => Just(How::BadMemory),
    ]
}

/// Some names, and what cannot be one.
fn name() -> BoxedStrategy<&'static [u8]> {
    let few: [&[u8]; 8] = [b"a", b"a", b"b", b"b", b"c", b"c", b"longname", b"all"];
    let none: [&[u8]; 4] = [b".a", b"ninebytes", b"a/", b"reg"];
    prop_oneof![30 => select(few.to_vec()), 1 => select(none.to_vec())].boxed()
}

/// A text: short, about as long as a command may be, or of any bytes.
fn text() -> BoxedStrategy<Vec<u8>> {
    let run = |lengths: std::ops::RangeInclusive<usize>| {
        (b'a'..=b'z', lengths).prop_map(|(byte, len)| vec![byte; len])
    };
    prop_oneof![
        8 => run(1..=3),
        2 => run(4..=130),
        1 => run(200..=300),
        1 => vec(any::<u8>(), 0..=6),
    ]
    .boxed()
}

/// What is written: a command, and what may come behind it.
fn written() -> BoxedStrategy<Bytes> {
    let trailer = prop_oneof![
        6 => Just(&b""[..]),
        6 => Just(&b"\n"[..]),
        1 => select(vec![&b"\0"[..], b"\n\0", b"\0\n", b"\n\n"]),
    ];
    (command(), trailer)
        .prop_map(|(command, trailer)| Bytes([&command, trailer].concat()))
        .boxed()
}

fn command() -> BoxedStrategy<Vec<u8>> {
    let just = |command: &'static [u8]| Just(command.to_vec());
    let after = |word: &'static [u8]| move |rest: &[u8]| [word, rest].concat();
    let to = |word: &'static [u8]| {
        (name(), text()).prop_map(move |(name, text)| [word, name, b" ", &text].concat())
    };
    prop_oneof![
        20 => name().prop_map(after(b"/reg ")),
        40 => to(b"/msg "),
        10 => text().prop_map(move |text| after(b"/all ")(&text)),
        6 => to(b"/"),
        2 => text().prop_map(move |text| after(b"/[all] ")(&text)),
        4 => just(b"/unr"),
        1 => just(b"/unreg"),
        2 => name().prop_map(after(b"/unreg ")),
        1 => select(vec![
            &b"/reg"[..], b"/reg ", b"/reg  a", b"/reg a ", b"/unr a", b"/unreg ", b"/msg", b"/msg a",
            b"/msg a ", b"/msg  a b", b"/all", b"/all ", b"/[all]", b"/", b"/ a", b"", b"a b", b"/MSG a b",
        ]).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..=8),
    ]
    .boxed()
}

/// How much is read: all, a few bytes, about as much as a line has.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(4096_usize), 4 => 1..=8_usize, 1 => 9..=140_usize, 1 => Just(0)]
}

fn set() -> impl Strategy<Value = Operation> {
    let of = |parameter: Parameter, values: &'static [u64]| {
        select(values).prop_map(move |value| Operation::Set { parameter, value })
    };
    prop_oneof![
        of(MaxDevices, &[4, 1, 2, 3, 8, 0, 65536, 65537]),
        of(QueueLen, &[3, 1, 2, 5, 0, 65537]),
        of(CmdBufSize, &[64, 16, 17, 100, 256, 1000, 15, 65537]),
        of(MaxPerUser, &[0, 1, 2, 8, 65537]),
        of(QueueBytes, &[0, 1, 64, 129, 256, 400, 1000, 1 << 31]),
        of(
            MaxBytesPerUser,
            &[0, 1, 150, 2568, 3000, 5200, 8000, 1 << 31]
        ),
    ]
}

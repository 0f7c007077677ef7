// SPDX-License-Identifier: GPL-2.0

//! How sequences are made up, and made simpler: by leaving out operations, and by the values that
//! stand first or are smallest.
//!
//! A sequence begins with everybody registered and with a file for records, and goes on so that most of
//! what is done has someone to do it and something to do it to: who is not registered any more is again
//! before long. `tests/census.rs` holds how much comes of it.

mod records;

use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    limits::Parameter::{self, *},
    operation::{Bytes, How, Operation, FILES, PROCESSES},
};

/// Operations that a sequence has at most.
const LONGEST: usize = 250;

/// A sequence.
pub fn sequence() -> impl Strategy<Value = Vec<Operation>> {
    // Messages that were sent while no file was of records have no time.
    let opening = prop_oneof![5 => opening(true), 1 => opening(false)];
    let operations = vec(operations(), 0..=LONGEST).prop_map(|operations| operations.concat());
    (opening, operations).prop_map(|(opening, operations)| [opening, operations].concat())
}

fn opening(switch: bool) -> impl Strategy<Value = Vec<Operation>> {
    let joins = std::array::from_fn::<_, PROCESSES, _>(|place| join(Just(place), switch));
    joins.prop_map(|joins| joins.concat())
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let one = prop_oneof![13 => with_text(), 15 => records::operation(), 2 => around()];
    prop_oneof![20 => one.prop_map(|one| vec![one]), 1 => join(process(), true)]
}

/// A process registers, or its second file; and that becomes one of records, if it is to `switch`.
/// Some of it may be left out.
fn join(
    process: impl Strategy<Value = usize>,
    switch: bool,
) -> impl Strategy<Value = Vec<Operation>> {
    let all = (
        process,
        prop::bool::weighted(0.2),
        own_or_any(),
        vec(prop::bool::weighted(0.95), 4),
    );
    all.prop_map(move |(process, by_file, name, is_done)| {
        let name = name.unwrap_or(OWN[process]);
        let (text, records) = (0, 1);
        let open = |file| Operation::Open { process, file };
        let register = Operation::Write {
            process,
            file: text,
            how: How::Plainly,
            bytes: Bytes([b"/reg ", name].concat()),
        };
        let register_file = Operation::Register {
            process,
            file: records,
            name: Bytes(name.to_vec()),
        };
        let set_format = Operation::SetFormat {
            process,
            file: records,
            format: switch.into(),
            flags: 0,
        };
        let register = if by_file { register_file } else { register };
        let all = [open(text), open(records), register, set_format];
        let all = all.into_iter().zip(is_done);
        all.filter_map(|(operation, is_done)| is_done.then_some(operation))
            .collect()
    })
}

/// The name that a process mostly has, by its place.
const OWN: [&[u8]; PROCESSES] = [b"a", b"b", b"c", b"longname"];

/// None for the own one.
fn own_or_any() -> impl Strategy<Value = Option<&'static [u8]>> {
    (name(), 0..6_u32).prop_map(|(name, drawn)| (drawn == 5).then_some(name))
}

fn process() -> impl Strategy<Value = usize> {
    0..PROCESSES
}

/// Mostly the first.
fn text_file() -> impl Strategy<Value = usize> {
    select(&[0, 0, 0, 0, 0, 0, 0, 0, 1][..])
}

/// What is done by reading, writing and polling.
fn with_text() -> impl Strategy<Value = Operation> {
    let write =
        (process(), text_file(), how(), written()).prop_map(|(process, file, how, bytes)| {
            Operation::Write {
                process,
                file,
                how,
                bytes,
            }
        });
    let read = (process(), text_file(), how(), size()).prop_map(|(process, file, how, size)| {
        Operation::Read {
            process,
            file,
            how,
            size,
        }
    });
    let poll = (process(), 0..FILES).prop_map(|(process, file)| Operation::Poll { process, file });
    prop_oneof![10 => write, 5 => read, 2 => poll]
}

/// What happens to processes and files, and what an administrator does.
fn around() -> impl Strategy<Value = Operation> {
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
    (0..=98_usize).prop_map(|drawn| match drawn {
        87..=89 => How::WithoutSleep,
        90.. => How::OnlyThere(drawn - 90),
        _ => How::Plainly,
    })
}

/// Some names, and what cannot be one.
fn name() -> impl Strategy<Value = &'static [u8]> + Clone {
    const NAMES: &[&[u8]] = &[b"a", b"b", b"c", b"longname", b"all"];
    const NONE: &[&[u8]] = &[b".a", b"ninebytes", b"a/", b"reg"];
    (0..120_usize).prop_map(|drawn| match drawn {
        0..112 => NAMES[drawn / 4 % 7 % NAMES.len()],
        _ => NONE[drawn % NONE.len()],
    })
}

/// A text: short, about as long as a command may be, or of any bytes.
fn text() -> BoxedStrategy<Vec<u8>> {
    // How long it is, by what is drawn.
    let run = (b'a'..=b'z', 0..100_usize, 0..100_usize).prop_map(|(byte, class, drawn)| {
        let len = match class {
            0..70 => 1 + drawn % 3,
            70..90 => 4 + drawn % 57,
            90..97 => 61 + drawn % 70,
            _ => 200 + drawn,
        };
        vec![byte; len]
    });
    prop_oneof![14 => run, 1 => vec(any::<u8>(), 0..=6)].boxed()
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
        8 => name().prop_map(after(b"/reg ")),
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

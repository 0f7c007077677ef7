// SPDX-License-Identifier: GPL-2.0

//! What is done by records and requests.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{name, process, text};
use crate::{
    operation::{Bytes, How, Operation},
    records::{Record, Records},
};

pub fn operation() -> impl Strategy<Value = Operation> {
    let send = (process(), file(), how(true), vec(record(), 1..=4)).prop_map(
        |(process, file, how, records)| Operation::Send {
            process,
            file,
            how,
            records: Records(records),
        },
    );
    let waiting = (process(), file(), record(), name()).prop_map(|(process, file, record, to)| {
        let record = Record {
            to: Bytes(to.to_vec()),
            wait: true,
            ..record
        };
        Operation::SendWaiting {
            process,
            file,
            record,
        }
    });
    let spoilt =
        (process(), file(), spoilt()).prop_map(|(process, file, bytes)| Operation::Write {
            process,
            file,
            how: How::Plainly,
            bytes,
        });
    let read = (process(), file(), how(false), size()).prop_map(|(process, file, how, size)| {
        Operation::Read {
            process,
            file,
            how,
            size,
        }
    });
    let from = (name(), any::<bool>()).prop_map(|(name, any)| if any { b"" } else { name });
    let receive = (process(), file(), how(true), size(), any::<bool>(), from).prop_map(
        |(process, file, how, size, peek, from)| Operation::Receive {
            process,
            file,
            how,
            size,
            peek,
            from: Bytes(from.to_vec()),
        },
    );
    let format = (0..=40_u32).prop_map(|drawn| match drawn {
        35..=38 => (0, 0),
        39 => (2, 0),
        40 => (1, 1),
        _ => (1, 0),
    });
    let set_format = (process(), file(), format).prop_map(|(process, file, (format, flags))| {
        Operation::SetFormat {
            process,
            file,
            format,
            flags,
        }
    });
    let register =
        (process(), file(), name()).prop_map(|(process, file, name)| Operation::Register {
            process,
            file,
            name: Bytes(name.to_vec()),
        });
    let unregister =
        (process(), file()).prop_map(|(process, file)| Operation::Unregister { process, file });
    prop_oneof![
        20 => send,
        20 => waiting,
        2 => spoilt,
        10 => read,
        9 => receive,
        5 => set_format,
        4 => register,
        1 => unregister,
    ]
}

/// Mostly not the first.
fn file() -> impl Strategy<Value = usize> {
    select(&[1, 1, 1, 1, 1, 1, 1, 1, 0][..])
}

/// Plainly as a rule; or waiting, where that is possible; or with memory that ends within a header,
/// within a text, or behind some records. Numbers are drawn, since that is much faster than choosing
/// among strategies.
fn how(can_wait: bool) -> impl Strategy<Value = How> {
    (0..=120_usize).prop_map(move |drawn| match drawn {
        96..=99 => How::WithoutSleep,
        100..=107 if can_wait => How::Waiting,
        108.. => How::OnlyThere((drawn - 108) * 16),
        _ => How::Plainly,
    })
}

/// Priorities are few, so that some are the same.
fn record() -> impl Strategy<Value = Record> {
    const PRIORITIES: &[u32] = &[0, 0, 1, 1, 2, 2, 3, 3, 0, 1, 2, 3, 0, 1, 65_535, 65_536];
    // None for all.
    let to = (name(), 0..5_u32).prop_map(|(name, drawn)| (drawn < 4).then_some(name));
    let text = (text(), 0..4_u32).prop_map(|(text, drawn)| (text, drawn == 3));
    (to, select(PRIORITIES), text).prop_map(|(to, priority, (text, wait))| Record {
        to: Bytes(to.unwrap_or_default().to_vec()),
        priority,
        // A broadcast waits for nobody; what is wrong is made up by changing bytes.
        wait: wait && to.is_some(),
        text: Bytes(text),
    })
}

/// The bytes of records with something wrong, or without some of what is behind the last.
fn spoilt() -> impl Strategy<Value = Bytes> {
    let one = || vec(record(), 1..=2).prop_map(|records| Records(records).to_bytes());
    let changed = (one(), 0..32_usize, any::<u8>()).prop_map(|(mut bytes, at, byte)| {
        bytes[at] = byte;
        bytes
    });
    let cut = (one(), 0..=9_usize).prop_map(|(mut bytes, cut)| {
        bytes.truncate(bytes.len() - cut);
        bytes
    });
    let longer = (record(), select(&[0, 1][..]))
        .prop_map(|(record, more)| record.to_longer_bytes(&[0, 0, 0, 0, 0, 0, 0, more]));
    prop_oneof![2 => changed, 1 => cut, 1 => longer].prop_map(Bytes)
}

/// Room for many, for one or two short ones, for none.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![8 => Just(4096_usize), 4 => 56..=200_usize, 1 => 0..=64_usize]
}

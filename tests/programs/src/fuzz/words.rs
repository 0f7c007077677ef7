// SPDX-License-Identifier: GPL-2.0

//! The words of the grammar: commands, records and what else is written, each out of a few bytes.

use mq_policy::uapi::{Receive, Registration, SendHeader, IOC_REGISTER};

use super::step::{Action, Bytes};

/// Names that can be had, and at the end some that cannot.
pub const NAMES: [&str; 10] = [
    "a",
    "bob",
    "all",
    "r0",
    "s-1.x",
    "eight__8",
    "[all]",
    "",
    "ninebytes",
    ".bad",
];

/// Lengths around which something changes: of a read, of a text.
pub const LENGTHS: [usize; 20] = [
    1, 2, 3, 5, 8, 9, 16, 40, 56, 57, 64, 100, 247, 256, 300, 1000, 4096, 5000, 65_000, 70_000,
];

/// Numbers for the fields of structures: what is right, and what is beside it.
const NUMBERS: [u32; 12] = [0, 1, 2, 3, 7, 8, 63, 64, 4095, 65_535, 65_536, u32::MAX];

pub fn pick<T: Copy>(table: &[T], by: u8) -> T {
    table[by as usize % table.len()]
}

/// Text of a length, with what could end it within, now and then.
fn text(by: u8) -> Vec<u8> {
    let mut text = vec![b'x'; pick(&LENGTHS, by)];
    if by >= 200 {
        let middle = text.len() / 2;
        text[middle] = [b'\n', 0, b' ', 0xff][by as usize % 4];
    }
    text
}

pub fn command(kind: u8, name: u8, len: u8) -> Vec<u8> {
    let name = pick(&NAMES, name);
    let (head, has_text) = match kind % 16 {
        0..=5 => (format!("/msg {name} "), true),
        6 => (format!("/{name} "), true),
        7..=9 => ("/all ".to_owned(), true),
        10 => ("/[all] ".to_owned(), true),
        11 => ("/unr".to_owned(), false),
        12 => (format!("/unreg {name}"), false),
        13 => ("/unreg".to_owned(), false),
        14 => (format!("/msg {name}"), false),
        _ => (name.to_owned(), false),
    };
    let mut bytes = head.into_bytes();
    if has_text {
        bytes.extend(text(len));
    }
    bytes.extend([&b""[..], b"\n", b"\0", b"\n\0"][kind as usize / 64]);
    bytes
}

/// The number of a request, now and then with another size of its structure.
pub fn sized(request: u32, by: u8) -> u32 {
    match by {
        250.. => request ^ (u32::from(by - 249) << 18),
        _ => request,
    }
}

/// Numbers one after the other, now and then with more behind them than belongs there.
pub fn numbers(fields: &[u32], by: u8) -> Bytes {
    let mut bytes: Vec<u8> = fields
        .iter()
        .flat_map(|field| field.to_ne_bytes())
        .collect();
    bytes.resize(bytes.len() + 64, if by % 2 == 1 { 1 } else { 0 });
    Bytes(bytes)
}

/// A name with zero bytes behind it, of whatever a name of text can be that has room.
fn padded(by: u8) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (byte, of_name) in bytes.iter_mut().zip(pick(&NAMES, by).bytes()) {
        *byte = of_name;
    }
    bytes
}

pub fn register_file(name: u8, flags: u8, size: u8) -> Action {
    let asked = Registration {
        name: padded(name),
        flags: u32::from(flags == 255),
        reserved: u32::from(flags == 254),
    };
    let mut bytes = asked.to_bytes().to_vec();
    bytes.resize(bytes.len() + 64, 0);
    Action::Request {
        number: sized(IOC_REGISTER, size),
        argument: Bytes(bytes),
    }
}

/// One to three records; the last may be malformed.
pub fn records(flags: u8, to: u8, len: u8) -> Vec<u8> {
    const MILLISECOND: u64 = 1_000_000;

    let mut bytes = Vec::new();
    let count = 1 + flags / 86;
    for number in 0..count {
        let text = text(len.wrapping_add(number));
        let mut header = SendHeader {
            size: (SendHeader::SIZE + text.len()).next_multiple_of(8) as u32,
            header_size: SendHeader::SIZE as u16,
            flags: [0, 0, 1, 2, 1, 0, 3, 4][flags as usize % 8],
            text_size: text.len() as u32,
            priority: pick(&NUMBERS, flags / 8 + number),
            to: padded(to),
            timeout: [0, MILLISECOND, 0, 4 * MILLISECOND][to as usize / 64],
        };
        if header.flags & 2 != 0 {
            header.to = [0; 8];
        }
        if header.flags & 1 == 0 {
            header.timeout = u64::from(to == 255);
        }
        if number + 1 == count && len >= 224 {
            match len % 4 {
                0 => header.size = pick(&NUMBERS, to),
                1 => header.header_size = [0, 8, 40, 31][to as usize % 4],
                2 => header.text_size = pick(&NUMBERS, to),
                _ => header.size += 8,
            }
        }
        bytes.extend(header.to_bytes());
        bytes.extend(&text);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}

pub fn receive(flags: u8, from: u8, len: u8) -> Action {
    let asked = Receive {
        buffer: 0,
        size: 0,
        // Mostly not to wait, and now and then one that there is not.
        flags: [4, 5, 6, 7, 0, 2, 1, 8][flags as usize % 8],
        from: if flags & 2 != 0 { padded(from) } else { [0; 8] },
        timeout: [0, 1_000_000][flags as usize / 8 % 2],
    };
    Action::Receive {
        asked,
        len: pick(&LENGTHS, len),
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Records, and the bytes that they are written and read as, from `include/uapi/linux/mq.h`.
//!
//! What the driver makes of one is the business of `contract/records.rs`.

use std::{fmt, time::Duration};

use crate::{operation::WAIT, world::ProcessId, Bytes};

/// What the size of a record is a multiple of.
const ALIGN: usize = 8;

/// Bytes of a name, with zero bytes behind it.
pub const NAME: usize = 8;

/// Bytes of `struct mq_send`.
pub const SEND: usize = 32;

/// Bytes of `struct mq_received`.
pub const RECEIVED: usize = 56;

/// `MQ_SEND_WAIT`
pub const SEND_WAIT: u16 = 1;

/// `MQ_SEND_BROADCAST`
pub const SEND_BROADCAST: u16 = 2;

/// `MQ_RECEIVED_BROADCAST`
const RECEIVED_BROADCAST: u16 = 1;

/// `MQ_PRIORITY_MAX`
pub const PRIORITY_MAX: u32 = 65535;

/// A record that is written: to all, where `to` is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Record {
    pub to: Bytes,
    pub priority: u32,
    /// Wait for room; for [`WAIT`] at most, if the file waits at all.
    pub wait: bool,
    pub text: Bytes,
}

/// Records that are written as one.
#[derive(Clone, PartialEq, Eq)]
pub struct Records(pub Vec<Record>);

impl Records {
    /// The bytes of them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(Record::to_bytes).collect()
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records(vec!{:?})", self.0)
    }
}

/// The header of a record that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SendHeader {
    pub size: u32,
    pub header_size: u16,
    pub flags: u16,
    pub text_size: u32,
    pub priority: u32,
    pub to: [u8; NAME],
    pub timeout: u64,
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Received {
    pub from: Bytes,
    /// The sender's process.
    pub process: ProcessId,
    pub user: u32,
    pub broadcast: bool,
    pub priority: u32,
    pub sequence: u64,
    pub lost: u64,
    /// Whether it says when it was sent.
    pub has_time: bool,
    pub text: Bytes,
}

/// Bytes of a record of this header and text.
pub fn size(header: usize, text: usize) -> usize {
    (header + text).next_multiple_of(ALIGN)
}

/// A name with zero bytes behind it, and without what does not fit.
pub fn padded(name: &[u8]) -> [u8; NAME] {
    let mut padded = [0; NAME];
    let len = name.len().min(NAME);
    padded[..len].copy_from_slice(&name[..len]);
    padded
}

/// A name without the zero bytes behind it.
pub fn name(padded: &[u8; NAME]) -> &[u8] {
    let last = padded.iter().rposition(|&byte| byte != 0);
    &padded[..last.map_or(0, |last| last + 1)]
}

impl Record {
    /// The bytes of it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_longer_bytes(&[])
    }

    /// The bytes of it, with `more` at the end of the header, whose size is as that of a later one.
    pub fn to_longer_bytes(&self, more: &[u8]) -> Vec<u8> {
        self.to_bytes_with(more, if self.wait { WAIT } else { Duration::ZERO })
    }

    /// The bytes of it, so that it waits as long as it takes, if it waits.
    pub fn to_lasting_bytes(&self) -> Vec<u8> {
        self.to_bytes_with(&[], Duration::ZERO)
    }

    fn to_bytes_with(&self, more: &[u8], timeout: Duration) -> Vec<u8> {
        let text = &self.text.0;
        let mut flags = 0;
        if self.to.0.is_empty() {
            flags |= SEND_BROADCAST;
        }
        if self.wait {
            flags |= SEND_WAIT;
        }
        let header = SendHeader {
            size: size(SEND + more.len(), text.len()) as u32,
            header_size: (SEND + more.len()) as u16,
            flags,
            text_size: text.len() as u32,
            priority: self.priority,
            to: padded(&self.to.0),
            timeout: timeout.as_nanos() as u64,
        };
        let mut bytes = header.to_bytes();
        bytes.extend(more);
        bytes.extend(text);
        bytes.resize(header.size as usize, 0);
        bytes
    }
}

impl SendHeader {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEND);
        bytes.extend(self.size.to_ne_bytes());
        bytes.extend(self.header_size.to_ne_bytes());
        bytes.extend(self.flags.to_ne_bytes());
        bytes.extend(self.text_size.to_ne_bytes());
        bytes.extend(self.priority.to_ne_bytes());
        bytes.extend(self.to);
        bytes.extend(self.timeout.to_ne_bytes());
        bytes
    }

    /// The header at the start of `bytes`, which have room for one.
    pub fn from_bytes(mut bytes: &[u8]) -> Self {
        Self {
            size: u32::from_ne_bytes(next(&mut bytes)),
            header_size: u16::from_ne_bytes(next(&mut bytes)),
            flags: u16::from_ne_bytes(next(&mut bytes)),
            text_size: u32::from_ne_bytes(next(&mut bytes)),
            priority: u32::from_ne_bytes(next(&mut bytes)),
            to: next(&mut bytes),
            timeout: u64::from_ne_bytes(next(&mut bytes)),
        }
    }
}

impl Received {
    /// Bytes of it.
    pub fn size(&self) -> usize {
        size(RECEIVED, self.text.0.len())
    }

    /// Takes apart what was read, which has to be whole records; `process` tells whose number one is.
    pub fn all_from_bytes(
        mut bytes: &[u8],
        mut process: impl FnMut(u32) -> ProcessId,
    ) -> Vec<Self> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let (record, rest) = Self::from_bytes(bytes, &mut process);
            all.push(record);
            bytes = rest;
        }
        all
    }

    /// The first record, and what is behind it.
    fn from_bytes(all: &[u8], process: impl FnOnce(u32) -> ProcessId) -> (Self, &[u8]) {
        let mut bytes = all;
        let record_size = u32::from_ne_bytes(next(&mut bytes)) as usize;
        let header_size = u16::from_ne_bytes(next(&mut bytes));
        let flags = u16::from_ne_bytes(next(&mut bytes));
        let text_size = u32::from_ne_bytes(next(&mut bytes)) as usize;
        let priority = u32::from_ne_bytes(next(&mut bytes));
        let from: [u8; NAME] = next(&mut bytes);
        let pid = u32::from_ne_bytes(next(&mut bytes));
        let user = u32::from_ne_bytes(next(&mut bytes));
        let sequence = u64::from_ne_bytes(next(&mut bytes));
        let time = u64::from_ne_bytes(next(&mut bytes));
        let lost = u64::from_ne_bytes(next(&mut bytes));
        assert_eq!(usize::from(header_size), RECEIVED, "the size of a header");
        assert_eq!(
            record_size,
            size(RECEIVED, text_size),
            "the size of a record"
        );
        assert_eq!(flags & !RECEIVED_BROADCAST, 0, "flags");
        let (text, padding) = all[RECEIVED..record_size].split_at(text_size);
        assert!(padding.iter().all(|&byte| byte == 0), "padding");
        let received = Self {
            from: Bytes(name(&from).to_vec()),
            process: process(pid),
            user,
            broadcast: flags & RECEIVED_BROADCAST != 0,
            priority,
            sequence,
            lost,
            has_time: time != 0,
            text: Bytes(text.to_vec()),
        };
        (received, &all[record_size..])
    }
}

/// The next bytes.
fn next<const SIZE: usize>(bytes: &mut &[u8]) -> [u8; SIZE] {
    let (next, rest) = bytes.split_first_chunk().expect("a whole record");
    *bytes = rest;
    *next
}

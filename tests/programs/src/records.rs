// SPDX-License-Identifier: GPL-2.0

//! Records, as a program hands them to an open file of the device and gets them from it.

use std::{os::fd::AsFd, time::Duration};

use mq_policy::uapi::{
    Format, Receive, ReceivedHeader, Registration, SendHeader, FORMAT_RECORDS, FORMAT_TEXT,
    IOC_RECEIVE, IOC_REGISTER, IOC_SET_FORMAT, IOC_UNREGISTER, SEND_WAIT,
};
use nix::{errno::Errno, unistd};

use crate::{device::Device, sys::ioctl};

/// Bytes of the header of a record that is read.
pub const HEADER: usize = ReceivedHeader::SIZE;

/// A record that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub header: ReceivedHeader,
    pub text: Vec<u8>,
}

impl Record {
    /// The sender's name.
    pub fn from(&self) -> String {
        let name = self.header.from;
        let end = name.iter().position(|&byte| byte == 0);
        String::from_utf8_lossy(&name[..end.unwrap_or(name.len())]).into_owned()
    }

    /// Sender and text, as the line of the text interface has them.
    pub fn line(&self) -> String {
        format!("{} {}", self.from(), String::from_utf8_lossy(&self.text))
    }
}

/// A name with zero bytes behind it.
pub fn padded(name: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

/// The header of a record that sends `len` bytes of text to `to`.
pub fn header(to: &str, len: usize) -> SendHeader {
    SendHeader {
        size: (SendHeader::SIZE + len).next_multiple_of(8) as u32,
        header_size: SendHeader::SIZE as u16,
        text_size: len as u32,
        to: padded(to),
        ..SendHeader::default()
    }
}

/// A record of this header and text, padded.
pub fn with_header(header: SendHeader, text: &str) -> Vec<u8> {
    let mut bytes = header.to_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// A record that sends `text` to `to`.
pub fn to(to: &str, text: &str) -> Vec<u8> {
    with_header(header(to, text.len()), text)
}

/// A record that sends `text` to `to` with a priority.
pub fn urgent(to: &str, text: &str, priority: u32) -> Vec<u8> {
    let header = SendHeader {
        priority,
        ..header(to, text.len())
    };
    with_header(header, text)
}

/// A record that sends `text` to `to` once there is room; a timeout of 0 is none.
pub fn waiting(to: &str, text: &str, timeout: Duration) -> Vec<u8> {
    let header = SendHeader {
        flags: SEND_WAIT,
        timeout: timeout.as_nanos() as u64,
        ..header(to, text.len())
    };
    with_header(header, text)
}

/// Registers the open file itself.
pub fn register_file(device: impl AsFd, name: &str) -> Result<usize, Errno> {
    let registration = Registration {
        name: padded(name),
        ..Registration::default()
    };
    ioctl::with(device, IOC_REGISTER, &registration.to_bytes())
}

/// Ends the registration of the open file itself.
pub fn unregister_file(device: impl AsFd) -> Result<usize, Errno> {
    ioctl::at(device, IOC_UNREGISTER, 0)
}

/// Opens the device for records, without waiting.
pub fn open() -> Device {
    let device = Device::open_nonblocking();
    assert_eq!(switch(&device, FORMAT_RECORDS), Ok(0));
    device
}

/// Registers the process by text, and opens the device for records.
pub fn registered(name: &str) -> Device {
    let device = Device::registered(name);
    assert_eq!(switch(&device, FORMAT_RECORDS), Ok(0));
    device
}

/// Sets the format of a file.
pub fn switch(device: impl AsFd, format: u32) -> Result<usize, Errno> {
    let format = Format { format, flags: 0 };
    ioctl::with(device, IOC_SET_FORMAT, &format.to_bytes())
}

/// Makes a file one of text again.
pub fn switch_to_text(device: impl AsFd) -> Result<usize, Errno> {
    switch(device, FORMAT_TEXT)
}

/// One write of these bytes.
pub fn write(device: impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    unistd::write(device, bytes)
}

/// One read with room for `len` bytes, which must be whole records.
#[track_caller]
pub fn read_up_to(device: &Device, len: usize) -> Result<Vec<Record>, Errno> {
    device.read_up_to(len).map(|bytes| parse(&bytes))
}

/// One read with room for many records.
#[track_caller]
pub fn read(device: &Device) -> Result<Vec<Record>, Errno> {
    read_up_to(device, 200_000)
}

/// Sender and text of all records that one read gives.
#[track_caller]
pub fn lines(device: &Device) -> Vec<String> {
    let records = read(device).expect("records");
    records.iter().map(Record::line).collect()
}

/// Receives one record by `ioctl`, with room for `len` bytes.
pub fn receive(device: &Device, len: usize, asked: Receive) -> Result<Option<Record>, Errno> {
    let mut buffer = vec![0; len];
    let asked = Receive {
        buffer: buffer.as_mut_ptr() as u64,
        size: len as u32,
        ..asked
    };
    let count = ioctl::with(device, IOC_RECEIVE, &asked.to_bytes())?;
    buffer.truncate(count);
    let mut records = parse(&buffer);
    assert!(records.len() <= 1, "{records:?}");
    Ok(records.pop())
}

/// Takes whole records apart, and holds each size against the others.
#[track_caller]
pub fn parse(mut bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some((header, _)) = bytes.split_first_chunk() {
        let header = ReceivedHeader::from_bytes(header);
        assert_eq!(header.header_size as usize, HEADER);
        let end = HEADER + header.text_size as usize;
        let (record, rest) = bytes.split_at(header.size as usize);
        assert_eq!(record.len(), end.next_multiple_of(8));
        assert!(record[end..].iter().all(|&byte| byte == 0), "padding");
        records.push(Record {
            header,
            text: record[HEADER..end].to_vec(),
        });
        bytes = rest;
    }
    assert_eq!(bytes, b"", "no rest");
    records
}

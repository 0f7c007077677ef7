// SPDX-License-Identifier: GPL-2.0

//! A message to be sent, and its form as a record. Sending it is the device's business.

use std::time::{Duration, Instant};

use mq_policy::uapi::{SendHeader, ALIGN, SEND_BROADCAST, SEND_WAIT};

use crate::error::{Error, Result};
use crate::name::Name;

/// A message to be sent.
///
/// Where nothing else is said, it is sent at the lowest priority and at once: a queue that is full
/// loses its oldest message.
#[doc = crate::example!("outgoing")]
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'text> {
    pub(crate) to: Option<Name>,
    text: &'text [u8],
    priority: u16,
    room: Room,
}

/// What is done where there is no room for it.
#[derive(Clone, Copy, Debug)]
enum Room {
    /// The queue loses another message for it.
    Make,
    /// The sender waits, no longer than that.
    Await(Option<Duration>),
}

impl<'text> Outgoing<'text> {
    /// A message to one.
    pub fn to(name: Name, text: &'text (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self {
            to: Some(name),
            text: text.as_ref(),
            priority: 0,
            room: Room::Make,
        }
    }

    /// A message to everybody but the sender. It cannot wait for room.
    pub fn to_all(text: &'text (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self {
            to: None,
            text: text.as_ref(),
            priority: 0,
            room: Room::Make,
        }
    }

    /// It is received before all messages of a lower priority.
    pub fn priority(self, priority: u16) -> Self {
        Self { priority, ..self }
    }

    /// The sender waits until there is room, so that nothing is lost.
    pub fn wait_for_room(self) -> Self {
        Self {
            room: Room::Await(None),
            ..self
        }
    }

    /// The sender waits for room, but no longer than `limit`; then it is [`Error::NoRoom`], and the
    /// message is not sent. With a limit of zero it does not wait at all.
    pub fn wait_for_room_within(self, limit: Duration) -> Self {
        Self {
            room: Room::Await(Some(limit)),
            ..self
        }
    }

    /// Adds it to `records`, as of `since` in what it still waits.
    fn append(&self, records: &mut Vec<u8>, since: Instant) -> Result {
        if self.text.is_empty() {
            return Err(Error::NoText);
        }
        let text_size = u32::try_from(self.text.len()).map_err(|_| Error::TooLong)?;
        let size = (SendHeader::SIZE + self.text.len()).next_multiple_of(ALIGN);
        let header = SendHeader {
            size: u32::try_from(size).map_err(|_| Error::TooLong)?,
            header_size: SendHeader::SIZE as u16,
            flags: match (self.to, self.room) {
                (None, Room::Await(_)) => return Err(Error::BroadcastWaits),
                (None, Room::Make) => SEND_BROADCAST,
                (Some(_), Room::Make) => 0,
                (Some(_), Room::Await(_)) => SEND_WAIT,
            },
            text_size,
            priority: self.priority.into(),
            to: self.to.map_or([0; 8], Name::padded),
            timeout: match self.room {
                Room::Await(Some(limit)) => nanoseconds(limit.saturating_sub(since.elapsed())),
                _ => 0,
            },
        };
        let end = records.len() + size;
        records.extend_from_slice(&header.to_bytes());
        records.extend_from_slice(self.text);
        records.resize(end, 0);
        Ok(())
    }

    /// Bytes that it takes in a record.
    pub(crate) fn size(&self) -> usize {
        (SendHeader::SIZE + self.text.len()).next_multiple_of(ALIGN)
    }
}

/// The records of messages whose sender waits `since` then.
pub(crate) fn records(messages: &[Outgoing<'_>], since: Instant) -> Result<Vec<u8>> {
    let mut records = Vec::with_capacity(messages.iter().map(Outgoing::size).sum());
    for message in messages {
        message.append(&mut records, since)?;
    }
    Ok(records)
}

/// A limit for the driver: 0 is none there, so the shortest is one nanosecond; and what its clock
/// cannot count is none.
pub(crate) fn nanoseconds(limit: Duration) -> u64 {
    i64::try_from(limit.as_nanos()).map_or(0, |limit| limit.unsigned_abs().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> Name {
        Name::new("bob").unwrap()
    }

    /// The record of a message: its header, and what is behind that.
    fn record(message: Outgoing) -> (SendHeader, Vec<u8>) {
        let mut bytes = b"records before".to_vec();
        let before = bytes.len();
        message.append(&mut bytes, Instant::now()).unwrap();
        assert_eq!(bytes.len() - before, message.size());
        let (header, rest) = bytes[before..].split_first_chunk().unwrap();
        (SendHeader::from_bytes(header), rest.to_vec())
    }

    #[test]
    fn a_message_is_a_header_a_text_and_padding() {
        let (header, rest) = record(Outgoing::to(bob(), "hello").priority(65535));
        let expected = SendHeader {
            size: 40,
            header_size: 32,
            flags: 0,
            text_size: 5,
            priority: 65535,
            to: *b"bob\0\0\0\0\0",
            timeout: 0,
        };
        assert_eq!(header, expected);
        assert_eq!(rest, b"hello\0\0\0");
    }

    #[test]
    fn who_waits_says_so() {
        let (header, _) = record(Outgoing::to(bob(), "x").wait_for_room());
        assert_eq!((header.flags, header.timeout), (SEND_WAIT, 0));
        let hour = Duration::from_secs(3600);
        let (header, _) = record(Outgoing::to(bob(), "x").wait_for_room_within(hour));
        let left = Duration::from_nanos(header.timeout);
        assert!(left <= hour && left > hour / 2, "{left:?}");
        let (header, _) = record(Outgoing::to(bob(), "x").wait_for_room_within(Duration::ZERO));
        assert_eq!((header.flags, header.timeout), (SEND_WAIT, 1));
        assert_eq!(nanoseconds(Duration::MAX), 0);
    }

    #[test]
    fn to_all_goes_to_no_name() {
        let (header, _) = record(Outgoing::to_all("x"));
        assert_eq!((header.flags, header.to), (SEND_BROADCAST, [0; 8]));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_before_it_is() {
        let refused = |message: Outgoing| {
            let mut records = Vec::new();
            let error = message.append(&mut records, Instant::now()).unwrap_err();
            assert!(records.is_empty());
            error
        };
        assert!(matches!(refused(Outgoing::to(bob(), "")), Error::NoText));
        let waits = Outgoing::to_all("x").wait_for_room();
        assert!(matches!(refused(waits), Error::BroadcastWaits));
    }
}

// SPDX-License-Identifier: GPL-2.0

//! What was received: messages, and the room that they are received into.

use std::borrow::Cow;
use std::time::Duration;

use mq_policy::limits::CMD_BUF_SIZE;
use mq_policy::uapi::{ReceivedHeader, RECEIVED_BROADCAST};

use crate::error::{Error, Result};
use crate::name::Name;

/// Room for the longest message, with a header several times as long as today's.
const ROOM: usize = CMD_BUF_SIZE.max as usize + 1024;

/// A message, and what the driver says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'buffer> {
    /// Who sent it.
    pub from: Name,
    /// What was sent: any bytes.
    pub text: Cow<'buffer, [u8]>,
    /// The sender's process, if it can be seen from here.
    pub pid: Option<u32>,
    /// The sender's effective user id when it registered.
    pub uid: u32,
    /// The priority that it was sent with.
    pub priority: u16,
    /// The number of the message in its queue; the first is 1.
    pub sequence: u64,
    /// When it was sent, since the machine was booted; not known of every message sent as text.
    pub time: Option<Duration>,
    /// Messages that the queue has lost since the message received before this one.
    pub lost: u64,
    /// Whether it was sent to everybody.
    pub broadcast: bool,
}

impl Message<'_> {
    /// The same message, independent of the buffer it was received into.
    pub fn into_owned(self) -> Message<'static> {
        Message {
            text: Cow::Owned(self.text.into_owned()),
            ..self
        }
    }
}

/// Room for messages, to be used again and again.
#[derive(Debug)]
pub struct Buffer(Box<[u8]>);

impl Buffer {
    /// Room for one message of any length, or for many short ones.
    pub fn new() -> Self {
        Self(vec![0; ROOM].into())
    }

    /// The room.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// The messages in its first `length` bytes.
    pub(crate) fn messages(&self, length: usize) -> Messages<'_> {
        Messages(&self.0[..length])
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// Messages that were received together, the first first.
#[derive(Clone, Debug)]
pub struct Messages<'buffer>(&'buffer [u8]);

impl<'buffer> Messages<'buffer> {
    /// Splits the first message off.
    fn first(&mut self) -> Option<Message<'buffer>> {
        let header = ReceivedHeader::from_bytes(self.0.first_chunk()?);
        let (text_at, text_size) = (usize::from(header.header_size), header.text_size as usize);
        let text = self.0.get(text_at..text_at + text_size)?;
        let size = (header.size as usize).max(ReceivedHeader::SIZE);
        self.0 = self.0.get(size..).unwrap_or_default();
        let from = header.from.split(|&byte| byte == 0).next()?;
        Some(Message {
            from: Name::new(from).ok()?,
            text: Cow::Borrowed(text),
            pid: (header.pid != 0).then_some(header.pid),
            uid: header.uid,
            priority: u16::try_from(header.priority).ok()?,
            sequence: header.sequence,
            time: (header.time != 0).then_some(Duration::from_nanos(header.time)),
            lost: header.lost,
            broadcast: header.flags & RECEIVED_BROADCAST != 0,
        })
    }
}

impl<'buffer> Iterator for Messages<'buffer> {
    type Item = Result<Message<'buffer>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        Some(self.first().ok_or_else(|| {
            self.0 = &[];
            Error::Misfit(crate::device(), "a record of another form".to_owned())
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record as the driver makes it.
    fn record(header: ReceivedHeader, text: &[u8]) -> Vec<u8> {
        let header_size = ReceivedHeader::SIZE + 8;
        let size = (header_size + text.len()).next_multiple_of(8);
        let header = ReceivedHeader {
            size: size as u32,
            header_size: header_size as u16,
            text_size: text.len() as u32,
            ..header
        };
        // A later driver's header, which has one more field.
        let mut record = [&header.to_bytes(), &[0xff; 8][..], text].concat();
        record.resize(size, 0);
        record
    }

    const HEADER: ReceivedHeader = ReceivedHeader {
        size: 0,
        header_size: 0,
        flags: 0,
        text_size: 0,
        priority: 7,
        from: *b"alice\0\0\0",
        pid: 123,
        uid: 1000,
        sequence: 9,
        time: 1_500_000_000,
        lost: 2,
    };

    #[test]
    fn records_are_split_into_messages() {
        let bytes = [
            record(HEADER, b"one\0\n"),
            record(
                ReceivedHeader {
                    flags: RECEIVED_BROADCAST,
                    from: *b"eightby.",
                    pid: 0,
                    time: 0,
                    ..HEADER
                },
                b"eight by",
            ),
        ]
        .concat();
        let messages: Vec<Message> = Messages(&bytes).map(Result::unwrap).collect();
        let alice = Message {
            from: Name::new("alice").unwrap(),
            text: b"one\0\n".into(),
            pid: Some(123),
            uid: 1000,
            priority: 7,
            sequence: 9,
            time: Some(Duration::from_millis(1500)),
            lost: 2,
            broadcast: false,
        };
        assert_eq!(messages[0], alice);
        assert_eq!(messages[0].clone().into_owned(), alice);
        assert_eq!(messages[1].from.as_str(), "eightby.");
        assert_eq!(&*messages[1].text, b"eight by");
        assert_eq!((messages[1].pid, messages[1].time), (None, None));
        assert!(messages[1].broadcast);
        assert_eq!(messages.len(), 2);
    }

    #[test]
    fn what_is_no_record_is_said_once() {
        let good = record(HEADER, b"one");
        let nameless = record(
            ReceivedHeader {
                from: [0; 8],
                ..HEADER
            },
            b"one",
        );
        let (short, shorter) = (&good[..good.len() - 8], &good[..20]);
        for bad in [short, shorter, &nameless] {
            let bytes = [&good, bad].concat();
            let mut messages = Messages(&bytes);
            assert!(messages.next().unwrap().is_ok());
            assert!(matches!(messages.next(), Some(Err(Error::Misfit(..)))));
            assert!(messages.next().is_none());
        }
    }
}

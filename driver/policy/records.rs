// SPDX-License-Identifier: GPL-2.0

//! The records that programs write and read: what makes one valid, and what one that is read says.
//!
//! The layout is that of `uapi.rs`. The header of a written record and where it stands are judged
//! here, before its text is looked at; copying is the caller's.

use super::{
    message::Stamp,
    name::Word,
    refusal::Refusal,
    uapi::{
        Receive,
        ReceivedHeader,
        SendHeader,
        ALIGN,
        PRIORITY_MAX,
        RECEIVED_BROADCAST,
        RECEIVE_DONTWAIT,
        RECEIVE_FROM,
        RECEIVE_PEEK,
        SEND_BROADCAST,
        SEND_WAIT, //
    }, //
};

/// Where a message is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receivers {
    /// To one, who may not exist.
    One {
        /// The name.
        name: Word,
        /// Nanoseconds that the sender waits for room at most, 0 for without end; `None`: it does
        /// not wait, and the oldest message is dropped.
        wait: Option<u64>,
    },
    /// To all but the sender.
    All,
}

/// A valid record that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Where it is to go.
    pub to: Receivers,
    /// Its priority.
    pub priority: u16,
    /// Bytes of the header that are not known here, and have to be zero.
    pub unknown: usize,
    /// Bytes of the text behind that.
    pub text: usize,
    /// Bytes of padding behind the text.
    pub padding: usize,
}

impl Sent {
    /// Judges a record by its header, at the start of the `left` bytes that are still to be carried
    /// out. Its text may have `text_max` bytes.
    ///
    /// # Errors
    ///
    /// [`Refusal::BadRecord`], [`Refusal::TooLong`].
    ///
    /// ```
    /// use mq_policy::{records::{Receivers, Sent}, uapi::SendHeader};
    /// let header = SendHeader {
    ///     size: 40,
    ///     header_size: 32,
    ///     text_size: 2,
    ///     to: *b"bob\0\0\0\0\0",
    ///     ..SendHeader::default()
    /// };
    /// let sent = Sent::new(&header, 34, 256).unwrap();
    /// assert!(matches!(sent.to, Receivers::One { wait: None, .. }));
    /// // It is the last, so its padding may be missing.
    /// assert_eq!((sent.text, sent.padding), (2, 0));
    /// ```
    #[inline(always)]
    pub fn new(header: &SendHeader, left: usize, text_max: usize) -> Result<Self, Refusal> {
        let header_size = u64::from(header.header_size);
        let used = header_size + u64::from(header.text_size);
        let known = header_size >= SendHeader::SIZE as u64 && header_size % ALIGN as u64 == 0;
        let flags = header.flags;
        let to_all = flags & SEND_BROADCAST != 0;
        let waits = flags & SEND_WAIT != 0;
        let no_name = header.to == [0; 8];
        if !known
            || header.text_size == 0
            || u64::from(header.size) != used.next_multiple_of(ALIGN as u64)
            || used > left as u64
            || flags & !(SEND_WAIT | SEND_BROADCAST) != 0
            || header.priority > PRIORITY_MAX
            || to_all != no_name
            || to_all && waits
            || !waits && header.timeout != 0
        {
            return Err(Refusal::BadRecord);
        }
        let text = header.text_size as usize;
        if text > text_max {
            return Err(Refusal::TooLong);
        }
        let to = if to_all {
            Receivers::All
        } else {
            Receivers::One {
                name: Word::padded(header.to),
                wait: waits.then_some(header.timeout),
            }
        };
        Ok(Self {
            to,
            // CAST: It was compared above.
            priority: header.priority as u16,
            unknown: header.header_size as usize - SendHeader::SIZE,
            text,
            // All of it is within `left`, a number of this size.
            padding: left.min(header.size as usize) - used as usize,
        })
    }

    /// Bytes of the whole record.
    #[inline(always)]
    pub fn size(&self) -> usize {
        SendHeader::SIZE + self.unknown + self.text + self.padding
    }
}

/// A valid record as most are: a text for one receiver, without a priority, whose sender does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Who is to get it.
    pub to: Word,
    /// Bytes of the text behind the header.
    pub text: usize,
    /// Bytes of padding behind the text.
    pub padding: usize,
}

impl Plain {
    /// Judges as [`Sent::new`] does; `None` for any other record, and for what is not valid.
    #[inline(always)]
    pub fn new(header: &SendHeader, left: usize, text_max: usize) -> Option<Self> {
        let text = header.text_size as usize;
        let padding = text.wrapping_neg() % ALIGN;
        let is_plain = header.header_size as usize == SendHeader::SIZE
            && header.flags == 0
            && header.priority == 0
            && header.timeout == 0
            && header.to != [0; 8]
            && text != 0
            && text <= text_max
            && header.size as usize <= left
            && header.size as usize == SendHeader::SIZE + text + padding;
        is_plain.then(|| Self {
            to: Word::padded(header.to),
            text,
            padding,
        })
    }

    /// Bytes of the whole record: [`Self::size_of`] its text, added up from what is known already.
    #[inline(always)]
    pub fn size(&self) -> usize {
        SendHeader::SIZE + self.text + self.padding
    }

    /// Bytes of the whole record of a text of `len` bytes.
    #[inline(always)]
    pub fn size_of(len: usize) -> usize {
        (SendHeader::SIZE + len).next_multiple_of(ALIGN)
    }
}

/// What is to be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Only what was sent by this name.
    pub from: Option<[u8; 8]>,
    /// Leave it in the queue.
    pub peek: bool,
    /// Wait if there is nothing.
    pub waits: bool,
    /// Nanoseconds to wait at most; 0: without end.
    pub timeout: u64,
}

impl Wanted {
    /// Judges a request to receive.
    ///
    /// # Errors
    ///
    /// [`Refusal::BadRequest`].
    pub fn new(asked: &Receive) -> Result<Self, Refusal> {
        let has = |flag| asked.flags & flag != 0;
        let waits = !has(RECEIVE_DONTWAIT);
        if asked.flags & !(RECEIVE_PEEK | RECEIVE_FROM | RECEIVE_DONTWAIT) != 0
            || has(RECEIVE_FROM) == (asked.from == [0; 8])
            || !waits && asked.timeout != 0
        {
            return Err(Refusal::BadRequest);
        }
        Ok(Self {
            from: has(RECEIVE_FROM).then_some(asked.from),
            peek: has(RECEIVE_PEEK),
            waits,
            timeout: asked.timeout,
        })
    }
}

/// Bytes of a record that is read whose text has `text` bytes.
#[inline(always)]
pub fn received_size(text: usize) -> usize {
    (ReceivedHeader::SIZE + text).next_multiple_of(ALIGN)
}

/// The header of a record that is read: of a message from `from` with `text` bytes of text, number
/// `sequence` of its queue. Who sent it is said by `stamp`, in the terms of the reader.
#[inline(always)]
pub fn received(
    from: [u8; 8],
    text: usize,
    stamp: Stamp,
    sequence: u64,
    lost: u64,
) -> ReceivedHeader {
    ReceivedHeader {
        // CAST: A message has some 64 KiB at most.
        size: received_size(text) as u32,
        header_size: ReceivedHeader::SIZE as u16,
        flags: if stamp.broadcast {
            RECEIVED_BROADCAST
        } else {
            0
        },
        text_size: text as u32,
        priority: stamp.priority.into(),
        from,
        pid: stamp.origin.pid(),
        uid: stamp.origin.uid(),
        sequence,
        time: stamp.time,
        lost,
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_records))]
mod tests {
    use super::super::testing::{
        name,
        Random, //
    };
    use super::*;

    const TEXT_MAX: usize = 256;

    /// A header for a text of `text` bytes to bob.
    fn header(text: u32) -> SendHeader {
        SendHeader {
            size: (32 + text).next_multiple_of(8),
            header_size: 32,
            text_size: text,
            to: name("bob").padded(),
            ..SendHeader::default()
        }
    }

    fn judge(header: SendHeader, left: usize) -> Result<Sent, Refusal> {
        Sent::new(&header, left, TEXT_MAX)
    }

    fn is_bad(header: SendHeader) -> bool {
        judge(header, 1 << 20) == Err(Refusal::BadRecord)
    }

    #[test]
    fn a_plain_record() {
        let sent = judge(header(5), 40).unwrap();
        let to = Receivers::One {
            name: name("bob").into(),
            wait: None,
        };
        assert_eq!(sent.to, to);
        assert_eq!((sent.unknown, sent.text, sent.padding), (0, 5, 3));
        assert_eq!(sent.size(), 40);
    }

    #[test]
    fn the_last_may_lack_padding_and_nothing_else() {
        for left in 37..40 {
            assert_eq!(judge(header(5), left).unwrap().size(), left);
        }
        assert_eq!(judge(header(5), 36), Err(Refusal::BadRecord));
        assert_eq!(judge(header(5), 41).unwrap().size(), 40);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for size in [0, 32, 39, 41, 48, u32::MAX] {
            assert!(is_bad(SendHeader { size, ..header(5) }));
        }
        for header_size in [0, 31, 33, 40, u16::MAX] {
            assert!(is_bad(SendHeader {
                header_size,
                ..header(5)
            }));
        }
        for text_size in [0, 9, u32::MAX] {
            assert!(is_bad(SendHeader {
                text_size,
                ..header(5)
            }));
        }
    }

    #[test]
    fn a_text_has_its_limit() {
        assert!(judge(header(256), 1 << 20).is_ok());
        assert_eq!(judge(header(257), 1 << 20), Err(Refusal::TooLong));
    }

    #[test]
    fn flags_and_what_belongs_to_them() {
        let with = |flags| SendHeader { flags, ..header(5) };
        let to_all = SendHeader {
            to: [0; 8],
            ..with(SEND_BROADCAST)
        };
        assert_eq!(judge(to_all, 40).unwrap().to, Receivers::All);
        assert!(is_bad(with(SEND_BROADCAST)));
        assert!(is_bad(SendHeader {
            to: [0; 8],
            ..header(5)
        }));
        assert!(is_bad(SendHeader {
            flags: SEND_BROADCAST | SEND_WAIT,
            ..to_all
        }));
        assert!(is_bad(with(4)));
        let waiting = SendHeader {
            timeout: 7,
            ..with(SEND_WAIT)
        };
        let to = Receivers::One {
            name: name("bob").into(),
            wait: Some(7),
        };
        assert_eq!(judge(waiting, 40).unwrap().to, to);
        assert!(is_bad(SendHeader {
            timeout: 7,
            ..header(5)
        }));
    }

    #[test]
    fn a_priority_has_its_limit() {
        let with = |priority| SendHeader {
            priority,
            ..header(5)
        };
        assert_eq!(judge(with(65535), 40).unwrap().priority, 65535);
        assert!(is_bad(with(65536)));
    }

    #[test]
    fn whatever_is_accepted_lies_within_what_is_left() {
        let mut random = Random::new(1);
        let (mut accepted, mut plain) = (0, 0);
        for _ in 0..50_000 {
            let mut bytes = header(1 + random.draw(300)).to_bytes();
            for _ in 0..random.draw(3) {
                bytes[random.draw(32) as usize] = random.draw(256) as u8;
            }
            let left = 32 + random.draw(400) as usize;
            let header = SendHeader::from_bytes(&bytes);
            let judged = judge(header, left);
            if let Some(found) = Plain::new(&header, left, TEXT_MAX) {
                plain += 1;
                let to = Receivers::One {
                    name: found.to,
                    wait: None,
                };
                let same = Sent {
                    to,
                    priority: 0,
                    unknown: 0,
                    text: found.text,
                    padding: found.padding,
                };
                assert_eq!(judged, Ok(same));
                assert_eq!(same.size(), found.size());
                assert_eq!(found.size(), Plain::size_of(found.text));
            }
            if let Ok(sent) = judged {
                accepted += 1;
                assert!(sent.size() <= left && sent.padding < 8);
                assert!(sent.text > 0 && sent.text <= TEXT_MAX);
                assert!(sent.size() == left || sent.size() % 8 == 0);
            }
        }
        assert!(accepted > 1_000 && plain > 1_000);
    }

    #[test]
    fn what_is_to_be_received() {
        let from = name("bob").padded();
        let wanted = |flags, from, timeout| {
            Wanted::new(&Receive {
                flags,
                from,
                timeout,
                ..Receive::default()
            })
        };
        assert!(wanted(0, [0; 8], 9).is_ok_and(|wanted| wanted.waits && wanted.timeout == 9));
        assert!(wanted(RECEIVE_FROM, from, 0).is_ok_and(|wanted| wanted.from.is_some()));
        assert!(wanted(RECEIVE_PEEK, [0; 8], 0).is_ok_and(|wanted| wanted.peek));
        let bad = Err(Refusal::BadRequest);
        assert_eq!(wanted(8, [0; 8], 0), bad);
        assert_eq!(wanted(RECEIVE_FROM, [0; 8], 0), bad);
        assert_eq!(wanted(0, from, 0), bad);
        assert_eq!(wanted(RECEIVE_DONTWAIT, [0; 8], 1), bad);
    }

    #[test]
    fn what_a_record_says() {
        let stamp = Stamp {
            broadcast: true,
            priority: 7,
            time: 11,
            ..Stamp::default()
        };
        let header = received(name("bob").padded(), 5, stamp, 3, 2);
        assert_eq!(
            (header.size, header.header_size, header.text_size),
            (64, 56, 5)
        );
        assert_eq!(header.flags, RECEIVED_BROADCAST);
        assert_eq!((header.priority, header.time), (7, 11));
        assert_eq!((header.sequence, header.lost), (3, 2));
    }
}

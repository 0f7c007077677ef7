// SPDX-License-Identifier: GPL-2.0

//! What an open file has half read: messages longer than the buffer that they were read into.
//!
//! The rest of a message belongs to the open file through which its beginning was read, and to the
//! process that was acted for, even after its registration has ended. While one reader copies a rest out, without a lock, others that
//! come for it through the same file wait for their turn. A message counts as read once its
//! beginning has been; where the file is closed before the end, the rest is discarded and counted.

use crate::{
    message::Message,
    registration::{
        Registration,
        Taken, //
    },
    registrations::Actor, //
};
use kernel::{
    alloc::flags::__GFP_NOWARN,
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    }, //
};

struct Rest {
    of: Arc<Registration>,
    /// The message and how much of it has been read; `None` while that is being copied out.
    left: Option<(Message, usize)>,
}

impl Drop for Rest {
    fn drop(&mut self) {
        if self.left.is_some() {
            self.of.driver().stats.count_truncated();
        }
    }
}

/// The rests of one open file.
#[pin_data]
pub(crate) struct Rests {
    #[pin]
    list: SpinLock<KVec<Rest>>,
}

/// Bytes that a reader may copy out, after which it must say how many it did.
pub(crate) struct Portion {
    message: Message,
    from: usize,
    /// Whether `Rests` has an entry that says so.
    listed: bool,
}

/// What [`Rests::claim`] gave.
pub(crate) enum Claim {
    /// Something to read.
    Portion(Portion),
    /// Nothing: another reader has the rest in hand.
    Busy,
    /// Nothing: the queue is empty.
    Empty,
    /// Nothing: the registration has ended.
    Ended,
    /// Nothing: the list must grow first, with [`Rests::make_room`].
    NoRoom,
}

impl Portion {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.message[self.from..]
    }

    /// Whether nothing of the message has been read before.
    pub(crate) fn is_beginning(&self) -> bool {
        self.from == 0
    }
}

impl Rests {
    /// For a file that has read nothing yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self { list <- new_spinlock!(KVec::new(), "mq_rests") })
    }

    /// Claims what comes next for a reader with a buffer of `size` bytes who acts for `of`.
    pub(crate) fn claim(&self, of: &Arc<Registration>, size: usize) -> Claim {
        let mut list = self.list.lock();
        if let Some(rest) = find(&mut list, of) {
            return match rest.left.take() {
                None => Claim::Busy,
                Some((message, from)) => Claim::Portion(Portion {
                    message,
                    from,
                    listed: true,
                }),
            };
        }
        // A message that does not fit leaves a rest, for which there must be room.
        let room = list.len() < list.capacity();
        let max = if room { usize::MAX } else { size };
        let message = match of.take(max) {
            Taken::Message(message) => message,
            Taken::TooLong => return Claim::NoRoom,
            Taken::Empty => return Claim::Empty,
            Taken::Ended => return Claim::Ended,
        };
        let listed = message.len() > size;
        if listed {
            let rest = Rest {
                of: of.clone(),
                left: None,
            };
            // Cannot fail: there is room.
            let _ = list.push_within_capacity(rest);
        }
        Claim::Portion(Portion {
            message,
            from: 0,
            listed,
        })
    }

    /// Says that a reader has copied `count` more bytes of its portion; none: it could not.
    ///
    /// Returns whether others may have been waiting for this.
    pub(crate) fn put_back(&self, of: &Arc<Registration>, portion: Portion, count: usize) -> bool {
        let Portion {
            message,
            from,
            listed,
        } = portion;
        let read = from + count;
        if read < message.len() && read > 0 {
            let mut list = self.list.lock();
            if let Some(rest) = find(&mut list, of) {
                rest.left = Some((message, read));
            }
            return true;
        }
        let entry = if listed { self.remove(of) } else { None };
        drop(entry);
        if read == 0 {
            of.give_back(message);
        }
        listed
    }

    /// Whether a rest waits to be read.
    pub(crate) fn has_rest(&self, of: &Registration) -> bool {
        find(&mut self.list.lock(), of).is_some_and(|rest| rest.left.is_some())
    }

    /// How many bytes of a half read message are left to the process with this key.
    pub(crate) fn bytes_left(&self, process: usize) -> usize {
        self.list
            .lock()
            .iter()
            .find(|rest| rest.of.process().pid().key() == process)
            .and_then(|rest| rest.left.as_ref())
            .map_or(0, |(message, read)| message.len() - read)
    }

    /// The registration, ended or not, of which somebody has half read a message.
    pub(crate) fn left_to(&self, actor: Actor) -> Option<Arc<Registration>> {
        let list = self.list.lock();
        let left_to = |key| {
            list.iter()
                .find(|rest| rest.of.process().pid().key() == key)
                .map(|rest| rest.of.clone())
        };
        actor
            .caller
            .and_then(left_to)
            .or_else(|| left_to(actor.opener))
    }

    /// Makes room for one more rest, in place of those whose registration has ended.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn make_room(&self) -> Result {
        let wanted = self.list.lock().len() + 1;
        let mut larger = KVec::with_capacity(wanted, GFP_KERNEL_ACCOUNT | __GFP_NOWARN)?;
        let mut ended = KVec::with_capacity(wanted, GFP_KERNEL_ACCOUNT | __GFP_NOWARN)?;
        {
            let mut list = self.list.lock();
            // Another reader may have grown the list meanwhile; then the caller finds out.
            if list.len() < wanted {
                while let Some(rest) = list.pop() {
                    // One that is being copied out is still to be put back.
                    let to = if rest.left.is_some() && rest.of.has_ended() {
                        &mut ended
                    } else {
                        &mut larger
                    };
                    let _ = to.push_within_capacity(rest);
                }
                core::mem::swap(&mut *list, &mut larger);
            }
        }
        Ok(())
    }

    fn remove(&self, of: &Registration) -> Option<Rest> {
        let mut list = self.list.lock();
        let at = list
            .iter()
            .position(|rest| rest.of.process() == of.process())?;
        list.remove(at).ok()
    }
}

fn find<'a>(list: &'a mut [Rest], of: &Registration) -> Option<&'a mut Rest> {
    list.iter_mut()
        .find(|rest| rest.of.process() == of.process())
}

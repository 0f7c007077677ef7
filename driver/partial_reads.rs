// SPDX-License-Identifier: GPL-2.0

//! What an open file has half read: messages longer than the buffer that they were read into.
//!
//! The rest of a message belongs to the open file through which its beginning was read, and to the
//! process that was acted for, even after its registration has ended. While one reader copies a rest
//! out, without a lock, others that come for it through the same file wait for their turn. A message
//! counts as read once its beginning has been; where the file is closed before the end, the rest is
//! discarded and counted. Waiting is the business of `reader.rs`.

use crate::{
    ffi::once::read_once,
    message::Message,
    process::ProcessRef,
    registrar::Registrar,
    registration::Taken,
    user::Charge, //
};
use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode,
        RBTreeNodeReservation, //
    },
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLock, //
    }, //
};

/// A message and how many of its bytes have been read.
pub(crate) struct Cursor {
    pub(crate) message: Message,
    pub(crate) read: usize,
}

impl Cursor {
    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.message.len() - self.read
    }
}

struct Partial {
    process: ProcessRef,
    /// `None` while a reader has it in hand.
    cursor: Option<Cursor>,
    /// The memory of the message, counted against the user who holds it.
    _charge: Charge,
}

type Node = RBTreeNode<usize, Partial>;

/// Room for one more message to be read in part, made before any lock is taken.
pub(crate) struct Room {
    process: ProcessRef,
    charge: Charge,
    node: RBTreeNodeReservation<usize, Partial>,
}

impl Room {
    /// Room for a message of the process, whose memory `charge` counts.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(process: ProcessRef, charge: Charge) -> Result<Self> {
        Ok(Self {
            process,
            charge,
            node: RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?,
        })
    }

    /// Bytes of memory that the message may take.
    fn bytes(&self) -> usize {
        self.charge.bytes() as usize
    }
}

/// What [`PartialReads::claim`] gave.
pub(crate) enum Claim {
    /// A message that is to be read whole.
    Whole(Message),
    /// One that is listed as half read: it must be put back or removed, however much is read.
    Part(Cursor),
    /// Nothing: another reader has the rest in hand.
    Busy,
    /// Nothing: the queue is empty.
    Empty,
    /// Nothing: the registration has ended.
    Ended,
    /// Nothing: there must be [`Room`] first, for a message that takes as many bytes of memory.
    NoRoom(usize),
}

impl Claim {
    /// A message of which nothing has been read before.
    pub(crate) fn unread(&self) -> Option<&Message> {
        match self {
            Claim::Whole(message) => Some(message),
            Claim::Part(cursor) if cursor.read == 0 => Some(&cursor.message),
            _ => None,
        }
    }
}

impl From<Taken> for Claim {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Message(message) => Claim::Whole(message),
            Taken::TooLong(memory) => Claim::NoRoom(memory),
            Taken::Empty => Claim::Empty,
            Taken::Ended => Claim::Ended,
        }
    }
}

/// The messages that one open file has half read, by the key of the process that was acted for.
#[pin_data(PinnedDrop)]
pub(crate) struct PartialReads {
    #[pin]
    partials: SpinLock<RBTree<usize, Partial>>,
    /// Their number, for a look without the lock.
    len: Atomic<usize>,
    registrar: Arc<Registrar>,
}

impl PartialReads {
    /// For a file that has read nothing yet.
    pub(crate) fn new(registrar: Arc<Registrar>) -> impl PinInit<Self> {
        pin_init!(Self {
            partials <- new_spinlock!(RBTree::new(), "mq_partial_reads"),
            len: Atomic::new(0),
            registrar,
        })
    }

    /// Whether nothing is half read. Somebody who reads at the same time may change that.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        read_once(&self.len) == 0
    }

    /// Claims what comes next for a process: what is half read, or else what `take` gives, which
    /// gets the bytes of memory that a message may take if it is too long for the buffer.
    pub(crate) fn claim(
        &self,
        process: usize,
        size: usize,
        room: &mut Option<Room>,
        take: impl FnOnce(usize) -> Taken,
    ) -> Claim {
        // With nothing half read there is nothing to be overtaken.
        if room.is_none() && self.is_empty() {
            return take(0).into();
        }
        let mut partials = self.partials.lock();
        if let Some(partial) = partials.get_mut(&process) {
            return partial.cursor.take().map_or(Claim::Busy, Claim::Part);
        }
        let message = match take(room.as_ref().map_or(0, Room::bytes)).into() {
            Claim::Whole(message) if message.len() > size => message,
            other => return other,
        };
        // Only where there is room a message that is too long is taken.
        let Some(room) = room.take() else {
            return Claim::Whole(message);
        };
        let partial = Partial {
            process: room.process,
            cursor: None,
            _charge: room.charge,
        };
        partials.insert(room.node.into_node(process, partial));
        self.len.fetch_add(1, Relaxed);
        Claim::Part(Cursor { message, read: 0 })
    }

    /// Puts back a cursor of which something is left to read.
    pub(crate) fn put_back(&self, process: usize, cursor: Cursor) {
        if let Some(partial) = self.partials.lock().get_mut(&process) {
            partial.cursor = Some(cursor);
        }
    }

    /// Forgets what is listed for a process, which has been read to the end or not at all.
    pub(crate) fn remove(&self, process: usize) {
        let mut partials = self.partials.lock();
        let removed = partials.remove_node(&process);
        if removed.is_some() {
            self.len.fetch_sub(1, Relaxed);
        }
        drop(partials);
        drop(removed);
    }

    /// Discards what nobody can read any more: of processes that have exited, but for the opener,
    /// for whom others can go on reading.
    pub(crate) fn prune(&self, opener: usize) {
        let mut from = 0;
        // The lock is held for one of them at a time.
        while let Some((key, removed)) = self.prune_from(from, opener) {
            if removed.is_some() {
                self.registrar.stats.count_truncated();
            }
            drop(removed);
            from = key + 1;
        }
    }

    /// Looks at the first process from a key on, and removes what is left to it if nobody can read
    /// that any more.
    fn prune_from(&self, from: usize, opener: usize) -> Option<(usize, Option<Node>)> {
        let mut partials = self.partials.lock();
        let cursor = partials.cursor_lower_bound(&from)?;
        let (&key, partial) = cursor.current();
        let is_over = key != opener && partial.cursor.is_some() && partial.process.has_exited();
        let removed = if is_over {
            self.len.fetch_sub(1, Relaxed);
            partials.remove_node(&key)
        } else {
            None
        };
        Some((key, removed))
    }

    /// Bytes that are left to a process of a message that it has half read.
    pub(crate) fn left(&self, process: usize) -> usize {
        self.partials
            .lock()
            .get(&process)
            .and_then(|partial| partial.cursor.as_ref())
            .map_or(0, Cursor::left)
    }

    /// The first of these processes for which something is half read.
    pub(crate) fn first_of(&self, processes: [usize; 2]) -> Option<ProcessRef> {
        if self.is_empty() {
            return None;
        }
        let partials = self.partials.lock();
        let found = processes.iter().find_map(|key| partials.get(key));
        found.map(|partial| partial.process.clone())
    }
}

#[pinned_drop]
impl PinnedDrop for PartialReads {
    fn drop(self: Pin<&mut Self>) {
        // Of a file that is being closed nobody has anything in hand.
        for _ in 0..self.len.load(Relaxed) {
            self.registrar.stats.count_truncated();
        }
    }
}

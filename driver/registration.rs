// SPDX-License-Identifier: GPL-2.0

//! One registration: a process, or an open file, under a name, with its queue.
//!
//! How a registration begins and ends is the business of `registrar.rs`; who may act for it, of
//! `identity.rs`.

mod delivery;
mod receiving;
mod waiting;

pub(crate) use self::{
    delivery::Undelivered,
    receiving::{
        First,
        Received, //
    }, //
};

use crate::{
    ffi::{
        credentials,
        once::read_once,
        process_id::ProcessId,
        trace::{
            self,
            DropReason, //
        },
        wait_queue::{
            PollMask,
            WaitQueue, //
            Wake,
        }, //
    },
    memory::Charged,
    message::Message,
    policy::{
        message::Origin,
        name::{
            Label,
            Name, //
        },
        queue,
        registry::Handle,
        storage::Storage, //
    },
    process::ProcessRef,
    settings::QueueSize,
    stats::{
        Counts,
        Stats, //
    },
    user::UserRef, //
};
use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed, //
        },
        Arc,
        SpinLock, //
    },
    task::Kuid, //
};

type Slots = <Charged as Storage>::Array<Option<Message>>;

type Queue = queue::Queue<Message, Arc<WaitQueue>, Charged>;

/// Who registers.
pub(crate) struct Registrant {
    /// Under which name.
    pub(crate) name: Name,
    /// Who owns it: the process, or the open file through which it registers.
    pub(crate) process: ProcessRef,
    /// The process that does so.
    pub(crate) maker: ProcessId,
    /// As which user: the only one whose files act for it.
    pub(crate) user: Kuid,
    /// The user whose quota it counts against.
    pub(crate) quota_user: UserRef,
}

/// A registration.
#[pin_data]
pub(crate) struct Registration {
    handle: Handle,
    label: Label,
    /// The keys of the owner and the user, by which look-ups tell without following a pointer.
    owner: usize,
    user_key: u64,
    origin: Origin,
    who: Registrant,
    #[pin]
    queue: SpinLock<Inner>,
    /// Messages sent to one queue.
    sends: Atomic<u64>,
    /// Messages sent to all queues.
    broadcasts: Atomic<u64>,
    /// The number of the registration while it lives, and [`ENDED`] with an [`End`] after that, so that
    /// one comparison tells whether it is alive and came before another.
    state: Atomic<u64>,
}

/// Who has marked a registration as dying, and so is to release what is left of it.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// The process itself, an administrator, or unloading: whoever did so.
    Called = 1,
    /// The end of its process: the work queue.
    Exited = 2,
}

/// More than the number of any registration.
const ENDED: u64 = 1 << 63;

impl End {
    fn state(self) -> u64 {
        ENDED | self as u64
    }
}

/// The bit of a count of messages sent that says that it has been added to the totals.
const FOLDED: u64 = 1 << 63;

struct Inner {
    queue: Queue,
    /// Lost messages that records have told of.
    told: u64,
    /// Whether the counts have been added to the totals.
    folded: bool,
}

impl Inner {
    /// Takes the first message, if it has at most `max` bytes, or takes at most `memory` bytes of
    /// memory. Says whether others wait for the room that it leaves.
    fn take(&mut self, max: usize, memory: usize) -> (Taken, bool) {
        if !self.queue.is_open() {
            return (Taken::Ended, false);
        }
        let fits = |first: &Message| first.len() <= max || first.memory() <= memory;
        if let Some(message) = self.queue.pop_if(fits) {
            return (Taken::Message(message), self.queue.waiting() > 0);
        }
        let first = self.queue.first();
        let taken = first.map_or(Taken::Empty, |first| Taken::TooLong(first.memory()));
        (taken, false)
    }
}

/// How a queue is now.
pub(crate) struct Status {
    /// Messages queued.
    pub(crate) depth: usize,
    /// Messages that fit.
    pub(crate) capacity: usize,
    /// Bytes that the messages queued take.
    pub(crate) bytes: usize,
    /// How many wait for room.
    pub(crate) waiting: usize,
    /// What has been counted so far.
    pub(crate) counts: Counts,
}

/// Why [`Registration::take`] gave nothing.
pub(crate) enum NotTaken {
    /// The queue is empty.
    Empty,
    /// The first message is too long, and stays; or the registration has ended.
    TooLongOrEnded,
}

/// What [`Registration::take_under_lock`] gave.
pub(crate) enum Taken {
    /// The first message.
    Message(Message),
    /// Nothing: the first message is too long, and stays. It takes as many bytes of memory.
    TooLong(usize),
    /// Nothing: the queue is empty.
    Empty,
    /// Nothing, nor will there be: the registration has ended.
    Ended,
}

impl Registration {
    /// A registration that has the place `handle`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(who: Registrant, size: QueueSize, handle: Handle) -> Result<Arc<Self>> {
        let slots = Charged::array(size.slots, || None)?;
        Arc::pin_init(
            pin_init!(Self {
                handle,
                label: who.name.into(),
                owner: who.process.key(),
                user_key: credentials::key(who.user),
                // CAST: Never negative.
                origin: Origin::new(who.maker.nr() as u32, who.user.into_raw().val),
                who,
                queue <- new_spinlock!(
                    Inner {
                        queue: Queue::new(slots, size.len, size.bytes),
                        told: 0,
                        folded: false,
                    },
                    "mq_queue"
                ),
                sends: Atomic::new(0),
                broadcasts: Atomic::new(0),
                state: Atomic::new(handle.sequence()),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// The name.
    #[inline(always)]
    pub(crate) fn name(&self) -> Name {
        self.label.name()
    }

    /// The name, with what messages need of it.
    #[inline(always)]
    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    /// The user as whom it was made.
    #[inline(always)]
    pub(crate) fn user(&self) -> Kuid {
        self.who.user
    }

    /// The key of that user.
    #[inline(always)]
    pub(crate) fn user_key(&self) -> u64 {
        self.user_key
    }

    /// What its messages say of where they come from.
    #[inline(always)]
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// The user whose quota it counts against.
    pub(crate) fn quota_user(&self) -> &UserRef {
        &self.who.quota_user
    }

    /// Who owns it.
    pub(crate) fn process(&self) -> &ProcessRef {
        &self.who.process
    }

    /// The process that made it.
    pub(crate) fn pid(&self) -> &ProcessId {
        &self.who.maker
    }

    /// The number of that process as the caller sees it; 0 if it is not visible, or has exited and
    /// left the registration to others.
    pub(crate) fn visible_pid(&self) -> i32 {
        // Where the process is the owner, it has been there when the caller found the registration.
        if self.process().pid().is_none() && self.pid().has_exited() {
            0
        } else {
            self.pid().vnr()
        }
    }

    /// The key of who owns it.
    #[inline(always)]
    pub(crate) fn owner(&self) -> usize {
        self.owner
    }

    /// The place in the directory.
    #[inline(always)]
    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    /// Those who wait for a message.
    pub(crate) fn waiters(&self) -> &WaitQueue {
        self.process().waiters()
    }

    /// How the queue is now.
    pub(crate) fn status(&self) -> Status {
        let sends = self.sends.load(Relaxed) & !FOLDED;
        let broadcasts = self.broadcasts.load(Relaxed) & !FOLDED;
        let inner = self.queue.lock();
        Status {
            depth: inner.queue.depth(),
            capacity: inner.queue.capacity(),
            bytes: inner.queue.bytes(),
            waiting: inner.queue.waiting(),
            counts: Counts {
                sends,
                broadcasts,
                queue: inner.queue.stats(),
            },
        }
    }

    /// Whether a message is queued.
    pub(crate) fn has_message(&self) -> bool {
        self.queue.lock().queue.depth() > 0
    }

    /// Whether the registration has not ended, as far as can be seen without an order to anything
    /// else.
    #[inline(always)]
    pub(crate) fn is_alive(&self) -> bool {
        read_once(&self.state) < ENDED
    }

    /// Whether the registration has not ended, and its number is up to `last`.
    #[inline(always)]
    pub(crate) fn is_alive_up_to(&self, last: u64) -> bool {
        read_once(&self.state) <= last
    }

    /// Whether the registration has ended.
    pub(crate) fn is_dying(&self) -> bool {
        self.state.load(Acquire) >= ENDED
    }

    /// Whether the registration has ended with its process.
    pub(crate) fn has_exited(&self) -> bool {
        self.state.load(Acquire) == End::Exited.state()
    }

    /// Marks the registration as dying. Returns false if it had ended before.
    pub(crate) fn set_dying(&self, end: End) -> bool {
        let alive = self.handle.sequence();
        self.state.cmpxchg(alive, end.state(), Full).is_ok()
    }

    /// Counts a message sent to one queue.
    #[inline(always)]
    pub(crate) fn count_send(&self) {
        self.count_sends(1);
    }

    /// Counts messages sent to one queue.
    #[inline(always)]
    pub(crate) fn count_sends(&self, count: u64) {
        self.sends.fetch_add(count, Relaxed);
    }

    /// Counts a message sent to one queue by one who may have ended long since, as whoever waits for
    /// room may.
    pub(crate) fn count_late_send(&self, stats: &Stats) {
        if self.sends.fetch_add(1, Relaxed) >= FOLDED {
            stats.count_late_send();
        }
    }

    /// The same with one sent to all queues.
    pub(crate) fn count_late_broadcast(&self, stats: &Stats) {
        if self.broadcasts.fetch_add(1, Relaxed) >= FOLDED {
            stats.count_late_broadcast();
        }
    }

    fn trace_drop(&self, reason: DropReason, messages: u64) {
        trace::drop(|| (self.name().key(), self.pid(), reason, messages));
    }

    /// Takes the first message, if it has at most `max` bytes. Not to be called under a lock.
    ///
    /// # Errors
    ///
    /// [`NotTaken`].
    #[inline(always)]
    pub(crate) fn take(&self, max: usize) -> Result<Message, NotTaken> {
        let (taken, is_empty) = {
            let mut inner = self.queue.lock();
            if inner.queue.is_plain() {
                let taken = inner.queue.pop_if(|first| first.len() <= max);
                let is_empty = taken.is_none() && inner.queue.first().is_none();
                (taken, is_empty)
            } else {
                (None, false)
            }
        };
        match taken {
            Some(message) => Ok(message),
            None if is_empty => Err(NotTaken::Empty),
            None => self.take_slowly(max),
        }
    }

    #[cold]
    #[inline(never)]
    fn take_slowly(&self, max: usize) -> Result<Message, NotTaken> {
        let (taken, is_awaited) = self.take_under_lock(max, 0);
        if is_awaited {
            self.settle_waiting();
        }
        match taken {
            Taken::Message(message) => Ok(message),
            Taken::Empty => Err(NotTaken::Empty),
            Taken::TooLong(_) | Taken::Ended => Err(NotTaken::TooLongOrEnded),
        }
    }

    /// Takes the first message, if it has at most `max` bytes, or takes at most `memory` bytes of
    /// memory. Where it says so, [`Registration::settle_waiting`] is to be called once no lock is held.
    pub(crate) fn take_under_lock(&self, max: usize, memory: usize) -> (Taken, bool) {
        self.queue.lock().take(max, memory)
    }

    /// Takes back a message that could not be delivered to a reader. Returns true if there was no
    /// room for it any more.
    pub(crate) fn give_back(&self, message: Message, stats: &Stats) -> bool {
        let (lost, open, folded) = {
            let mut inner = self.queue.lock();
            let lost = inner.queue.put_back(message);
            (lost, inner.queue.is_open(), inner.folded)
        };
        let is_lost = lost.is_some();
        drop(lost);
        if is_lost && open {
            self.trace_drop(DropReason::Overflow, 1);
        } else if is_lost {
            self.trace_drop(DropReason::End, 1);
            if folded {
                stats.turn_read_into_end();
            }
        }
        self.waiters().wake(Wake::One, PollMask::READABLE);
        self.settle_waiting();
        is_lost && open
    }

    /// Discards what is queued now, and returns how many messages that were.
    pub(crate) fn flush(&self) -> u64 {
        let flushed = self.discard();
        if flushed > 0 {
            self.trace_drop(DropReason::Flush, flushed);
        }
        self.settle_waiting();
        flushed
    }

    /// Takes no more messages, tells those who wait, and discards what is queued. Returns how many
    /// messages that were.
    pub(crate) fn close(&self) -> u64 {
        self.queue.lock().queue.close();
        self.waiters().wake(Wake::All, PollMask::HANG_UP);
        self.settle_waiting();
        let discarded = self.discard();
        if discarded > 0 {
            self.trace_drop(DropReason::End, discarded);
        }
        discarded
    }

    /// Adds what has been counted to the totals, once nothing more is to come.
    pub(crate) fn fold(&self, stats: &Stats) {
        let (sends, broadcasts) = (
            self.sends.fetch_add(FOLDED, Relaxed),
            self.broadcasts.fetch_add(FOLDED, Relaxed),
        );
        let slots = {
            let mut inner = self.queue.lock();
            inner.folded = true;
            // Under the lock, so that whoever finds it folded finds the totals with it.
            stats.fold(Counts {
                sends,
                broadcasts,
                queue: inner.queue.stats(),
            });
            inner.queue.replace_slots(Slots::new())
        };
        // The registration itself stays for a grace period, which its places need not.
        drop(slots);
    }

    fn discard(&self) -> u64 {
        let queued = self.status().depth as u64;
        let mut discarded = 0;
        while discarded < queued {
            let message = self.queue.lock().queue.discard();
            if message.is_none() {
                break;
            }
            discarded += 1;
        }
        discarded
    }
}

// SPDX-License-Identifier: GPL-2.0

//! One registration: a process under a name, with its queue; from `/reg` to its end.
//!
//! Who may register is policy's (`policy/registry.rs`); the locks and the way a registration ends are
//! explained in `driver.rs`.

use crate::{
    driver::Driver,
    errors::Failure,
    ffi::{
        events,
        exit_watch::{
            ExitWatch,
            OnExit, //
        },
        folder::{
            Folder,
            Place, //
        },
        user,
        wait_queue::{
            Events,
            WaitQueue, //
        }, //
    },
    message::Message,
    notices::Cause,
    policy::{
        name::Name,
        queue::{
            Account,
            Pushed,
            Queue, //
        },
        registry::{
            Applicant,
            Ticket, //
        },
        storage::Storage, //
    },
    process::{
        ProcessRef,
        Processes, //
    },
    storage::Charged, //
};
use kernel::{
    impl_has_work,
    new_spinlock,
    new_work,
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
    task::Kuid,
    workqueue::{
        Work,
        WorkItem, //
    }, //
};

/// A registration.
#[pin_data]
pub(crate) struct Registration {
    name: Name,
    user: Kuid,
    process: ProcessRef,
    ticket: Ticket,
    #[pin]
    queue: SpinLock<Queue<<Charged as Storage>::Array<Option<Message>>>>,
    /// Messages sent to one queue.
    sends: Atomic<u64>,
    /// Messages sent to all queues.
    broadcasts: Atomic<u64>,
    ended: Atomic<bool>,
    /// Whether the account has been added to the totals; changes under the lock of `queue`.
    settled: Atomic<bool>,
    /// What refers back to the registration, and goes when it ends.
    #[pin]
    attachments: SpinLock<Option<Attachments>>,
    #[pin]
    farewell: Work<Registration>,
    driver: Arc<Driver>,
}

struct Attachments {
    _watch: Pin<KBox<ExitWatch<Registration>>>,
    _folder: Pin<KBox<Folder<Registration>>>,
}

/// How a queue is now.
pub(crate) struct Level {
    /// Messages queued.
    pub(crate) depth: usize,
    /// Messages that fit.
    pub(crate) capacity: usize,
    /// What has happened so far.
    pub(crate) account: Account,
}

/// What [`Registration::take`] gave.
pub(crate) enum Taken {
    /// The oldest message.
    Message(Message),
    /// Nothing: the oldest message is too long, and stays.
    TooLong,
    /// Nothing: the queue is empty.
    Empty,
    /// Nothing, nor will there be: the registration has ended.
    Ended,
}

impl Registration {
    /// Registers the calling process.
    pub(crate) fn register(driver: &Arc<Driver>, name: Name) -> Result<(), Failure> {
        let process = Processes::current(&driver.processes)?;
        let user = Kuid::current_euid();
        let who = Applicant {
            name,
            owner: process.pid().key() as u64,
            user: user::key(user),
        };
        let settings = &driver.settings;
        let share = (!user::may_exceed_limits()).then(|| settings.user_share());
        let ticket =
            driver
                .registrations
                .admit(who, settings.max_devices(), share, &driver.work)?;
        match Self::set_up(driver, name, user, process, ticket) {
            Ok(registration) => {
                driver.registrations.publish(ticket, registration.clone());
                // Not before: who polls would take it for one that has ended.
                registration.process.note_registered();
                if registration.has_ended() {
                    registration.waiters().wake_all(Events::HANG_UP);
                }
                events::register(
                    name.key(),
                    registration.process.pid(),
                    who.user as u32,
                    registration.level().capacity as u32,
                );
                Ok(())
            }
            Err(error) => {
                driver.registrations.withdraw(ticket);
                Err(error.into())
            }
        }
    }

    fn set_up(
        driver: &Arc<Driver>,
        name: Name,
        user: Kuid,
        process: ProcessRef,
        ticket: Ticket,
    ) -> Result<Arc<Self>> {
        let queues = driver.queues.as_ref().ok_or(ENODEV)?;
        let slots = Charged::array(driver.settings.queue_len() as usize, || None)?;
        let pid = process.pid().clone();
        let registration = Arc::pin_init(
            pin_init!(Self {
                name,
                user,
                process,
                ticket,
                queue <- new_spinlock!(Queue::new(slots), "mq_queue"),
                sends: Atomic::new(0),
                broadcasts: Atomic::new(0),
                ended: Atomic::new(false),
                settled: Atomic::new(false),
                attachments <- new_spinlock!(None, "mq_attachments"),
                farewell <- new_work!("mq_farewell"),
                driver: driver.clone(),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        let attachments = Attachments {
            _folder: Folder::new(
                Place::in_folder(queues),
                name.as_str(),
                registration.clone(),
            )?,
            _watch: ExitWatch::current(pid, registration.clone())?,
        };
        *registration.attachments.lock() = Some(attachments);
        Ok(registration)
    }

    /// The name.
    pub(crate) fn name(&self) -> Name {
        self.name
    }

    /// The user whose share the registration counts against.
    pub(crate) fn user(&self) -> Kuid {
        self.user
    }

    /// The process.
    pub(crate) fn process(&self) -> &ProcessRef {
        &self.process
    }

    /// The place in the registry.
    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Those who wait for a message.
    pub(crate) fn waiters(&self) -> &WaitQueue {
        self.process.waiters()
    }

    /// Messages sent to one queue, and to all queues.
    pub(crate) fn sent_by_kind(&self) -> (u64, u64) {
        (self.sends.load(Relaxed), self.broadcasts.load(Relaxed))
    }

    /// Messages sent, however many queues each was put into.
    pub(crate) fn sent(&self) -> u64 {
        let (sends, broadcasts) = self.sent_by_kind();
        sends + broadcasts
    }

    /// The driver that it is registered with.
    pub(crate) fn driver(&self) -> &Driver {
        &self.driver
    }

    /// How the queue is now.
    pub(crate) fn level(&self) -> Level {
        let queue = self.queue.lock();
        Level {
            depth: queue.depth(),
            capacity: queue.capacity(),
            account: queue.account(),
        }
    }

    /// Whether the registration has ended.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Acquire)
    }

    /// Counts a message sent to one queue.
    pub(crate) fn count_send(&self) {
        self.sends.fetch_add(1, Relaxed);
    }

    /// Counts a message sent to all queues.
    pub(crate) fn count_broadcast(&self) {
        self.broadcasts.fetch_add(1, Relaxed);
    }

    /// Puts a message of `sender` into the queue and wakes a reader. `sync`: the sender is done for
    /// now.
    ///
    /// Returns false if the registration has ended.
    pub(crate) fn deliver(&self, sender: &Self, message: Message, sync: bool) -> bool {
        let bytes = message.len();
        let pushed = self.queue.lock().push(message);
        if matches!(pushed, Pushed::Closed(_)) {
            return false;
        }
        self.waiters().wake_one(Events::READABLE, sync);
        let (from, to) = (sender.name.key(), self.name.key());
        events::send(from, sender.process.pid(), to, self.process.pid(), bytes);
        if let Pushed::Displaced(oldest) = pushed {
            drop(oldest);
            self.note_overflow();
        }
        true
    }

    fn note_overflow(&self) {
        self.trace_drop(events::Drop::Overflow, 1);
        self.driver.notices.give(
            Cause::Overflow,
            fmt!(
                "{}: queue is full, oldest message dropped",
                self.name.as_str()
            ),
        );
    }

    fn trace_drop(&self, cause: events::Drop, messages: u64) {
        events::drop(self.name.key(), self.process.pid(), cause, messages);
    }

    /// Takes the oldest message, if it has at most `max` bytes.
    pub(crate) fn take(&self, max: usize) -> Taken {
        let mut queue = self.queue.lock();
        if !queue.is_open() {
            return Taken::Ended;
        }
        match queue.oldest() {
            None => Taken::Empty,
            Some(message) if message.len() > max => Taken::TooLong,
            Some(_) => queue.pop().map_or(Taken::Empty, Taken::Message),
        }
    }

    /// Takes back a message that could not be delivered to a reader.
    pub(crate) fn give_back(&self, message: Message) {
        let (lost, open, settled) = {
            let mut queue = self.queue.lock();
            let lost = queue.unpop(message);
            (lost, queue.is_open(), self.settled.load(Relaxed))
        };
        if lost.is_some() {
            drop(lost);
            if open {
                self.note_overflow();
            } else {
                self.trace_drop(events::Drop::End, 1);
                if settled {
                    self.driver.stats.turn_read_into_end();
                }
            }
        }
        self.waiters().wake_one(Events::READABLE, false);
    }

    /// Discards what is queued now, and returns how many messages that were.
    pub(crate) fn flush(&self) -> u64 {
        let flushed = self.discard();
        if flushed > 0 {
            self.trace_drop(events::Drop::Flush, flushed);
        }
        flushed
    }

    fn discard(&self) -> u64 {
        let queued = self.level().depth;
        let mut flushed = 0;
        while flushed < queued as u64 {
            let message = self.queue.lock().discard();
            if message.is_none() {
                break;
            }
            flushed += 1;
        }
        flushed
    }

    /// Ends the registration. Returns false if it had ended before.
    pub(crate) fn end(&self) -> bool {
        let first = self.set_ended();
        if first {
            self.take_apart();
        }
        first
    }

    fn set_ended(&self) -> bool {
        if self.ended.xchg(true, Full) {
            return false;
        }
        self.driver.registrations.note_leaving();
        true
    }

    /// Does what is to be done once, after the registration has ended. Sleeps.
    fn take_apart(&self) {
        self.queue.lock().close();
        self.waiters().wake_all(Events::HANG_UP);
        let discarded = self.discard();
        let attachments = self.attachments.lock().take();
        drop(attachments);
        let account = {
            let queue = self.queue.lock();
            self.settled.store(true, Relaxed);
            queue.account()
        };
        self.driver.stats.keep(self, account);
        self.driver.registrations.remove(self.ticket);
        events::unregister(self.name.key(), self.process.pid(), discarded as u32);
        if discarded > 0 {
            self.trace_drop(events::Drop::End, discarded);
            self.driver.notices.give(
                Cause::Discard,
                fmt!(
                    "{}: has ended, {} messages discarded",
                    self.name.as_str(),
                    discarded
                ),
            );
        }
    }
}

impl OnExit for Registration {
    fn process_ended(self: Arc<Self>) {
        if self.set_ended() {
            let driver = self.driver.clone();
            // Never refused: it is queued here alone, and here only once.
            let _ = driver.work.queue().enqueue(self);
        }
    }
}

impl_has_work! {
    impl HasWork<Self> for Registration { self.farewell }
}

impl WorkItem for Registration {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.take_apart();
    }
}

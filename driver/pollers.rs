// SPDX-License-Identifier: GPL-2.0

//! Those who poll an open file, and by whom they are woken.
//!
//! A process that polls sleeps in one queue, because `select`, Linux AIO and the like take no more.
//! But it can be for several processes that the file acts: for the caller, for the opener, and, where
//! an epoll instance has been inherited, for any that registers through the file. So each process
//! that has to do with the file has a link to a hub, from which the wake-up goes on:
//!
//! ```text
//!     waiters of process 0 ──┐          ┌──► poll queue of process 0
//!     waiters of process 1 ──┼──► hub ──┼──► poll queue of process 1
//!     waiters of process 2 ──┘          └──► poll queue of process 2
//! ```
//!
//! A poller is told what has happened to its own process, and to the opener as long as the file acts
//! for that when it calls. Of what happens to others it is told to look again, no more, because Linux
//! AIO believes what it is told. It looks again in a kernel thread, which does not say for whom; that
//! one is told what holds for any process that polls the file.

use crate::{
    ffi::{
        poll_queue::PollQueue,
        wait_queue::{
            PollMask,
            WaitQueue, //
            Wake,
        },
        wake_chain::{
            OnWake,
            WakeChain, //
        }, //
    },
    process::ProcessRef, //
};
use kernel::{
    c_str,
    new_mutex,
    prelude::*,
    rbtree::RBTree,
    static_lock_class,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    }, //
};

/// The number of the opener among the processes of a file.
const OPENER: u16 = 0;

/// The number of the file itself, once it acts for itself.
const FILE: u16 = u16::MAX;

/// The way from a process to the hub.
struct ToHub {
    hub: Arc<WaitQueue>,
    source: u16,
}

impl OnWake for ToHub {
    fn woken(&self, why: PollMask, sync: bool) -> bool {
        let how = if sync { Wake::OneSync } else { Wake::One };
        // Nobody in the hub is exclusive, so that all of them are woken.
        self.hub.wake(how, why.with_source(self.source));
        self.hub.has_sleepers()
    }
}

/// The way from the hub to those of a process who poll.
struct ToPollers {
    queue: PollQueue,
    source: u16,
    process: ProcessRef,
    /// The user who opened the file.
    user: u64,
}

impl OnWake for ToPollers {
    fn woken(&self, why: PollMask, sync: bool) -> bool {
        if !self.queue.has_sleepers() {
            return false;
        }
        let source = why.source();
        let why = why.without_source();
        let how = match (why.is_hang_up(), sync) {
            (true, _) => Wake::All,
            (false, true) => Wake::OneSync,
            (false, false) => Wake::One,
        };
        let for_opener = source == OPENER && !self.process.is_registered_as(self.user);
        if source == self.source || for_opener || source == FILE {
            self.queue.wake(how, why);
        } else {
            self.queue.wake(Wake::All, PollMask::NONE);
        }
        true
    }
}

/// A process that has to do with the file: it has opened it, has registered through it, or polls; or
/// the file itself. Dropped in this order.
struct Link {
    to_hub: Option<Pin<KBox<WakeChain<ToHub>>>>,
    to_pollers: Option<Pin<KBox<WakeChain<ToPollers>>>>,
    process: ProcessRef,
    source: u16,
    /// Whether the process has registered through the file.
    has_registered: bool,
}

impl Link {
    /// Has what happens to the process go to the hub.
    fn arm_to_hub(&mut self, hub: &Arc<WaitQueue>) -> Result {
        let chain = match self.to_hub.take() {
            Some(chain) => chain,
            None => {
                let to_hub = ToHub {
                    hub: hub.clone(),
                    source: self.source,
                };
                let waiters = self.process.waiters().clone();
                WakeChain::new(waiters, to_hub, GFP_KERNEL_ACCOUNT)?
            }
        };
        self.to_hub.insert(chain).as_ref().arm();
        Ok(())
    }

    /// Has what comes to the hub go to those who poll for the process.
    fn arm_to_pollers(
        &mut self,
        hub: &Arc<WaitQueue>,
        user: u64,
        wait_on: impl FnOnce(&PollQueue),
    ) -> Result {
        let chain = match self.to_pollers.take() {
            Some(chain) => chain,
            None => {
                let to_pollers = ToPollers {
                    queue: PollQueue::new()?,
                    source: self.source,
                    process: self.process.clone(),
                    user,
                };
                WakeChain::new(hub.clone(), to_pollers, GFP_KERNEL_ACCOUNT)?
            }
        };
        let chain = self.to_pollers.insert(chain);
        wait_on(&chain.target().queue);
        chain.as_ref().arm();
        Ok(())
    }

    /// Whether anybody polls for the process.
    fn is_polled(&self) -> bool {
        let chain = self.to_pollers.as_ref();
        chain.is_some_and(|chain| chain.target().queue.has_sleepers())
    }

    /// Whether nobody will have to do with it any more: the process has exited, nobody polls for
    /// it, and it is not the opener, for whom others can go on acting.
    fn is_over(&self) -> bool {
        self.source != OPENER && self.process.has_exited() && !self.is_polled()
    }
}

struct Links {
    /// By the key of the process.
    links: RBTree<usize, Link>,
    len: usize,
    /// How many links there may be before those are looked for that are over.
    prune_at: usize,
    /// The number that the next process gets.
    next: u16,
    /// Whether anybody has polled the file.
    polled: bool,
    /// Whether the file acts for itself, so that no process matters.
    itself: bool,
}

/// The fewest links that are looked through for some that are over.
const PRUNE_MIN: usize = 8;

impl Links {
    /// The link of a process, made now if there is none.
    fn of(&mut self, process: &ProcessRef) -> Result<&mut Link> {
        let key = process.key();
        if self.links.get(&key).is_none() {
            if self.len >= self.prune_at {
                self.prune();
            }
            let is_file = process.pid().is_none();
            let link = Link {
                to_hub: None,
                to_pollers: None,
                process: process.clone(),
                source: if is_file { FILE } else { self.next },
                has_registered: false,
            };
            self.links
                .try_create_and_insert(key, link, GFP_KERNEL_ACCOUNT)?;
            self.len += 1;
            // Numbers that come again make a poller look once more than it must, no worse.
            self.next = match self.next + 1 {
                FILE => OPENER + 1,
                next => next,
            };
        }
        self.links.get_mut(&key).ok_or(ENOMEM)
    }

    /// Removes the links that are over. As often as their number doubles, so that it costs little
    /// however many there are.
    fn prune(&mut self) {
        let mut from = 0;
        while let Some((key, is_over)) = self.next_from(from) {
            if is_over {
                self.links.remove(&key);
                self.len -= 1;
            }
            from = key + 1;
        }
        self.prune_at = (self.len * 2).max(PRUNE_MIN);
    }

    /// The first process from a key on, and whether its link is over.
    fn next_from(&self, from: usize) -> Option<(usize, bool)> {
        let cursor = self.links.cursor_lower_bound(&from)?;
        let (key, link) = cursor.current();
        Some((*key, link.is_over()))
    }
}

/// The pollers of one open file.
#[pin_data]
pub(crate) struct Pollers {
    hub: Arc<WaitQueue>,
    user: u64,
    #[pin]
    links: Mutex<Links>,
    /// Whether the last who asked to be woken cannot be.
    failed: Atomic<bool>,
}

impl Pollers {
    /// Nobody yet, of a file that the user with this key has opened.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(user: u64) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            hub: WaitQueue::new_shared(
                c_str!("mq_hub"),
                static_lock_class!(),
                GFP_KERNEL_ACCOUNT
            )?,
            user,
            links <- new_mutex!(
                Links {
                    links: RBTree::new(),
                    len: 0,
                    prune_at: PRUNE_MIN,
                    next: OPENER,
                    polled: false,
                    itself: false,
                },
                "mq_links"
            ),
            failed: Atomic::new(false),
        })
    }

    /// Has those who poll for the caller woken from now on. `wait_on` is told where they sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn poll(
        &self,
        opener: &ProcessRef,
        caller: &ProcessRef,
        wait_on: impl FnOnce(&PollQueue),
    ) -> Result {
        let mut links = self.links.lock();
        links.polled = true;
        links.of(opener)?;
        links
            .of(caller)?
            .arm_to_pollers(&self.hub, self.user, wait_on)?;
        // Whoever is in the poll queue by now is woken by all that happens from here on: a link
        // leaves only where it finds nobody behind it.
        let itself = links.itself;
        for (_, link) in links.links.iter_mut() {
            if !itself || link.source == FILE {
                link.arm_to_hub(&self.hub)?;
            }
        }
        Ok(())
    }

    /// Has those who poll told of nothing but what happens to the file itself, which has been
    /// added, and has them look again.
    pub(crate) fn act_for_file(&self) {
        let mut links = self.links.lock();
        links.itself = true;
        for (_, link) in links.links.iter_mut() {
            if link.source != FILE {
                link.to_hub = None;
            }
        }
        drop(links);
        self.hub.wake(Wake::All, PollMask::NONE);
    }

    /// Has those who poll woken by what happens to whoever is about to register.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn add(&self, opener: &ProcessRef, caller: &ProcessRef) -> Result {
        let mut links = self.links.lock();
        links.of(opener)?;
        let polled = links.polled;
        let link = links.of(caller)?;
        if polled {
            link.arm_to_hub(&self.hub)?;
        }
        Ok(())
    }

    /// Notes whether somebody who asked to be woken cannot be.
    pub(crate) fn set_failed(&self, failed: bool) {
        self.failed.store(failed, Relaxed);
    }

    /// Whether the last who asked to be woken cannot be.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// The first process from a key on that has to do with the file, and whether anybody polls for it.
    pub(crate) fn next_from(&self, from: usize) -> Option<(usize, bool)> {
        let links = self.links.lock();
        let cursor = links.links.cursor_lower_bound(&from)?;
        let (key, link) = cursor.current();
        Some((*key, link.is_polled()))
    }

    /// Notes that a process that has been added has registered through the file.
    pub(crate) fn note_registered(&self, process: usize) {
        if let Some(link) = self.links.lock().links.get_mut(&process) {
            link.has_registered = true;
        }
    }

    /// Whether a process has registered through the file.
    pub(crate) fn has_registered(&self, process: usize) -> bool {
        let links = self.links.lock();
        let link = links.links.get(&process);
        link.is_some_and(|link| link.has_registered)
    }
}

// SPDX-License-Identifier: GPL-2.0

//! All registrations: policy's registry, behind its lock.
//!
//! What a single registration is and does stands in `registration.rs`.

use crate::{
    errors::Failure,
    ffi::{
        random::random_u64,
        wait_queue::{
            Events,
            WaitQueue, //
        },
        work_queue::WorkQueue, //
    },
    policy::{
        name::Name,
        refusal::Refusal,
        registry::{
            Applicant,
            Limits,
            Member,
            Registry,
            Room,
            Ticket,
            Walk, //
        },
        table::Spread, //
    },
    registration::Registration,
    storage::Charged, //
};
use kernel::{
    c_str,
    new_spinlock,
    prelude::*,
    static_lock_class,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLock, //
    }, //
};

impl Member for Arc<Registration> {
    fn has_ended(&self) -> bool {
        Registration::has_ended(self)
    }
}

/// Who acts: see section 3 of the interface.
#[derive(Clone, Copy)]
pub(crate) struct Actor {
    /// The caller, unless it may not act for itself.
    pub(crate) caller: Option<usize>,
    /// Who opened the file.
    pub(crate) opener: usize,
}

type Members = Registry<Arc<Registration>, Charged>;

/// The registrations.
#[pin_data]
pub(crate) struct Registrations {
    #[pin]
    registry: SpinLock<Members>,
    /// Registrations that have ended and are still in the registry. Not behind the lock, because it
    /// is counted up where a process ends.
    leaving: Atomic<usize>,
    /// Those who wait for one of them to be removed.
    #[pin]
    departures: WaitQueue,
    spread: Spread,
}

/// Registrations that a batch of [`Registrations::batch`] has at most.
pub(crate) const BATCH: usize = 16;

/// Some registrations, in order.
pub(crate) type Batch = [Option<Arc<Registration>>; BATCH];

impl Registrations {
    /// None yet, with room for a few.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        let spread = Spread::new(random_u64(), random_u64());
        try_pin_init!(Self {
            registry <- new_spinlock!(Registry::new(Room::new(8, spread)?), "mq_registry"),
            leaving: Atomic::new(0),
            departures <- WaitQueue::new(c_str!("mq_departures"), static_lock_class!()),
            spread,
        })
    }

    /// Keeps a place for somebody, if limits allow; the name is taken from then on.
    ///
    /// Where a registration that has ended stands in the way, waits until it is removed, which
    /// takes no longer than the removal of a sysfs folder.
    pub(crate) fn admit(
        &self,
        who: Applicant,
        max: u32,
        share: Option<u32>,
        work: &WorkQueue,
    ) -> Result<Ticket, Failure> {
        let latest = self.latest();
        let mut settled = false;
        loop {
            let mut registry = self.registry.lock();
            if let Some(capacity) = registry.wants_room() {
                drop(registry);
                let room = Room::new(capacity, self.spread)?;
                let left = self.registry.lock().grow(room);
                drop(left);
                continue;
            }
            let limits = Limits {
                max: max as usize,
                share,
                leaving: self.leaving.load(Relaxed),
            };
            let denied = match registry.admit(who, limits) {
                Ok(ticket) => return Ok(ticket),
                Err(denied) => denied,
            };
            drop(registry);
            match denied.until_gone {
                // Of those who came meanwhile none is waited for, or this might never end.
                Some(leaving) if leaving.order() <= latest => {
                    self.departures.wait(false, || {
                        (!self.registry.lock().holds(leaving)).then_some(())
                    })?
                }
                None if denied.refusal == Refusal::ShareUsedUp
                    && limits.leaving > 0
                    && !settled =>
                {
                    // Whoever's end anybody can know of is in the work queue.
                    work.flush();
                    settled = true;
                }
                _ => return Err(denied.refusal.into()),
            }
        }
    }

    /// Makes a registration visible to all.
    pub(crate) fn publish(&self, ticket: Ticket, registration: Arc<Registration>) {
        self.registry.lock().publish(ticket, registration);
    }

    /// Notes that a registration has ended, which will be removed with [`Registrations::remove`].
    /// May be called in atomic context.
    pub(crate) fn note_leaving(&self) {
        self.leaving.fetch_add(1, Relaxed);
    }

    /// Removes a registration of which [`Registrations::note_leaving`] was told.
    pub(crate) fn remove(&self, ticket: Ticket) {
        let mut registry = self.registry.lock();
        let removed = registry.remove(ticket);
        // Under the lock, so that whoever counts places sees both or neither.
        self.leaving.fetch_sub(1, Relaxed);
        drop(registry);
        drop(removed);
        self.departures.wake_all(Events::NONE);
    }

    /// Gives back a place that was never published.
    pub(crate) fn withdraw(&self, ticket: Ticket) {
        let withdrawn = self.registry.lock().remove(ticket);
        drop(withdrawn);
        self.departures.wake_all(Events::NONE);
    }

    /// Waits until none is left.
    pub(crate) fn wait_until_empty(&self) {
        self.departures
            .wait_uninterrupted(|| self.registry.lock().is_empty());
    }

    /// Registrations now.
    pub(crate) fn count(&self) -> usize {
        let registry = self.registry.lock();
        registry.len().saturating_sub(self.leaving.load(Relaxed))
    }

    /// The registration of this name.
    pub(crate) fn by_name(&self, name: Name) -> Option<Arc<Registration>> {
        self.registry.lock().by_name(name).cloned()
    }

    /// The registration that somebody acts for.
    pub(crate) fn acting(&self, actor: Actor) -> Option<Arc<Registration>> {
        acting(&self.registry.lock(), actor).cloned()
    }

    /// The registration that somebody acts for, and that of a name.
    pub(crate) fn sender_and_receiver(
        &self,
        actor: Actor,
        to: Option<Name>,
    ) -> Result<(Arc<Registration>, Arc<Registration>), Refusal> {
        let registry = self.registry.lock();
        let sender = acting(&registry, actor).ok_or(Refusal::SenderNotRegistered)?;
        let receiver = to
            .and_then(|name| registry.by_name(name))
            .ok_or(Refusal::NoSuchName)?;
        Ok((sender.clone(), receiver.clone()))
    }

    /// The first registration after a place.
    pub(crate) fn after(&self, place: Ticket) -> Option<Arc<Registration>> {
        self.above(place.order(), place)
    }

    /// The first registration whose number is above `order`; `near` is a guess where it is.
    pub(crate) fn above(&self, mut order: u64, mut near: Ticket) -> Option<Arc<Registration>> {
        loop {
            match self.registry.lock().walk(near, order) {
                Walk::Found(_, registration) => return Some(registration.clone()),
                Walk::Pause(place) => {
                    near = place;
                    order = order.max(place.order());
                }
                Walk::End => return None,
            }
        }
    }

    /// The number of the latest registration so far.
    pub(crate) fn latest(&self) -> u64 {
        self.registry.lock().latest()
    }

    /// The registrations that come next after a place, up to [`BATCH`] of them or none, and how the
    /// walk goes on; `None` once there are no more of a number up to `last`.
    pub(crate) fn batch(&self, from: Ticket, last: u64) -> Option<(Batch, Ticket)> {
        let mut batch = [const { None }; BATCH];
        let mut place = from;
        let registry = self.registry.lock();
        for entry in &mut batch {
            match registry.walk(place, place.order()) {
                Walk::Found(next, registration) if next.order() <= last => {
                    *entry = Some(registration.clone());
                    place = next;
                }
                Walk::Pause(next) if next.order() <= last => {
                    place = Ticket::near(place.order().max(next.order()), next.slot());
                    break;
                }
                _ => break,
            }
        }
        drop(registry);
        (place != from).then_some((batch, place))
    }
}

fn acting(registry: &Members, actor: Actor) -> Option<&Arc<Registration>> {
    actor
        .caller
        .and_then(|caller| registry.by_owner(caller as u64))
        .or_else(|| registry.by_owner(actor.opener as u64))
}

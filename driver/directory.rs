// SPDX-License-Identifier: GPL-2.0

//! Who is registered: policy's registry behind its lock, and the way to its members without it.
//!
//! What a registration is and does stands in `registration.rs`, how one begins and ends in
//! `registrar.rs`.

use crate::{
    ffi::{
        once::read_once,
        published::{
            Batch,
            Published,
            Retired,
            Walked, //
        },
        random::random_u64,
        wait_queue::{
            PollMask,
            WaitQueue, //
            Wake,
        }, //
    },
    memory::System,
    policy::{
        hash_index::HashSeed,
        name::{
            Name,
            Word, //
        },
        refusal::Refusal,
        registry::{
            Applicant,
            Denied,
            Growth,
            Handle,
            Limits,
            Member,
            Registry,
            Reserved,
            Walk, //
        }, //
    },
    registration::Registration, //
};
use kernel::{
    c_str,
    new_spinlock,
    prelude::*,
    static_lock_class,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        rcu,
        Arc,
        ArcBorrow,
        SpinLock, //
    }, //
};

/// A registration in the directory, and what refers to it from outside.
struct Installed<A> {
    registration: Arc<Registration>,
    attachments: Option<A>,
}

impl<A> Member for Installed<A> {
    fn is_dying(&self) -> bool {
        self.registration.is_dying()
    }
}

type Members<A> = Registry<Installed<A>, System>;

/// The directory. An `A` is what each registration is attached to.
#[pin_data]
pub(crate) struct Directory<A: Send + 'static> {
    #[pin]
    registry: SpinLock<Members<A>>,
    /// How many of them have an owner with this hash: who has none here is not registered.
    owners: [Atomic<u32>; OWNER_HASHES],
    /// The same registrations, by the index of their handles, for look-ups without the lock.
    published: Published<Registration>,
    /// The sequence number of the latest registration. Written under the lock.
    latest: Atomic<u64>,
    /// Registrations that have ended and are still in the registry. Not behind the lock, because it
    /// is counted up where a process ends. That may come after the removal, so for a moment it can
    /// be too low, and even below 0, but never too high.
    dying: Atomic<isize>,
    /// Those who wait for a registration to be removed.
    #[pin]
    removal: WaitQueue,
}

/// Hashes of owners that are told apart without the lock.
const OWNER_HASHES: usize = 256;

fn owner_hash(owner: usize) -> usize {
    // Owners are addresses of objects, which have some zeros at the end.
    (owner >> 6 ^ owner >> 14) % OWNER_HASHES
}

/// A guess that must be tried before it is believed: where somebody was found last.
pub(crate) struct Hint(Atomic<u32>);

impl Hint {
    /// No guess.
    pub(crate) const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// The guess.
    #[inline(always)]
    pub(crate) fn get(&self) -> u32 {
        read_once(&self.0)
    }
}

impl<A: Send> Directory<A> {
    /// Nobody.
    pub(crate) fn new() -> impl PinInit<Self> {
        let seed = HashSeed::new(random_u64(), random_u64());
        pin_init!(Self {
            registry <- new_spinlock!(Registry::new(seed), "mq_registry"),
            owners: [const { Atomic::new(0) }; OWNER_HASHES],
            published: Published::new(),
            latest: Atomic::new(0),
            dying: Atomic::new(0),
            removal <- WaitQueue::new(c_str!("mq_removal"), static_lock_class!()),
        })
    }

    /// Keeps a place for somebody, if limits allow: the name is taken from then on. `charge` is
    /// asked under the lock.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; or what policy says, and who stands in the way.
    pub(crate) fn reserve(
        &self,
        who: Applicant,
        max: u32,
        mut charge: impl FnMut() -> Result<(), Refusal>,
    ) -> Result<core::result::Result<Reserved, Denied>> {
        loop {
            let mut registry = self.registry.lock();
            let Some(chunk) = registry.needs_growth() else {
                let limits = Limits {
                    max: max as usize,
                    dying: self.dying(),
                };
                return Ok(registry.reserve(who, limits, &mut charge));
            };
            drop(registry);
            self.published.add_chunk(chunk)?;
            let growth = Growth::new(chunk)?;
            let spare = self.registry.lock().grow(growth);
            drop(spare);
        }
    }

    /// Makes a registration visible to all, which has a place reserved.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; the place is still reserved then.
    pub(crate) fn install(&self, registration: Arc<Registration>, attachments: A) -> Result {
        let handle = registration.handle();
        // First, so that nobody who is visible is denied.
        let owners = &self.owners[owner_hash(registration.owner())];
        owners.fetch_add(1, Relaxed);
        let mut registry = self.registry.lock();
        self.published
            .publish(handle.index(), registration.clone())?;
        registry.install(
            handle,
            Installed {
                registration,
                attachments: Some(attachments),
            },
        );
        self.latest.store(registry.latest(), Release);
        Ok(())
    }

    /// Gives back a place that was reserved.
    pub(crate) fn cancel(&self, handle: Handle) {
        self.registry.lock().cancel(handle);
        self.removal.wake(Wake::All, PollMask::NONE);
    }

    /// Counts a registration as dying, which will be removed with [`Directory::remove`]. May be
    /// called in atomic context.
    pub(crate) fn count_dying(&self) {
        self.dying.fetch_add(1, Relaxed);
    }

    /// Takes what a registration is attached to.
    pub(crate) fn detach(&self, handle: Handle) -> Option<A> {
        self.registry.lock().get_mut(handle)?.attachments.take()
    }

    /// Removes a registration that was counted as dying, and frees its name.
    pub(crate) fn remove(&self, handle: Handle) -> Option<Retired<Registration>> {
        let (removed, retired) = {
            let mut registry = self.registry.lock();
            let removed = registry.remove(handle);
            // Under the lock, so that whoever counts places sees both or neither.
            self.dying.fetch_sub(1, Relaxed);
            (removed, self.published.retract(handle.index()))
        };
        if let Some(removed) = &removed {
            self.owners[owner_hash(removed.registration.owner())].fetch_sub(1, Relaxed);
        }
        drop(removed);
        self.removal.wake(Wake::All, PollMask::NONE);
        retired
    }

    /// Waits until a registration has been removed.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` where a signal came first.
    pub(crate) fn wait_until_removed(&self, handle: Handle) -> Result {
        let is_gone = || (!self.holds(handle)).then_some(());
        self.removal.wait(false, is_gone).map(|_| ())
    }

    /// Waits until nobody is left.
    pub(crate) fn wait_until_empty(&self) {
        self.removal
            .wait_uninterruptible(|| self.registry.lock().is_empty());
    }

    /// Registrations now.
    pub(crate) fn len(&self) -> usize {
        let registry = self.registry.lock();
        registry.len().saturating_sub(self.dying())
    }

    /// Registrations that have ended and are still to be removed.
    fn dying(&self) -> usize {
        self.dying.load(Relaxed).max(0).unsigned_abs()
    }

    /// The sequence number of the latest registration.
    #[inline(always)]
    pub(crate) fn latest(&self) -> u64 {
        self.latest.load(Acquire)
    }

    /// The registration at a place, if it has not ended.
    #[inline(always)]
    pub(crate) fn at<'a>(
        &'a self,
        index: u32,
        guard: &'a rcu::Guard,
    ) -> Option<ArcBorrow<'a, Registration>> {
        let registration = self.published.get(index, guard)?;
        registration.is_alive().then_some(registration)
    }

    /// The registration that has a place, whether it has ended or not.
    pub(crate) fn get(&self, handle: Handle) -> Option<Arc<Registration>> {
        let registry = self.registry.lock();
        registry
            .get(handle)
            .map(|member| member.registration.clone())
    }

    /// Whether a place is still kept for, or taken by, whom it was given to.
    pub(crate) fn holds(&self, handle: Handle) -> bool {
        self.registry.lock().holds(handle)
    }

    /// The registration that a word is the name of. `hint` is tried first, and holds the place found
    /// then.
    #[inline(always)]
    pub(crate) fn by_word<'a>(
        &'a self,
        word: Word,
        hint: &Hint,
        guard: &'a rcu::Guard,
    ) -> Option<ArcBorrow<'a, Registration>> {
        match self.at(hint.get(), guard) {
            Some(found) if word.is(found.label()) => Some(found),
            _ => self.look_up(hint, guard, move |registry| registry.by_name(word.name()?)),
        }
    }

    /// The registration of the process with this key.
    #[inline(always)]
    pub(crate) fn by_owner<'a>(
        &'a self,
        owner: usize,
        hint: &Hint,
        guard: &'a rcu::Guard,
    ) -> Option<ArcBorrow<'a, Registration>> {
        match self.at(hint.get(), guard) {
            Some(found) if found.owner() == owner => Some(found),
            _ if self.owners[owner_hash(owner)].load(Relaxed) == 0 => None,
            _ => self.look_up(hint, guard, move |registry| registry.by_owner(owner as u64)),
        }
    }

    #[cold]
    #[inline(never)]
    fn look_up<'a>(
        &'a self,
        hint: &Hint,
        guard: &'a rcu::Guard,
        find: impl FnOnce(&Members<A>) -> Option<Handle>,
    ) -> Option<ArcBorrow<'a, Registration>> {
        let registry = self.registry.lock();
        let index = find(&registry)?.index();
        hint.0.store(index, Relaxed);
        self.at(index, guard)
    }

    /// The registration of a name, to be kept.
    pub(crate) fn named(&self, name: Name) -> Option<Arc<Registration>> {
        let registry = self.registry.lock();
        let member = registry.get(registry.by_name(name)?)?;
        Some(member.registration.clone())
    }

    /// The registrations at the next places, up to 64, but for that of `but`.
    #[inline(always)]
    pub(crate) fn batch<'a>(
        &'a self,
        walked: &mut Walked,
        but: Handle,
        guard: &'a rcu::Guard,
    ) -> Option<Batch<'a, Registration>> {
        self.published.batch(walked, but.index(), guard)
    }

    /// The first registration after a place in the order of registration.
    pub(crate) fn after(&self, place: Handle) -> Option<Arc<Registration>> {
        self.above(place.sequence(), place)
    }

    /// The first registration whose number is above `sequence`; `near` is a guess where it is.
    pub(crate) fn above(&self, mut sequence: u64, mut near: Handle) -> Option<Arc<Registration>> {
        loop {
            match self.registry.lock().walk(near, sequence) {
                Walk::Found(_, member) => return Some(member.registration.clone()),
                Walk::Pause(place) => {
                    near = place;
                    sequence = sequence.max(place.sequence());
                }
                Walk::End => return None,
            }
        }
    }
}

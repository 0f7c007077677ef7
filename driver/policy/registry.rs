// SPDX-License-Identifier: GPL-2.0

//! Who is registered: names, owners and the order of registration.
//!
//! A registration comes in two steps, so that the slow part between them needs no lock:
//! [`Registry::reserve`] decides and keeps the place, [`Registry::install`] makes it visible, or
//! [`Registry::cancel`] gives the place back. It leaves in two steps as well: from the moment its
//! member says [`Member::is_dying`] nobody finds it any more, and [`Registry::remove`] frees its
//! name. Who ends a registration, and when, is decided elsewhere; so is all locking.

use super::{
    chunks::{
        chunk_len,
        locate,
        Chunks,
        CHUNKS, //
    },
    hash_index::{
        HashIndex,
        HashSeed,
        Nodes,
        NONE, //
    },
    name::Name,
    refusal::Refusal,
    storage::Storage, //
};
use core::mem;

/// What is kept for a registration.
pub trait Member {
    /// Whether the registration has ended, though it may still be in the registry.
    fn is_dying(&self) -> bool;
}

/// Who wants to register.
#[derive(Clone, Copy)]
pub struct Applicant {
    /// Under which name.
    pub name: Name,
    /// The process; no two that exist at the same time have the same number.
    pub owner: u64,
    /// The user as whom it registers.
    pub user: u64,
}

/// How many may register.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Registrations in all.
    pub max: usize,
    /// Registrations that have ended and have not been removed.
    pub dying: usize,
}

/// Why [`Registry::reserve`] said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The reason.
    pub refusal: Refusal,
    /// The registration that stands in the way; once it is gone the answer may be another.
    pub blocked_by: Option<Handle>,
}

/// A place in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    index: u32,
    sequence: u64,
}

impl Handle {
    /// Before every place: where a walk starts.
    pub const START: Handle = Handle {
        index: NONE,
        sequence: 0,
    };

    /// A guess at the place of the registration of this sequence number: that of one nearby.
    pub fn near(sequence: u64, index: u32) -> Handle {
        Handle { index, sequence }
    }

    /// The number of the place, which a later registration can have again.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The number of the registration; later ones have larger numbers, and the first has 1.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// A place that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The place.
    pub handle: Handle,
    /// The registration of the same process, made as another user, that is to end for this one.
    pub replaces: Option<Handle>,
}

/// Where a walk has come to.
pub enum Walk<'a, T> {
    /// To a registration.
    Found(Handle, &'a T),
    /// Nowhere yet: enough steps for one turn of a lock. It can go on from near this place, and
    /// above its number, if that is the larger.
    Pause(Handle),
    /// To the end.
    End,
}

/// Steps of one turn of a walk.
const STEPS: usize = 32;

/// The places, which are the nodes of both indexes.
struct Slots<T, S: Storage>(Chunks<Slot<T>, S>);

enum Slot<T> {
    Free {
        /// The next free place.
        next: u32,
    },
    Taken(Entry<T>),
}

/// What a place that is taken holds.
struct Entry<T> {
    who: Applicant,
    sequence: u64,
    /// The neighbours in the order of registration.
    earlier: u32,
    later: u32,
    /// What follows in the chains of the two indexes.
    next_by_name: u32,
    next_by_owner: u32,
    replaces: Option<Handle>,
    /// `None` until it is installed.
    member: Option<T>,
}

impl<T, S: Storage> Slots<T, S> {
    fn entry(&self, index: u32) -> Option<&Entry<T>> {
        match self.0.get(index as usize)? {
            Slot::Taken(entry) => Some(entry),
            Slot::Free { .. } => None,
        }
    }

    fn entry_mut(&mut self, index: u32) -> Option<&mut Entry<T>> {
        match self.0.get_mut(index as usize)? {
            Slot::Taken(entry) => Some(entry),
            Slot::Free { .. } => None,
        }
    }

    /// What is at a place, if it is still the registration that the place was given to.
    fn at(&self, handle: Handle) -> Option<&Entry<T>> {
        self.entry(handle.index)
            .filter(|entry| entry.sequence == handle.sequence)
    }
}

struct ByName;
struct ByOwner;

impl<T, S: Storage> Nodes<ByName> for Slots<T, S> {
    fn key(&self, node: u32) -> u64 {
        self.entry(node).map_or(0, |entry| entry.who.name.key())
    }

    fn next(&self, node: u32) -> u32 {
        self.entry(node).map_or(NONE, |entry| entry.next_by_name)
    }

    fn set_next(&mut self, node: u32, next: u32) {
        if let Some(entry) = self.entry_mut(node) {
            entry.next_by_name = next;
        }
    }
}

impl<T, S: Storage> Nodes<ByOwner> for Slots<T, S> {
    fn key(&self, node: u32) -> u64 {
        self.entry(node).map_or(0, |entry| entry.who.owner)
    }

    fn next(&self, node: u32) -> u32 {
        self.entry(node).map_or(NONE, |entry| entry.next_by_owner)
    }

    fn set_next(&mut self, node: u32, next: u32) {
        if let Some(entry) = self.entry_mut(node) {
            entry.next_by_owner = next;
        }
    }
}

/// Memory by which a registry grows, made before any lock is taken.
pub struct Growth<T, S: Storage> {
    chunk: usize,
    slots: S::Array<Slot<T>>,
    names: S::Array<u32>,
    owners: S::Array<u32>,
}

impl<T, S: Storage> Growth<T, S> {
    /// The memory of the chunk with this number: see [`Registry::needs_growth`].
    ///
    /// # Errors
    ///
    /// Where there is not enough memory.
    pub fn new(chunk: usize) -> Result<Self, S::Error> {
        let len = chunk_len(chunk);
        Ok(Self {
            chunk,
            slots: S::array(len, || Slot::Free { next: NONE })?,
            names: S::array(len, || NONE)?,
            owners: S::array(len, || NONE)?,
        })
    }
}

/// The registrations, in the order in which they came.
pub struct Registry<T, S: Storage> {
    slots: Slots<T, S>,
    names: HashIndex<ByName, S>,
    owners: HashIndex<ByOwner, S>,
    /// The free places of each chunk that were taken before.
    free: [u32; CHUNKS],
    /// Places that were taken before: those from here on never were.
    used: u32,
    first: u32,
    last: u32,
    len: usize,
    sequence: u64,
}

impl<T: Member, S: Storage> Registry<T, S> {
    /// An empty registry, which needs to grow before anybody can register.
    pub fn new(seed: HashSeed) -> Self {
        Self {
            slots: Slots(Chunks::new()),
            names: HashIndex::new(seed),
            owners: HashIndex::new(seed),
            free: [NONE; CHUNKS],
            used: 0,
            first: NONE,
            last: NONE,
            len: 0,
            sequence: 0,
        }
    }

    /// Registrations held, those that are on their way in or out included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no registration is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The sequence number of the latest registration; 0 if there was none.
    pub fn latest(&self) -> u64 {
        self.sequence
    }

    /// Whether a place is still taken by the registration that it was given to.
    pub fn holds(&self, handle: Handle) -> bool {
        self.slots.at(handle).is_some()
    }

    /// What is installed at a place.
    pub fn get(&self, handle: Handle) -> Option<&T> {
        self.slots.at(handle)?.member.as_ref()
    }

    /// What is installed at a place, to be changed.
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        if !self.holds(handle) {
            return None;
        }
        self.slots.entry_mut(handle.index)?.member.as_mut()
    }

    /// The chunk to grow by with [`Registry::grow`], where the next [`Registry::reserve`] needs it.
    pub fn needs_growth(&self) -> Option<usize> {
        let full = self.free_slot().is_none();
        full.then(|| self.slots.0.next_chunk())
    }

    /// Grows, in constant time, or returns memory that is not needed any more, to be freed where
    /// that is allowed.
    pub fn grow(&mut self, growth: Growth<T, S>) -> Option<Growth<T, S>> {
        if growth.chunk != self.slots.0.next_chunk() {
            return Some(growth);
        }
        self.slots.0.push_chunk(growth.slots);
        self.names.push_chunk(growth.names);
        self.owners.push_chunk(growth.owners);
        None
    }

    /// Decides whether `who` may register, and keeps the place. `charge` is asked last of all, and
    /// counts the registration against its user's quota.
    ///
    /// A process that is registered as another user may register anew: once that is installed, the
    /// caller ends what it replaces.
    ///
    /// # Errors
    ///
    /// [`Denied`] with [`Refusal::AlreadyRegistered`], [`Refusal::NameTaken`],
    /// [`Refusal::TableFull`] or what `charge` says.
    pub fn reserve(
        &mut self,
        who: Applicant,
        limits: Limits,
        charge: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<Reserved, Denied> {
        let held = self.owners.find(&self.slots, who.owner);
        let replaces = match held.and_then(|index| self.slots.entry(index)) {
            Some(entry) if entry.who.user == who.user || !entry.is_live() => {
                return Err(self.denied(Refusal::AlreadyRegistered, held));
            }
            Some(entry) => held.map(|index| entry.handle(index)),
            None => None,
        };
        let holder = self.names.find(&self.slots, who.name.key());
        if holder.is_some() && holder != replaces.map(|replaced| replaced.index) {
            return Err(self.denied(Refusal::NameTaken, holder));
        }
        let counted = self.len - limits.dying.min(self.len) - usize::from(replaces.is_some());
        if counted >= limits.max {
            return Err(self.denied(Refusal::TableFull, None));
        }
        let Some((index, free)) = self.free_slot() else {
            return Err(self.denied(Refusal::TableFull, None));
        };
        charge().map_err(|refusal| self.denied(refusal, None))?;

        let (chunk, _) = locate(index as usize);
        match (free, self.free.get_mut(chunk)) {
            (Some(next), Some(free)) => *free = next,
            _ => self.used += 1,
        }
        self.sequence += 1;
        self.len += 1;
        let entry = Entry {
            who,
            sequence: self.sequence,
            earlier: self.last,
            later: NONE,
            next_by_name: NONE,
            next_by_owner: NONE,
            replaces,
            member: None,
        };
        let handle = entry.handle(index);
        if let Some(slot) = self.slots.0.get_mut(index as usize) {
            *slot = Slot::Taken(entry);
        }
        self.link(self.last, index);
        self.last = index;
        self.names.insert(&mut self.slots, index);
        self.owners.insert(&mut self.slots, index);
        Ok(Reserved { handle, replaces })
    }

    /// Makes a registration visible for which a place has been reserved.
    pub fn install(&mut self, handle: Handle, member: T) {
        if self.holds(handle) {
            if let Some(entry) = self.slots.entry_mut(handle.index) {
                entry.member = Some(member);
                entry.replaces = None;
            }
        }
    }

    /// Gives back a place that has been reserved and not installed.
    pub fn cancel(&mut self, handle: Handle) {
        let _ = self.remove(handle);
    }

    /// Removes a registration and frees its name.
    pub fn remove(&mut self, handle: Handle) -> Option<T> {
        let (earlier, later) = {
            let entry = self.slots.at(handle)?;
            (entry.earlier, entry.later)
        };
        self.names.remove(&mut self.slots, handle.index);
        self.owners.remove(&mut self.slots, handle.index);
        self.link(earlier, later);
        self.len -= 1;
        let (chunk, _) = locate(handle.index as usize);
        let next = mem::replace(self.free.get_mut(chunk)?, handle.index);
        let free = Slot::Free { next };
        match mem::replace(self.slots.0.get_mut(handle.index as usize)?, free) {
            Slot::Taken(entry) => entry.member,
            Slot::Free { .. } => None,
        }
    }

    /// The place of the registration of a name.
    pub fn by_name(&self, name: Name) -> Option<Handle> {
        self.found(self.names.find(&self.slots, name.key())?)
    }

    /// The place of the registration of a process.
    pub fn by_owner(&self, owner: u64) -> Option<Handle> {
        self.found(self.owners.find(&self.slots, owner)?)
    }

    /// Walks on to the first registration whose number is above `sequence`, from `near`, which may
    /// be any place: the closer it is, whether still taken or not, the fewer steps it takes.
    pub fn walk(&self, near: Handle, sequence: u64) -> Walk<'_, T> {
        // Whoever has the place of `near` now: all before it in the order have smaller numbers.
        let mut index = match self.slots.entry(near.index) {
            Some(entry) if entry.sequence <= sequence.saturating_add(1) => near.index,
            _ => self.first,
        };
        let mut place = Handle::START;
        for _ in 0..STEPS {
            let Some(entry) = self.slots.entry(index) else {
                return Walk::End;
            };
            place = entry.handle(index);
            match &entry.member {
                Some(member) if entry.sequence > sequence && !member.is_dying() => {
                    return Walk::Found(place, member);
                }
                _ => index = entry.later,
            }
        }
        Walk::Pause(place)
    }

    fn denied(&self, refusal: Refusal, holder: Option<u32>) -> Denied {
        let blocked_by = holder.and_then(|index| Some(self.slots.entry(index)?.handle(index)));
        Denied {
            refusal,
            blocked_by,
        }
    }

    /// A free place; and the one that is free after it, or `None` for one that was never taken.
    ///
    /// It is in the first chunk that has one: after many have come and gone, those who are left are
    /// found close together by whoever walks over the places.
    fn free_slot(&self) -> Option<(u32, Option<u32>)> {
        for &index in &self.free {
            if let Some(&Slot::Free { next }) = self.slots.0.get(index as usize) {
                return Some((index, Some(next)));
            }
        }
        let is_left = (self.used as usize) < self.slots.0.len();
        is_left.then_some((self.used, None))
    }

    /// What is found at a place; where that is only reserved, what it is to replace.
    fn found(&self, index: u32) -> Option<Handle> {
        let entry = self.slots.entry(index)?;
        match (&entry.member, entry.replaces) {
            (Some(_), _) => entry.is_live().then(|| entry.handle(index)),
            (None, Some(replaced)) => {
                let earlier = self.slots.at(replaced)?;
                earlier.is_live().then_some(replaced)
            }
            (None, None) => None,
        }
    }

    /// Makes two places neighbours in the order; `NONE` stands for the end of it.
    fn link(&mut self, before: u32, after: u32) {
        match self.slots.entry_mut(before) {
            Some(entry) => entry.later = after,
            None => self.first = after,
        }
        match self.slots.entry_mut(after) {
            Some(entry) => entry.earlier = before,
            None => self.last = before,
        }
    }
}

impl<T: Member> Entry<T> {
    /// Whether it is installed and has not ended.
    fn is_live(&self) -> bool {
        self.member
            .as_ref()
            .is_some_and(|member| !member.is_dying())
    }

    fn handle(&self, index: u32) -> Handle {
        Handle {
            index,
            sequence: self.sequence,
        }
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
mod tests;

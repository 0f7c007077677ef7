// SPDX-License-Identifier: GPL-2.0

//! Who is registered: names, owners, shares and the order of registration.
//!
//! A registration comes in two steps, so that the slow part between them needs no lock:
//! [`Registry::admit`] decides and keeps the place, [`Registry::publish`] makes it visible. It leaves
//! in two steps as well: from the moment its member says [`Member::has_ended`] nobody finds it any
//! more, and [`Registry::remove`] frees its name. Who ends a registration, and when, is decided
//! elsewhere; so is all locking.

use super::{
    name::Name,
    refusal::Refusal,
    storage::Storage,
    table::{Spread, Table},
};
use core::mem;

/// What is kept for a registration.
pub trait Member {
    /// Whether the registration has ended, though it may still be in the registry.
    fn has_ended(&self) -> bool;
}

/// Who wants to register.
#[derive(Clone, Copy)]
pub struct Applicant {
    /// Under which name.
    pub name: Name,
    /// The process; no two that exist at the same time have the same number.
    pub owner: u64,
    /// The user.
    pub user: u64,
}

/// How many may register.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Registrations in all.
    pub max: usize,
    /// Registrations of one user; `None` for somebody whom this limit does not bind.
    pub share: Option<u32>,
    /// Registrations that have ended and have not been removed.
    pub leaving: usize,
}

/// Why [`Registry::admit`] said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The cause.
    pub refusal: Refusal,
    /// A registration that has ended and still stands in the way; without it the answer may be
    /// another.
    pub until_gone: Option<Ticket>,
}

/// A place in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    slot: u32,
    order: u64,
}

impl Ticket {
    /// Before every place: where a walk starts.
    pub const START: Ticket = Ticket {
        slot: NONE,
        order: 0,
    };

    /// A guess at the place of the registration of number `order`, from the slot of one nearby.
    pub fn near(order: u64, slot: u32) -> Ticket {
        Ticket { slot, order }
    }

    /// The slot of the place, for [`Ticket::near`].
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// The number of the registration; later ones have larger numbers, and the first has 1.
    pub fn order(&self) -> u64 {
        self.order
    }
}

/// Where a walk has come to.
pub enum Walk<'a, T> {
    /// To a registration.
    Found(Ticket, &'a T),
    /// Nowhere yet: enough steps for one turn of a lock. It can go on from near this place, and above
    /// its number, if that is the larger.
    Pause(Ticket),
    /// To the end.
    End,
}

/// Steps of one turn of a walk.
const STEPS: usize = 32;

const NONE: u32 = u32::MAX;

enum Slot<T> {
    Free {
        next: u32,
    },
    Taken {
        who: Applicant,
        order: u64,
        earlier: u32,
        later: u32,
        member: Option<T>,
    },
}

type Index<S> = Table<<S as Storage>::Array<Option<(u64, u32)>>>;

/// Arrays for a registry of a certain size, made before any lock is taken.
pub struct Room<T, S: Storage> {
    slots: S::Array<Slot<T>>,
    names: Index<S>,
    owners: Index<S>,
    users: Index<S>,
}

impl<T, S: Storage> Room<T, S> {
    /// Room for `capacity` registrations, at least one.
    ///
    /// # Errors
    ///
    /// Where there is not enough memory.
    pub fn new(capacity: usize, spread: Spread) -> Result<Self, S::Error> {
        let index = || {
            let places = (capacity * 2).next_power_of_two().max(2);
            Ok(Table::new(S::array(places, || None)?, spread))
        };
        let mut at = 0;
        Ok(Self {
            slots: S::array(capacity, || {
                at += 1;
                Slot::Free {
                    next: if at < capacity { at as u32 } else { NONE },
                }
            })?,
            names: index()?,
            owners: index()?,
            users: index()?,
        })
    }
}

/// The registrations, in the order in which they came.
pub struct Registry<T, S: Storage> {
    room: Room<T, S>,
    free: u32,
    first: u32,
    last: u32,
    taken: usize,
    orders: u64,
}

impl<T: Member, S: Storage> Registry<T, S> {
    /// An empty registry.
    pub fn new(room: Room<T, S>) -> Self {
        let free = if room.slots.is_empty() { NONE } else { 0 };
        Self {
            room,
            free,
            first: NONE,
            last: NONE,
            taken: 0,
            orders: 0,
        }
    }

    /// Registrations held, those that are on their way in or out included.
    pub fn len(&self) -> usize {
        self.taken
    }

    /// Whether no registration is held.
    pub fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// The number of the latest registration; 0 if there was none.
    pub fn latest(&self) -> u64 {
        self.orders
    }

    /// Whether a place is still taken by the registration that it was given to.
    pub fn holds(&self, ticket: Ticket) -> bool {
        matches!(self.room.slots.get(ticket.slot as usize),
            Some(Slot::Taken { order, .. }) if *order == ticket.order)
    }

    /// The capacity to move to with [`Registry::grow`], where the next [`Registry::admit`] needs it.
    pub fn wants_room(&self) -> Option<usize> {
        (self.free == NONE).then(|| self.room.slots.len() * 2)
    }

    /// Moves into a larger room and returns the old one (or the new one, were it not larger), to be
    /// freed where that is allowed.
    pub fn grow(&mut self, mut room: Room<T, S>) -> Room<T, S> {
        let held = self.room.slots.len();
        if room.slots.len() <= held {
            return room;
        }
        for at in 0..held {
            mem::swap(&mut self.room.slots[at], &mut room.slots[at]);
            let Slot::Taken { who, .. } = &room.slots[at] else {
                continue;
            };
            room.names.set(who.name.key(), at as u32);
            room.owners.set(who.owner, at as u32);
            if let Some(count) = self.room.users.get(who.user) {
                room.users.set(who.user, count);
            }
        }
        // The new slots are chained from the first that was not there before; the old free ones, of
        // which there are none when growth was wanted, come after them.
        let last = room.slots.len() - 1;
        if let Slot::Free { next } = &mut room.slots[last] {
            *next = self.free;
        }
        self.free = held as u32;
        mem::replace(&mut self.room, room)
    }

    /// Decides whether `who` may register, and keeps the place.
    ///
    /// # Errors
    ///
    /// [`Denied`] with [`Refusal::AlreadyRegistered`], [`Refusal::NameTaken`],
    /// [`Refusal::TableFull`] or [`Refusal::ShareUsedUp`].
    pub fn admit(&mut self, who: Applicant, limits: Limits) -> Result<Ticket, Denied> {
        for (refusal, holder) in [
            (Refusal::AlreadyRegistered, self.room.owners.get(who.owner)),
            (Refusal::NameTaken, self.room.names.get(who.name.key())),
        ] {
            if let Some(slot) = holder {
                return Err(Denied {
                    refusal,
                    until_gone: self.ended(slot),
                });
            }
        }
        let full = Denied {
            refusal: Refusal::TableFull,
            until_gone: None,
        };
        if self.taken.saturating_sub(limits.leaving) >= limits.max {
            return Err(full);
        }
        let held = self.room.users.get(who.user).unwrap_or(0);
        if limits.share.is_some_and(|share| held >= share) {
            return Err(Denied {
                refusal: Refusal::ShareUsedUp,
                until_gone: None,
            });
        }
        let slot = self.free;
        let Some(&Slot::Free { next }) = self.room.slots.get(slot as usize) else {
            return Err(full);
        };
        self.free = next;
        self.orders += 1;
        self.taken += 1;
        self.room.slots[slot as usize] = Slot::Taken {
            who,
            order: self.orders,
            earlier: self.last,
            later: NONE,
            member: None,
        };
        self.link(self.last, slot);
        self.last = slot;
        self.room.names.set(who.name.key(), slot);
        self.room.owners.set(who.owner, slot);
        self.room.users.set(who.user, held + 1);
        Ok(Ticket {
            slot,
            order: self.orders,
        })
    }

    /// Makes an admitted registration visible.
    pub fn publish(&mut self, ticket: Ticket, member: T) {
        if let Some(Slot::Taken { member: place, .. }) = self.at(ticket) {
            *place = Some(member);
        }
    }

    /// Removes a registration, published or not, and frees its name.
    pub fn remove(&mut self, ticket: Ticket) -> Option<T> {
        self.at(ticket)?;
        let free = Slot::Free { next: self.free };
        let Slot::Taken {
            who,
            earlier,
            later,
            member,
            ..
        } = mem::replace(&mut self.room.slots[ticket.slot as usize], free)
        else {
            return None;
        };
        self.free = ticket.slot;
        self.taken -= 1;
        self.link(earlier, later);
        self.room.names.remove(who.name.key());
        self.room.owners.remove(who.owner);
        match self.room.users.get(who.user) {
            Some(held) if held > 1 => self.room.users.set(who.user, held - 1),
            _ => self.room.users.remove(who.user),
        }
        member
    }

    /// The registration of a name.
    pub fn by_name(&self, name: Name) -> Option<&T> {
        self.live(self.room.names.get(name.key())?)
    }

    /// The registration of a process.
    pub fn by_owner(&self, owner: u64) -> Option<&T> {
        self.live(self.room.owners.get(owner)?)
    }

    /// Walks on to the first registration whose number is above `order`, from `near`, which may be
    /// any place: the closer it is, whether still taken or not, the fewer steps it takes.
    pub fn walk(&self, near: Ticket, order: u64) -> Walk<'_, T> {
        // Whoever has the slot of `near` now: all before it in the order have smaller numbers.
        let mut slot = match self.room.slots.get(near.slot as usize) {
            Some(Slot::Taken { order: here, .. }) if *here <= order.saturating_add(1) => near.slot,
            _ => self.first,
        };
        let mut place = Ticket::START;
        for _ in 0..STEPS {
            let Some(Slot::Taken {
                order: here,
                later,
                member,
                ..
            }) = self.room.slots.get(slot as usize)
            else {
                return Walk::End;
            };
            place = Ticket { slot, order: *here };
            match member {
                Some(member) if *here > order && !member.has_ended() => {
                    return Walk::Found(place, member);
                }
                _ => slot = *later,
            }
        }
        Walk::Pause(place)
    }

    fn at(&mut self, ticket: Ticket) -> Option<&mut Slot<T>> {
        if self.holds(ticket) {
            self.room.slots.get_mut(ticket.slot as usize)
        } else {
            None
        }
    }

    /// The place of the registration in a slot, if it has ended.
    fn ended(&self, slot: u32) -> Option<Ticket> {
        match self.room.slots.get(slot as usize)? {
            Slot::Taken {
                order,
                member: Some(member),
                ..
            } if member.has_ended() => Some(Ticket {
                slot,
                order: *order,
            }),
            _ => None,
        }
    }

    fn member(&self, slot: u32) -> Option<&T> {
        match self.room.slots.get(slot as usize)? {
            Slot::Taken { member, .. } => member.as_ref(),
            Slot::Free { .. } => None,
        }
    }

    fn live(&self, slot: u32) -> Option<&T> {
        self.member(slot).filter(|member| !member.has_ended())
    }

    /// Makes two slots neighbours in the order; `NONE` stands for the end of it.
    fn link(&mut self, before: u32, after: u32) {
        match self.room.slots.get_mut(before as usize) {
            Some(Slot::Taken { later, .. }) => *later = after,
            _ => self.first = after,
        }
        match self.room.slots.get_mut(after as usize) {
            Some(Slot::Taken { earlier, .. }) => *earlier = before,
            _ => self.last = before,
        }
    }
}

#[cfg(test)]
mod tests;

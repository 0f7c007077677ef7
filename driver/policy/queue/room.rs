// SPDX-License-Identifier: GPL-2.0

//! Making room in a queue for a message that takes the place of many.
//!
//! In several steps, between which the caller frees what has gone, without a lock; so others send
//! and read meanwhile.

use super::{
    Item,
    Pushed,
    Queue,
    Storage, //
};

impl<T: Item, W, S: Storage> Queue<T, W, S> {
    /// Begins to make room for a message of `memory` bytes that takes the place of many. What is
    /// taken out meanwhile is kept from others, so that it ends however much they send. Returns
    /// false where others are doing so, and theirs are to leave no room for this one, which so
    /// comes and goes at once.
    pub fn begin_large(&mut self, memory: usize) -> bool {
        let pending = self.pending.saturating_add(memory);
        if self.open && pending > self.bytes_max {
            self.count_too_large();
            return false;
        }
        self.pending = pending;
        self.note_change();
        true
    }

    /// Moves the oldest messages of the lowest priorities, up to that of `message`, to `displaced`,
    /// until there is room for it or no place left to move one to. `held` sums up what they took.
    /// Returns whether no more of them have to go; room that was found is kept for this one.
    pub fn make_room(
        &mut self,
        message: &T,
        held: &mut usize,
        displaced: &mut [Option<T>],
    ) -> bool {
        for place in displaced {
            if self.keep_room(message, held) {
                return true;
            }
            let Some(least) = self.backlog.pop_least() else {
                break;
            };
            self.held += least.memory();
            *held += least.memory();
            self.stats.dropped_overflow += 1;
            *place = Some(least);
        }
        self.keep_room(message, held) || !self.open
    }

    /// Keeps room for a message in the place of what is held, if there is as much. Returns whether
    /// there is, or all that is left is of higher priority.
    fn keep_room(&mut self, message: &T, held: &mut usize) -> bool {
        let memory = message.memory();
        if self.used() - *held + memory <= self.bytes_max {
            self.held = self.held - *held + memory;
            *held = memory;
            return true;
        }
        let least = self.backlog.least();
        least.is_some_and(|least| least.priority() > message.priority())
    }

    /// Adds a message for which there is room by now, and gives up what was held for it.
    pub fn end_large(&mut self, message: T, held: usize) -> Result<(), Pushed<T>> {
        let memory = message.memory();
        self.pending -= memory;
        self.held -= held;
        self.note_change();
        self.push_slowly(message, memory)
    }
}

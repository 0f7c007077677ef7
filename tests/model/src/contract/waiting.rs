// SPDX-License-Identifier: GPL-2.0

//! Section 12.2 of the contract: senders who wait for room, and how that ends: first come, first
//! served, as soon as there is room; with the receiver's registration; or with the process.

use nix::errno::Errno::{EACCES, EAGAIN, ENOENT};

use super::{queue::Waiter, writing::Text, Model};
use crate::{
    limits,
    machine::{Answer, Outcome},
    operation::How,
    records::{self, Record},
    world::{File, Process, ProcessId},
};

impl Model {
    /// Writes a record, and waits if there is no room.
    pub(super) fn send_waiting(&mut self, caller: Process, file: File, record: &Record) -> Outcome {
        let bytes = record.to_lasting_bytes();
        match self.write(caller, file, How::Plainly, &bytes) {
            Err(EAGAIN) => {}
            written => return written.map(Answer::Written),
        }
        let sender = self.acting(caller.id, file).ok_or(EACCES)?;
        let to = records::padded(&record.to.0);
        let receiver = self.named(records::name(&to)).ok_or(ENOENT)?;
        let text = Text {
            bytes: &record.text.0,
            memory: limits::memory(record.text.0.len()),
            priority: record.priority,
            waits: true,
        };
        let waiter = Waiter {
            process: caller.id,
            sender: self.registrations[sender].number,
            message: self.message(sender, &text, false),
            size: bytes.len(),
        };
        self.registrations[receiver].queue.line.push_back(waiter);
        self.set_waits(caller.id, true);
        Ok(Answer::Waits)
    }

    /// Gives the room of a queue to those who wait for it.
    pub(super) fn settle(&mut self, receiver: usize) {
        loop {
            let queue = &mut self.registrations[receiver].queue;
            let has_room = |waiter: &Waiter| queue.has_room(waiter.message.memory);
            if !queue.line.front().is_some_and(has_room) {
                return;
            }
            let Some(waiter) = queue.line.pop_front() else {
                return;
            };
            self.registrations[receiver].queue.put(waiter.message);
            self.totals.add("deliveries", 1);
            self.count_send(waiter.sender);
            self.end_wait(waiter.process, Ok(Answer::Written(waiter.size)));
        }
    }

    /// Tells those who wait that there will be no room.
    pub(super) fn refuse_all(&mut self, line: impl IntoIterator<Item = Waiter>) {
        for waiter in line {
            let outcome = self.totals.note(Err(ENOENT));
            self.end_wait(waiter.process, outcome);
        }
    }

    /// A process that ends waits no longer.
    pub(super) fn leave(&mut self, process: ProcessId) {
        for number in 0..self.registrations.len() {
            let line = &mut self.registrations[number].queue.line;
            line.retain(|waiter| waiter.process != process);
            self.settle(number);
        }
    }

    fn end_wait(&mut self, process: ProcessId, outcome: Outcome) {
        self.set_waits(process, false);
        if let Some(place) = self.world.place(process) {
            self.over.push((place, outcome));
        }
    }

    fn set_waits(&mut self, process: ProcessId, waits: bool) {
        if let Some(place) = self.world.place(process) {
            self.world.set_waits(place, waits);
        }
    }

    /// Counts a message sent by a registration, which may have ended since.
    pub(super) fn count_send(&mut self, sender: u64) {
        let mut all = self.registrations.iter_mut();
        if let Some(sender) = all.find(|of| of.number == sender) {
            sender.sent += 1;
        }
        self.totals.add("sends", 1);
    }
}

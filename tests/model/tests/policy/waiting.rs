// SPDX-License-Identifier: GPL-2.0

//! Waiting for room: policy has the line; who is told, and how, is the driver's business.

use mq_model::{
    world::{File, Process, ProcessId},
    Answer, How, Outcome, Record,
};
use mq_policy::{
    line::{Growth, Ticket},
    name::Word,
    queue::Settled,
    refusal::Refusal,
    registry::Handle,
};
use nix::errno::Errno;

use super::{
    machine::{number, Policy},
    registration::Registration,
    writing::Text,
};

/// Who waits.
#[derive(Clone, Copy)]
pub struct Waiter {
    process: ProcessId,
    sender: Handle,
    /// What it writes, in bytes.
    size: usize,
}

impl Policy {
    /// Writes a record, and waits if there is no room.
    pub fn send_waiting(&mut self, caller: Process, file: File, record: &Record) -> Outcome {
        let bytes = record.to_lasting_bytes();
        match self.write(caller, file, How::Plainly, &bytes) {
            Err(Errno::EAGAIN) => {}
            written => return written.map(Answer::Written),
        }
        let to = Word::padded(mq_model::records::padded(&record.to.0)).name();
        let to = to.and_then(|to| self.registry.by_name(to));
        let to = to.ok_or(number(Refusal::NoSuchName))?;
        let sender = self.acting(caller.id, file);
        let sender = sender.ok_or(number(Refusal::SenderNotRegistered))?;
        let text = Text {
            written: &record.text.0,
            at: 0,
            end: record.text.0.len(),
            priority: record.priority as u16,
            waits: true,
        };
        let message = self.message(sender, &text, false);
        let waiter = Waiter {
            process: caller.id,
            sender,
            size: bytes.len(),
        };
        let queue = &mut self.at(to).queue;
        if let Some(chunk) = queue.line().needs_growth() {
            let Ok(growth) = Growth::new(chunk);
            assert!(queue.line().grow(growth).is_none());
        }
        let Ok(ticket) = queue.wait(message, waiter) else {
            panic!("the line has grown");
        };
        self.tickets.insert(caller.id, (to, ticket));
        self.set_waits(caller.id, true);
        Ok(Answer::Waits)
    }

    /// Gives the room of a queue to those who wait for it.
    pub fn settle(&mut self, handle: Handle) {
        loop {
            // One at a time, so that there are turns.
            let mut settled = [None];
            self.at(handle).queue.settle(&mut settled);
            let [Some(Settled { who, refused })] = settled else {
                return;
            };
            assert!(refused.is_none(), "who has ended is not found");
            let (of, ticket) = self.ticket(who.process);
            assert!(of == handle && self.at(of).queue.leave(ticket).is_err());
            if let Some(sender) = self.registry.get_mut(who.sender) {
                sender.sent += 1;
            }
            self.totals.add("sends", 1);
            self.end_wait(who.process, Ok(Answer::Written(who.size)));
        }
    }

    /// Tells those who wait for room in a queue that has been closed.
    pub fn refuse_all(&mut self, of: &mut Registration) {
        loop {
            let mut settled = [None];
            of.queue.settle(&mut settled);
            let [Some(Settled { who, refused })] = settled else {
                return;
            };
            assert!(refused.is_some(), "it takes no more");
            self.ticket(who.process);
            let outcome = self.totals.note(Err(number(Refusal::NoSuchName)));
            self.end_wait(who.process, outcome);
        }
    }

    /// A process that ends waits no longer.
    pub fn leave(&mut self, process: ProcessId) {
        if let Some((of, ticket)) = self.tickets.remove(&process) {
            assert!(self.at(of).queue.leave(ticket).is_ok(), "it waits");
            self.settle(of);
        }
    }

    fn ticket(&mut self, process: ProcessId) -> (Handle, Ticket) {
        self.tickets.remove(&process).expect("who waits has one")
    }

    fn end_wait(&mut self, process: ProcessId, outcome: Outcome) {
        self.set_waits(process, false);
        let place = self.world.place(process).expect("who waits lives");
        self.over.push((place, outcome));
    }

    fn set_waits(&mut self, process: ProcessId, waits: bool) {
        let place = self.world.place(process).expect("who waits lives");
        self.world.set_waits(place, waits);
    }
}

// SPDX-License-Identifier: GPL-2.0

//! A queue, operation by operation, beside a list that does the same slowly: what comes out, in which
//! order, what is dropped, and every count.
#![no_main]

mod heap;

use heap::{array, Heap};
use libfuzzer_sys::fuzz_target;
use mq_policy::{
    priorities::Priorities,
    queue::{Item, Pushed, Queue, QueueStats},
};

const BYTES_MAX: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message {
    priority: u16,
    memory: usize,
    number: u32,
    sequence: u64,
}

impl Item for Message {
    fn memory(&self) -> usize {
        self.memory
    }

    fn priority(&self) -> u16 {
        self.priority
    }

    fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// Messages in the order of reading.
struct Model {
    messages: Vec<Message>,
    capacity: usize,
    stats: QueueStats,
    open: bool,
}

impl Model {
    fn bytes(&self) -> usize {
        self.messages.iter().map(|message| message.memory).sum()
    }

    fn has_room_for(&self, memory: usize) -> bool {
        self.messages.len() < self.capacity && self.bytes() + memory <= BYTES_MAX
    }

    /// Where the oldest of the lowest priority is.
    fn least(&self) -> Option<usize> {
        let lowest = self.messages.last()?.priority;
        self.messages
            .iter()
            .position(|message| message.priority == lowest)
    }

    fn insert(&mut self, message: Message) {
        let before = |other: &Message| other.priority >= message.priority;
        let at = self
            .messages
            .iter()
            .take_while(|other| before(other))
            .count();
        self.messages.insert(at, message);
    }

    fn add(&mut self, mut message: Message) {
        self.stats.received += 1;
        message.sequence = self.stats.received;
        self.insert(message);
    }

    fn push(&mut self, message: Message) -> Result<(), Pushed<Message>> {
        if !self.open {
            return Err(Pushed::Closed(message));
        }
        if self.has_room_for(message.memory) {
            self.add(message);
            return Ok(());
        }
        if message.memory > BYTES_MAX {
            return Err(Pushed::TooLarge(message));
        }
        let Some(least) = self.least() else {
            return Err(Pushed::NoRoom(message));
        };
        if self.messages[least].priority > message.priority {
            self.stats.received += 1;
            self.stats.dropped_overflow += 1;
            return Err(Pushed::Displaced(message));
        }
        if self.bytes() - self.messages[least].memory + message.memory > BYTES_MAX {
            return Err(Pushed::NoRoom(message));
        }
        let least = self.messages.remove(least);
        self.stats.dropped_overflow += 1;
        self.add(message);
        Err(Pushed::Displaced(least))
    }

    fn pop(&mut self) -> Option<Message> {
        let first = !self.messages.is_empty();
        self.stats.read += u64::from(first);
        first.then(|| self.messages.remove(0))
    }

    fn put_back(&mut self, message: Message) -> Option<Message> {
        self.stats.read -= 1;
        if !self.open {
            self.stats.dropped_end += 1;
            return Some(message);
        }
        let mut gone = None;
        if !self.has_room_for(message.memory) {
            self.stats.dropped_overflow += 1;
            let least = self.least().filter(|&at| {
                let least = self.messages[at];
                (least.priority, least.sequence) < (message.priority, message.sequence)
                    && self.bytes() - least.memory + message.memory <= BYTES_MAX
            });
            match least {
                Some(at) => gone = Some(self.messages.remove(at)),
                None => return Some(message),
            }
        }
        let before = |other: &Message| {
            let same = other.priority == message.priority;
            other.priority > message.priority || same && other.sequence < message.sequence
        };
        let at = self
            .messages
            .iter()
            .take_while(|other| before(other))
            .count();
        self.messages.insert(at, message);
        gone
    }

    fn discard(&mut self) -> Option<Message> {
        let message = (!self.messages.is_empty()).then(|| self.messages.remove(0))?;
        if self.open {
            self.stats.dropped_flush += 1;
        } else {
            self.stats.dropped_end += 1;
        }
        Some(message)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [capacity, operations @ ..] = bytes else {
        return;
    };
    let capacity = 1 + usize::from(capacity % 8);
    let mut queue: Queue<Message, (), Heap> =
        Queue::new(array(capacity, || None), capacity, BYTES_MAX);
    let mut model = Model {
        messages: Vec::new(),
        capacity,
        stats: QueueStats::default(),
        open: true,
    };
    let mut taken = None;
    let (operations, _) = operations.as_chunks();
    for (number, [what, priority, memory]) in (0..).zip(operations) {
        match what % 8 {
            0..=3 => {
                let message = Message {
                    priority: [0, 0, u16::from(*priority), u16::from(*priority) << 8]
                        [usize::from(priority % 4)],
                    memory: 1 + usize::from(*memory) * 4,
                    number,
                    sequence: 0,
                };
                if let Some(places) = queue.needs_priorities(&message) {
                    let Ok(priorities) = Priorities::new(places);
                    drop(queue.add_priorities(priorities));
                }
                assert_eq!(queue.push(message), model.push(message));
            }
            4 | 5 => {
                taken = queue.pop();
                assert_eq!(taken, model.pop());
            }
            6 => {
                if let Some(message) = taken.take() {
                    assert_eq!(queue.put_back(message), model.put_back(message));
                }
            }
            _ if *priority < 250 => assert_eq!(queue.discard(), model.discard()),
            _ => {
                queue.close();
                model.open = false;
            }
        }
        assert_eq!(queue.first(), model.messages.first());
        assert_eq!(
            (queue.depth(), queue.bytes()),
            (model.messages.len(), model.bytes())
        );
        assert_eq!(queue.stats(), model.stats);
        let stats = queue.stats();
        assert_eq!(
            stats.received,
            stats.read + stats.dropped() + queue.depth() as u64
        );
    }
});

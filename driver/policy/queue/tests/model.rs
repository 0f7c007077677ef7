// SPDX-License-Identifier: GPL-2.0

//! Random histories of a queue with priorities and with some who wait, against a plain list.
//! Only on the host, where there are vectors.

use super::{
    super::super::testing::Random,
    *, //
};

/// Whether a message goes before another, where there is no room for both.
fn goes_first(message: Message, other: Message) -> bool {
    (message.2, message.0) < (other.2, other.0)
}

/// The same as a queue, in the plainest way.
struct Model {
    /// What is queued, in the order in which it is read.
    messages: Vec<Message>,
    /// Those who wait, in order.
    waiting: Vec<Message>,
    capacity: usize,
    bytes: usize,
}

impl Model {
    fn used(&self) -> usize {
        self.messages.iter().map(Item::memory).sum()
    }

    fn fits(&self, message: Message) -> bool {
        self.messages.len() < self.capacity && self.used() + message.1 <= self.bytes
    }

    fn is_too_full(&self) -> bool {
        self.messages.len() > self.capacity || self.used() > self.bytes
    }

    /// Where a message stands as the newest of its priority.
    fn newest(&self, message: Message) -> usize {
        let behind = |other: &&Message| other.2 >= message.2;
        self.messages.iter().take_while(behind).count()
    }

    /// Where a message stands as the oldest of its priority.
    fn oldest(&self, message: Message) -> usize {
        let behind = |other: &&Message| other.2 > message.2;
        self.messages.iter().take_while(behind).count()
    }

    fn add(&mut self, message: Message) {
        self.messages.insert(self.newest(message), message);
    }

    /// The message that is the first to go.
    fn drop_least(&mut self) -> Option<Message> {
        let least = *self.messages.last()?;
        Some(self.messages.remove(self.oldest(least)))
    }

    fn push(&mut self, message: Message) {
        if message.1 <= self.bytes {
            self.add(message);
            while self.is_too_full() {
                self.drop_least();
            }
        }
    }

    fn put_back(&mut self, message: Message) {
        let before = self.messages.clone();
        if !self.fits(message) {
            let least = self.drop_least();
            if least.is_none_or(|least| !goes_first(least, message)) || !self.fits(message) {
                self.messages = before;
                return;
            }
        }
        let behind =
            |other: &&Message| other.2 > message.2 || other.2 == message.2 && other.0 < message.0;
        let at = self.messages.iter().take_while(behind).count();
        self.messages.insert(at, message);
    }

    fn settle(&mut self) {
        while let Some(&first) = self.waiting.first() {
            if !self.fits(first) {
                break;
            }
            let message = self.waiting.remove(0);
            self.add(message);
        }
    }
}

fn settle(queue: &mut Numbers) {
    loop {
        let mut settled = [const { None }; 2];
        queue.settle(&mut settled);
        if settled.iter().any(Option::is_none) {
            break;
        }
    }
}

fn find(queue: &Numbers, wanted: impl Fn(&Message) -> bool) -> Option<Cursor> {
    let mut from = None;
    loop {
        match queue.walk(from, 2, &wanted) {
            Walk::Found(cursor) => return Some(cursor),
            Walk::Pause(cursor) => from = Some(cursor),
            Walk::End => return None,
        }
    }
}

fn push(queue: &mut Numbers, message: Message) {
    if let Err(Pushed::NoRoom(message)) = queue.push(message) {
        push_large(queue, message);
    }
}

#[test]
fn random_histories_agree_with_a_list() {
    const PRIORITIES: [u16; 5] = [0, 0, 1, 300, u16::MAX];
    for seed in 0..1_500 {
        let mut random = Random::new(seed);
        let capacity = 1 + random.draw(6) as usize;
        let bytes = 4 + random.draw(8) as usize;
        let mut queue = with_priorities(queue(capacity, bytes));
        let mut model = Model {
            messages: Vec::new(),
            waiting: Vec::new(),
            capacity,
            bytes,
        };
        let mut tickets = Vec::new();
        let mut taken = None;
        for number in 0..60 {
            let size = 1 + random.draw(4) as usize;
            let message = Message(number, size, PRIORITIES[random.draw(5) as usize]);
            match random.draw(9) {
                0 | 1 => {
                    push(&mut queue, message);
                    model.push(message);
                }
                2 | 3 => match queue.push_in_turn(message) {
                    Ok(()) => {
                        assert!(model.waiting.is_empty() && model.fits(message));
                        model.add(message);
                    }
                    Err(refused) => {
                        assert_eq!(refused, Pushed::NoRoom(message));
                        assert!(!model.waiting.is_empty() || !model.fits(message));
                        tickets.push((message, wait(&mut queue, message)));
                        model.waiting.push(message);
                    }
                },
                4 => {
                    taken = queue.pop();
                    let first = (!model.messages.is_empty()).then(|| model.messages.remove(0));
                    assert_eq!(taken, first);
                }
                5 => {
                    if let Some(message) = taken.take() {
                        queue.put_back(message);
                        model.put_back(message);
                    }
                }
                6 if !tickets.is_empty() => {
                    let which = random.draw(tickets.len() as u32) as usize;
                    let (message, ticket) = tickets.remove(which);
                    let at = model.waiting.iter().position(|other| *other == message);
                    let left = at.map(|at| model.waiting.remove(at));
                    let left = left.map(|message| (message, message.0));
                    assert_eq!(queue.leave(ticket), left.ok_or(Outcome::Sent));
                }
                7 => {
                    // From the middle, by a walk of two steps at a time.
                    let odd = |message: &Message| message.0 % 2 == 1;
                    let at = model.messages.iter().position(odd);
                    taken = at.map(|at| model.messages.remove(at));
                    assert_eq!(find(&queue, odd).and_then(|at| queue.pop_at(at)), taken);
                }
                _ => {
                    let first = (!model.messages.is_empty()).then(|| model.messages.remove(0));
                    assert_eq!(queue.discard(), first);
                }
            }
            settle(&mut queue);
            model.settle();
            assert_eq!(queue.first(), model.messages.first());
            assert_eq!(queue.bytes(), model.used());
            assert_eq!(queue.waiting(), model.waiting.len());
            assert!(balances(&queue));
        }
        while let Some(message) = queue.pop() {
            assert_eq!(message, model.messages.remove(0));
            settle(&mut queue);
            model.settle();
        }
        assert!(model.messages.is_empty());
    }
}

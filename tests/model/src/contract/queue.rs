// SPDX-License-Identifier: GPL-2.0

//! A queue: what it holds, in which order it is read, and what it loses when it is full.

use std::{cmp::Reverse, collections::VecDeque};

use crate::{limits::QueueSize, world::ProcessId};

/// A message.
#[derive(Clone)]
pub struct Message {
    pub from: Vec<u8>,
    pub text: Vec<u8>,
    /// Bytes of the kernel's memory that it takes.
    pub memory: usize,
    pub priority: u32,
    pub broadcast: bool,
    /// The process that made the sender's registration, and as which user.
    pub process: ProcessId,
    pub user: u32,
    /// Whether it is known when it was sent.
    pub has_time: bool,
    /// Its number in the queue.
    pub sequence: u64,
}

impl Message {
    /// As one reads it as text: the sender's name, a blank, the text, a newline.
    pub fn line(&self) -> Vec<u8> {
        [&self.from, b" ".as_slice(), &self.text, b"\n"].concat()
    }
}

/// A sender who waits for room.
pub struct Waiter {
    pub process: ProcessId,
    /// The registration that it sends as, by its number.
    pub sender: u64,
    pub message: Message,
    /// What it writes, in bytes.
    pub size: usize,
}

/// A queue.
pub struct Queue {
    pub size: QueueSize,
    /// In the order in which they came.
    messages: Vec<Message>,
    /// Those who wait for room, in the order in which they came.
    pub line: VecDeque<Waiter>,
    pub received: u64,
    pub dropped: u64,
    /// Of these, how many a record has told of.
    told: u64,
    /// Whether there is memory for priorities. It is made for the first message that has one.
    pub has_priorities: bool,
}

impl Queue {
    pub fn new(size: QueueSize) -> Self {
        Self {
            size,
            messages: Vec::new(),
            line: VecDeque::new(),
            received: 0,
            dropped: 0,
            told: 0,
            has_priorities: false,
        }
    }

    pub fn depth(&self) -> usize {
        self.messages.len()
    }

    pub fn bytes(&self) -> usize {
        self.messages.iter().map(|message| message.memory).sum()
    }

    /// Whether it takes a message of so much memory, if need be in place of all others.
    pub fn can_take(&self, memory: usize) -> bool {
        memory <= self.size.bytes
    }

    /// Whether it takes one without any loss.
    pub fn has_room(&self, memory: usize) -> bool {
        self.depth() < self.size.messages && self.bytes() + memory <= self.size.bytes
    }

    /// Puts a message in. A queue that is full drops the oldest of the lowest priority, the new one
    /// included, and as many as it takes; what does not fit even then is dropped itself. Returns how
    /// many were dropped.
    pub fn put(&mut self, mut message: Message) -> usize {
        self.received += 1;
        message.sequence = self.received;
        let mut dropped = 0;
        if self.can_take(message.memory) {
            self.messages.push(message);
            while self.depth() > self.size.messages || self.bytes() > self.size.bytes {
                let all = 0..self.messages.len();
                let least = all.min_by_key(|&at| self.messages[at].priority);
                self.messages
                    .remove(least.expect("what is full is not empty"));
                dropped += 1;
            }
        } else {
            dropped = 1;
        }
        self.dropped += dropped as u64;
        dropped
    }

    /// The message that is read first: the oldest of the highest priority, of those from one sender
    /// if one is named.
    pub fn first(&self, from: Option<&[u8]>) -> Option<&Message> {
        self.place(from).map(|place| &self.messages[place])
    }

    /// Takes it.
    pub fn take(&mut self, from: Option<&[u8]>) -> Option<Message> {
        self.place(from).map(|place| self.messages.remove(place))
    }

    /// Takes back a message that could not be copied to its reader. Whoever has waited for the room
    /// may have it by now: then the one is lost that goes first when the queue is full, this one
    /// included. Returns how many were lost.
    pub fn put_back(&mut self, message: Message) -> usize {
        let behind = |other: &Message| other.sequence > message.sequence;
        let place = self.messages.iter().position(behind);
        let has_room = self.has_room(message.memory);
        let place = place.unwrap_or(self.messages.len());
        self.messages.insert(place, message);
        if has_room {
            return 0;
        }
        let all = 0..self.messages.len();
        let least = all.min_by_key(|&at| self.messages[at].priority);
        let mut least = least.expect("what is full is not empty");
        // One that would not make room enough is not lost for it.
        if self.bytes() - self.messages[least].memory > self.size.bytes {
            least = place;
        }
        self.messages.remove(least);
        self.dropped += 1;
        1
    }

    fn place(&self, from: Option<&[u8]>) -> Option<usize> {
        let is_wanted = |message: &Message| from.is_none_or(|from| message.from == from);
        let all = 0..self.messages.len();
        all.filter(|&at| is_wanted(&self.messages[at]))
            .min_by_key(|&at| Reverse(self.messages[at].priority))
    }

    /// Messages that were lost, and that no record has told of.
    pub fn lost(&self) -> u64 {
        self.dropped - self.told
    }

    /// A record tells of them.
    pub fn tell_lost(&mut self) -> u64 {
        let lost = self.lost();
        self.told = self.dropped;
        lost
    }

    /// It could not be read after all.
    pub fn take_back_lost(&mut self, lost: u64) {
        self.told -= lost;
    }

    /// Drops all, and returns how many they were.
    pub fn discard(&mut self) -> usize {
        let discarded = self.messages.drain(..).count();
        self.dropped += discarded as u64;
        discarded
    }
}

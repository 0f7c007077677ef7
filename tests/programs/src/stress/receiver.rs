// SPDX-License-Identifier: GPL-2.0

//! Those who receive while everything goes on, each in a way of its own.

use std::collections::HashMap;

use nix::{
    errno::Errno,
    poll::{PollFlags, PollTimeout},
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
};

use crate::{child::Child, device::Device, listing, wait};

/// The last message that a reader gets.
pub const STOP: &str = "stop";

/// How a receiver reads.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// Waits in `read`.
    Blocking,
    /// Waits in `poll`.
    Poll,
    /// Waits in an edge-triggered `epoll` and reads until nothing is left.
    EpollEdge,
    /// Two processes wait in `read` on one queue.
    TwoProcesses,
    /// Waits in `read` and takes three bytes at a time.
    SmallReads,
}

impl Way {
    /// How many processes read the queue.
    pub fn readers(self) -> usize {
        if self == Self::TwoProcesses {
            2
        } else {
            1
        }
    }
}

/// Starts a receiver, which is registered on return. When it has been told to stop it says
/// `balanced: ` and how many messages it read, or what is wrong.
pub fn start(name: &'static str, way: Way) -> Child {
    let child = Child::start(move |link| {
        let device = Device::registered(name);
        link.say("registered");
        let mut read = 0;
        if way == Way::TwoProcesses {
            let second = reader(Device::open(), way);
            read += read_all(&Device::open(), Way::Blocking);
            read += second.hear().parse::<u64>().expect("a count");
            second.finish();
        } else {
            read += read_all(&device, way);
        }
        link.say(verdict(name, read));
    });
    assert_eq!(child.hear(), "registered");
    child
}

/// A child of the receiver that reads the same queue.
fn reader(file: Device, way: Way) -> Child {
    Child::start(move |link| link.say(read_all(&file, way).to_string()))
}

fn verdict(name: &str, read: u64) -> String {
    let row = listing::of(name);
    if row.received == read + row.dropped + row.depth && row.depth == 0 {
        format!("balanced: {read}")
    } else {
        format!("{row:?} after {read} reads")
    }
}

/// Reads until it is told to stop; returns how many messages, that one included.
fn read_all(device: &Device, way: Way) -> u64 {
    let mut last: HashMap<String, u64> = HashMap::new();
    let mut read = 0;
    let mut next = source(device, way);
    loop {
        let message = next();
        read += 1;
        let (sender, text) = message.trim_end().split_once(' ').expect("a whole message");
        if text == STOP {
            return read;
        }
        let (claimed, number) = text.split_once(':').expect("a text of this program");
        assert_eq!(sender, claimed, "the stamp");
        let number = number.parse::<u64>().expect("a number");
        if let Some(last) = last.insert(sender.to_owned(), number) {
            // Some are lost to overflow; a life of a name counts on from the one before.
            assert!(last < number, "{message:?} after {last}");
        }
    }
}

/// Returns the next message, waiting for it the way it should.
fn source(device: &Device, way: Way) -> Box<dyn FnMut() -> String + '_> {
    match way {
        Way::Blocking | Way::TwoProcesses => {
            device.wait(true);
            Box::new(|| device.read().expect("a message"))
        }
        Way::SmallReads => {
            device.wait(true);
            Box::new(|| {
                let mut message = Vec::new();
                while message.last() != Some(&b'\n') {
                    message.extend(device.read_up_to(3).expect("a part of a message"));
                }
                String::from_utf8(message).expect("text")
            })
        }
        Way::Poll => Box::new(|| loop {
            assert_eq!(device.poll(PollTimeout::NONE), PollFlags::POLLIN);
            // Flushed since, perhaps.
            match device.read() {
                Err(Errno::EAGAIN) => continue,
                message => return message.expect("a message"),
            }
        }),
        Way::EpollEdge => {
            let epoll = Epoll::new(EpollCreateFlags::empty()).expect("epoll_create");
            let event = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 0);
            epoll.add(device, event).expect("epoll_ctl");
            Box::new(move || loop {
                match device.read() {
                    Err(Errno::EAGAIN) => {
                        let limit = EpollTimeout::try_from(wait::LIMIT).expect("in range");
                        let count = epoll.wait(&mut [EpollEvent::empty()], limit);
                        assert_eq!(count, Ok(1), "an edge for each message");
                    }
                    message => return message.expect("a message"),
                }
            })
        }
    }
}

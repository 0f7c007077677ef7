// SPDX-License-Identifier: GPL-2.0

//! Those who receive while everything goes on, each in a way of its own.

use std::{collections::HashMap, os::fd::AsFd, thread};

use nix::{
    errno::Errno,
    poll::{PollFlags, PollTimeout},
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
};

use super::message;
use crate::{
    child::Child,
    device::Device,
    listing,
    sys::{aio::Aio, Ring},
    wait,
};

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
    /// Waits for a poll of Linux AIO.
    Aio,
    /// Waits for a poll of `io_uring`.
    Uring,
    /// Three threads wait in `read` on one queue.
    Threads,
    /// Has registered through a file that others register through, too, and waits in `poll`.
    PollOfShared,
    /// The same, and waits for a poll of Linux AIO.
    AioOfShared,
}

impl Way {
    /// How many read the queue, each of whom takes a last message.
    pub fn readers(self) -> usize {
        match self {
            Self::TwoProcesses => 2,
            Self::Threads => 3,
            _ => 1,
        }
    }
}

/// Starts a receiver, which is registered on return. When it has been told to stop, it says how
/// many messages it has read, and stays registered until it is told to end.
pub fn start(name: &'static str, way: Way, shared: &Device) -> Child {
    let child = Child::start(move |link| {
        let device = match way {
            Way::PollOfShared | Way::AioOfShared => shared.duplicate(),
            _ => Device::open_nonblocking(),
        };
        device.register(name);
        link.say("registered");
        let read = match way {
            Way::TwoProcesses => {
                let file = Device::open();
                let second = Child::start(|link| {
                    link.say(read_all(&file, Way::Blocking, None).to_string());
                });
                let read = read_all(&Device::open(), Way::Blocking, None);
                let others = second.hear().parse::<u64>().expect("a count");
                second.finish();
                read + others
            }
            Way::Threads => thread::scope(|scope| {
                device.wait(true);
                let read = || read_all(&device, Way::Blocking, None);
                let threads: Vec<_> = (0..way.readers()).map(|_| scope.spawn(read)).collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().expect("a thread"))
                    .sum()
            }),
            _ => read_all(&device, way, Some(name)),
        };
        link.say(read.to_string());
        link.hear();
    });
    assert_eq!(child.hear(), "registered");
    child
}

/// Reads until it is told to stop; returns how many messages, that one included. Who reads the
/// queue of `alone` as the only one compares its account now and then.
fn read_all(device: &Device, way: Way, alone: Option<&str>) -> u64 {
    let mut last: HashMap<String, u64> = HashMap::new();
    let mut read = 0;
    let mut next = source(device, way);
    loop {
        let message = next();
        read += 1;
        let Some((sender, number)) = message::check(&message) else {
            return read;
        };
        if let Some(last) = last.insert(sender.to_owned(), number) {
            // Some are lost to overflow; a life of a name counts on from the one before.
            assert!(last < number, "{message:?} after {last}");
        }
        if let (Some(name), 0) = (alone, read % 64) {
            let row = listing::of(name);
            let accounted = read + row.dropped + row.depth;
            assert_eq!(row.received, accounted, "{row:?} after {read} reads");
        }
    }
}

/// Returns the next message, waiting for it the way it should.
fn source(device: &Device, way: Way) -> Box<dyn FnMut() -> String + '_> {
    match way {
        Way::Blocking | Way::TwoProcesses | Way::Threads => {
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
        Way::Poll | Way::PollOfShared => read_after(device, || {
            assert_eq!(device.poll(PollTimeout::NONE), PollFlags::POLLIN);
        }),
        Way::EpollEdge => {
            let epoll = Epoll::new(EpollCreateFlags::empty()).expect("epoll_create");
            let event = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 0);
            epoll.add(device, event).expect("epoll_ctl");
            read_after(device, move || {
                let limit = EpollTimeout::try_from(wait::LIMIT).expect("in range");
                let count = epoll.wait(&mut [EpollEvent::empty()], limit);
                assert_eq!(count, Ok(1), "an edge for each message");
            })
        }
        Way::Aio | Way::AioOfShared => {
            let aio = Aio::new();
            read_after(device, move || {
                assert_eq!(aio.poll(device.as_fd(), libc::POLLIN), Ok(()));
                assert!(aio.told(wait::LIMIT).is_some(), "an AIO poll is told");
            })
        }
        Way::Uring => {
            let mut ring = Ring::new();
            read_after(device, move || {
                ring.poll(device.as_fd(), libc::POLLIN as u32, 0);
                wait::until("a poll of io_uring is told", || ring.done().is_some());
            })
        }
    }
}

/// Reads, and calls `until_told` where there is nothing. It may have been flushed since.
fn read_after<'a>(
    device: &'a Device,
    mut until_told: impl FnMut() + 'a,
) -> Box<dyn FnMut() -> String + 'a> {
    Box::new(move || loop {
        match device.read() {
            Err(Errno::EAGAIN) => until_told(),
            message => return message.expect("a message"),
        }
    })
}

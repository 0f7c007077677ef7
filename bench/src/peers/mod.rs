// SPDX-License-Identifier: GPL-2.0

//! What is compared: `/dev/mq` and the kernel's other queues, each in the same few arrangements.

pub mod mq;
mod pipe;
mod posix;
mod socket;
mod sysv;

use std::{any::Any, os::fd::RawFd, rc::Rc};

use crate::clock::Clock;

/// Room for any message that is measured, whatever stands around its text.
const ROOM: usize = 70_000;

/// One end of a connection: what it sends arrives at the other.
pub trait End {
    /// What is to be handed to [`End::send`] to send `text`.
    fn frame(&self, text: &[u8]) -> Vec<u8>;

    /// Sends one message.
    fn send(&self, frame: &[u8]);

    /// What is to be handed to [`End::send`] to send that many messages of `frame` by one call, which
    /// one [`End::receive`] then gives back; `None` if there is no such thing.
    fn many(&self, _frame: &[u8], _count: usize) -> Option<Vec<u8>> {
        None
    }

    /// Receives one message, waiting for it; gives the number of bytes received.
    fn receive(&self, buffer: &mut [u8]) -> usize;

    /// The room to give when a text of `size` bytes is received.
    fn room(&self, size: usize) -> usize;

    /// The files that messages are written to and read from, where that is how it works.
    fn files(&self) -> Option<[RawFd; 2]>;
}

/// An end that is still to be made, by the process that will use it.
pub type Plug<'a> = Box<dyn FnOnce() -> Box<dyn End> + 'a>;

/// A queue that several processes use.
pub struct Shared {
    /// An end for each.
    pub plugs: Vec<Plug<'static>>,
    /// Without which it would be gone.
    _owner: Box<dyn Any>,
}

/// One sender and many receivers.
pub trait FanOut {
    /// What is to be handed to [`FanOut::send`] to send `text`.
    fn frame(&self, text: &[u8]) -> Vec<u8>;

    /// Sends one message to every receiver.
    fn send(&self, frame: &[u8]);

    /// Has every receiver receive one message; gives how long they took for that, all together.
    fn drain(&self) -> u64;
}

/// A kind of queue.
pub trait Peer {
    /// What it is called in commands and in files.
    fn name(&self) -> &'static str;

    /// What people call it.
    fn title(&self) -> &'static str;

    /// An end that is connected with itself. The number tells apart those of different processes.
    fn own(&self, number: usize) -> Box<dyn End>;

    /// The two ends of a connection.
    fn pair(&self) -> [Plug<'static>; 2];

    /// Ends of one queue, one for each of that many processes: what any sends, any may receive.
    fn shared(&self, users: usize) -> Shared;

    /// One sender, which is the caller, and that many receivers.
    fn fan_out(&self, receivers: usize, clock: Clock) -> Box<dyn FanOut>;

    /// How many messages of `size` bytes an end that is connected with itself holds, or 0 where the
    /// kernel keeps no account of their memory.
    fn holds(&self, size: usize) -> usize;
}

/// All of them, ours first.
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(mq::Mq::Text),
        Box::new(mq::Mq::Records),
        Box::new(Kind::<sysv::Queue>::new("sysv", "System V queue")),
        Box::new(Kind::<posix::Queue>::new("posix", "POSIX queue")),
        Box::new(Kind::<pipe::Queue>::new("pipe", "pipe")),
        Box::new(Kind::<socket::Datagram>::new("dgram", "Unix datagram")),
        Box::new(Kind::<socket::Seqpacket>::new(
            "seqpacket",
            "Unix seqpacket",
        )),
    ]
}

/// Whether the peer of that name is the driver.
pub fn is_ours(name: &str) -> bool {
    name == "mq" || name == "mq-records"
}

/// What people call the peer of that name.
pub fn title(name: &str) -> &'static str {
    let peers = all();
    let peer = peers.iter().find(|peer| peer.name() == name);
    peer.map_or("2 empty calls", |peer| peer.title())
}

/// A queue that whoever inherits it can send to and receive from.
trait Queue: 'static {
    /// A new one.
    fn new() -> Self;

    /// What is to be handed to [`Queue::send`] to send `text`.
    fn frame(text: &[u8]) -> Vec<u8> {
        text.to_vec()
    }

    fn send(&self, frame: &[u8]);
    fn receive(&self, buffer: &mut [u8]) -> usize;

    /// See [`End::room`].
    fn room(_: usize) -> usize {
        ROOM
    }

    /// See [`Peer::holds`].
    fn holds(size: usize) -> usize;

    /// The files that messages are written to and read from, where that is how it works.
    fn files(&self) -> Option<[RawFd; 2]> {
        None
    }
}

/// A kind of queue that knows neither names nor broadcast.
struct Kind<Q> {
    name: &'static str,
    title: &'static str,
    queue: std::marker::PhantomData<Q>,
}

impl<Q: Queue> Kind<Q> {
    fn new(name: &'static str, title: &'static str) -> Self {
        Self {
            name,
            title,
            queue: std::marker::PhantomData,
        }
    }
}

impl<Q: Queue> Peer for Kind<Q> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn own(&self, _: usize) -> Box<dyn End> {
        let queue = Rc::new(Q::new());
        Box::new(Crossed {
            to: queue.clone(),
            from: queue,
        })
    }

    fn pair(&self) -> [Plug<'static>; 2] {
        let there = Rc::new(Q::new());
        let back = Rc::new(Q::new());
        let plug = |to: &Rc<Q>, from: &Rc<Q>| -> Plug<'static> {
            let (to, from) = (to.clone(), from.clone());
            Box::new(|| Box::new(Crossed { to, from }))
        };
        [plug(&there, &back), plug(&back, &there)]
    }

    fn shared(&self, users: usize) -> Shared {
        let queue = Rc::new(Q::new());
        let plug = |_| -> Plug<'static> {
            let (to, from) = (queue.clone(), queue.clone());
            Box::new(|| Box::new(Crossed { to, from }))
        };
        Shared {
            plugs: (0..users).map(plug).collect(),
            _owner: Box::new(queue),
        }
    }

    fn fan_out(&self, receivers: usize, clock: Clock) -> Box<dyn FanOut> {
        Box::new(OneByOne {
            queues: (0..receivers).map(|_| Q::new()).collect(),
            clock,
        })
    }

    fn holds(&self, size: usize) -> usize {
        Q::holds(size)
    }
}

/// An end made of two queues.
struct Crossed<Q> {
    to: Rc<Q>,
    from: Rc<Q>,
}

impl<Q: Queue> End for Crossed<Q> {
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        Q::frame(text)
    }

    #[inline]
    fn send(&self, frame: &[u8]) {
        self.to.send(frame);
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> usize {
        self.from.receive(buffer)
    }

    fn room(&self, size: usize) -> usize {
        Q::room(size)
    }

    fn files(&self) -> Option<[RawFd; 2]> {
        Some([self.to.files()?[0], self.from.files()?[1]])
    }
}

/// A queue for each receiver, all of them in the hands of one process.
struct OneByOne<Q> {
    queues: Vec<Q>,
    clock: Clock,
}

impl<Q: Queue> FanOut for OneByOne<Q> {
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        Q::frame(text)
    }

    fn send(&self, frame: &[u8]) {
        for queue in &self.queues {
            queue.send(frame);
        }
    }

    fn drain(&self) -> u64 {
        let mut buffer = vec![0; Q::room(ROOM)];
        let start = self.clock.now();
        for queue in &self.queues {
            queue.receive(&mut buffer);
        }
        self.clock.now() - start
    }
}

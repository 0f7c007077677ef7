// SPDX-License-Identifier: GPL-2.0

//! Unix sockets that keep messages apart: datagram and seqpacket.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::sys::socket::{recv, send, socketpair, AddressFamily, MsgFlags, SockFlag, SockType};

/// What a buffer of a socket takes beyond this is whole pages.
const LARGEST: usize = 8192;

/// How many such messages fit into what a sender may have on the way, see `socket(7)`.
const HELD: usize = 8;

/// A pair of datagram sockets.
pub struct Datagram(Pair);

/// A pair of seqpacket sockets.
pub struct Seqpacket(Pair);

struct Pair {
    to: OwnedFd,
    from: OwnedFd,
}

impl Pair {
    fn new(kind: SockType) -> Self {
        let (to, from) = socketpair(AddressFamily::Unix, kind, None, SockFlag::empty())
            .expect("a pair of Unix sockets");
        Self { to, from }
    }

    #[inline]
    fn send(&self, frame: &[u8]) {
        send(self.to.as_raw_fd(), frame, MsgFlags::empty()).expect("send");
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> usize {
        recv(self.from.as_raw_fd(), buffer, MsgFlags::empty()).expect("recv")
    }
}

macro_rules! queue {
    ($socket:ident, $kind:expr) => {
        impl super::Queue for $socket {
            fn new() -> Self {
                Self(Pair::new($kind))
            }

            #[inline]
            fn send(&self, frame: &[u8]) {
                self.0.send(frame);
            }

            #[inline]
            fn receive(&self, buffer: &mut [u8]) -> usize {
                self.0.receive(buffer)
            }

            fn holds(size: usize) -> usize {
                if size > LARGEST {
                    return 0;
                }
                HELD
            }

            fn files(&self) -> Option<[RawFd; 2]> {
                Some([self.0.to.as_raw_fd(), self.0.from.as_raw_fd()])
            }
        }
    };
}

queue!(Datagram, SockType::Datagram);
queue!(Seqpacket, SockType::SeqPacket);

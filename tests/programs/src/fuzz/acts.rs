// SPDX-License-Identifier: GPL-2.0

//! How each action is done by system calls. Whatever comes of it is right: what is looked for is what
//! the kernel says of itself, and whether the accounts balance.

use std::{
    fs::{File, OpenOptions},
    io::{IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write},
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
    thread::sleep,
    time::Duration,
};

use mq_policy::uapi::Receive;
use nix::{
    cmsg_space,
    fcntl::{fcntl, open, FcntlArg, OFlag},
    poll::{poll, PollFd, PollFlags},
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags},
        socket::{
            recvmsg, sendmsg, socketpair, AddressFamily, ControlMessage, ControlMessageOwned,
            MsgFlags, SockFlag, SockType,
        },
        stat::Mode,
        uio,
    },
    unistd::{fsync, lseek, read, seteuid, write, Uid, Whence},
};

use super::{
    actor::{process_of, PROCESSES},
    fault::Fault,
    step::{Action, Step, Way, RECEIVE, SLOTS},
};
use crate::{
    sys::{self, area::Area, ioctl, nowait, shared, Ring},
    sysfs,
};

/// The number of the open file in a slot.
pub fn descriptor(slot: u8) -> RawFd {
    100 + RawFd::from(slot)
}

/// A socket of each process, from which its threads take the files that are passed to it.
pub struct Inboxes(Vec<(OwnedFd, OwnedFd)>);

impl Inboxes {
    /// With nothing in them.
    pub fn new() -> Self {
        let (kind, flags) = (SockType::Datagram, SockFlag::SOCK_CLOEXEC);
        let pair = |_| socketpair(AddressFamily::Unix, kind, None, flags).expect("socketpair");
        Self(PROCESSES.iter().map(pair).collect())
    }
}

/// What a thread acts with.
pub struct Hands<'a> {
    process: usize,
    inboxes: &'a Inboxes,
    ring: Option<Ring>,
    fault: Fault,
}

impl<'a> Hands<'a> {
    /// With empty hands.
    pub fn new(process: usize, inboxes: &'a Inboxes) -> Self {
        Self {
            process,
            inboxes,
            ring: None,
            fault: Fault::new(),
        }
    }

    /// Closes all files, those that nobody has taken included, and becomes the user again that the
    /// process began as.
    pub fn rest(&mut self) {
        self.ring = None;
        for slot in 0..SLOTS {
            shared::close(descriptor(slot));
        }
        while self.take().is_some() {}
        let _ = seteuid(Uid::current());
    }

    /// Acts on the open file in a slot. Errors are outcomes like others.
    pub fn act(&mut self, step: Step) {
        let at = descriptor(step.slot);
        let fd = sys::inherited(at);
        self.fault.order(step.failing);
        let fault = &mut self.fault;
        match step.action {
            Action::Open { flags } => {
                let flags = OFlag::from_bits_retain(flags);
                if let Ok(file) = fault.hits(|| open("/dev/mq", flags, Mode::empty())) {
                    shared::place(file, at);
                }
            }
            Action::Close => fault.hits(|| shared::close(at)),
            Action::Write { bytes, way } => write_by(way, fd, &bytes.0, fault),
            Action::Read { len, way } => read_by(way, fd, len, fault),
            Action::Poll { milliseconds } => {
                let asked = if milliseconds == 0 {
                    PollFlags::all()
                } else {
                    PollFlags::POLLIN
                };
                let _ = fault.hits(|| poll(&mut [PollFd::new(fd, asked)], milliseconds));
            }
            Action::Epoll { edge } => wait_by_epoll(fd, edge, fault),
            Action::SetWaiting(wait) => {
                let flags = if wait {
                    OFlag::empty()
                } else {
                    OFlag::O_NONBLOCK
                };
                let _ = fcntl(fd, FcntlArg::F_SETFL(flags));
            }
            Action::Look { path, at_once } => look(&path, at_once, fault),
            Action::Pass { to } => self.pass(fd, process_of(to)),
            Action::Take => {
                if let Some(file) = self.take() {
                    shared::place(file, at);
                }
            }
            Action::Administer { attribute, value } => {
                let path = sysfs::path(attribute);
                if let Ok(mut file) = OpenOptions::new().write(true).open(path) {
                    let _ = fault.hits(|| file.write(value.as_bytes()));
                }
            }
            Action::Request { number, argument } => {
                let _ = fault.hits(|| ioctl::with(fd, number, &argument.0));
            }
            Action::Receive { asked, len } => receive(fd, asked, len, fault),
            Action::BecomeUser(uid) => {
                let _ = seteuid(Uid::from_raw(uid));
            }
            Action::Die => {}
            Action::Odd(which) => fault.hits(|| odd(fd, which)),
            Action::RingRead { len } => {
                self.ring().read(fd, len, 1);
            }
            Action::RingWrite { bytes, worker } => {
                let (ring, bytes) = (self.ring(), bytes.0.leak());
                if worker {
                    ring.write_by_worker(fd, bytes, 1);
                } else {
                    ring.write(fd, bytes, 1);
                }
            }
            Action::RingPoll => self.ring().poll(fd, libc::POLLIN as u32, 1),
            Action::RingCancel => self.ring().cancel(1, 2),
            Action::Pause => sleep(Duration::from_millis(1)),
        }
    }

    fn ring(&mut self) -> &mut Ring {
        let ring = self.ring.get_or_insert_with(Ring::new);
        while ring.done().is_some() {}
        ring
    }

    fn pass(&self, file: BorrowedFd, to: usize) {
        let fds = [file.as_raw_fd()];
        let control = [ControlMessage::ScmRights(&fds)];
        let data = [IoSlice::new(b"f")];
        let inbox = self.inboxes.0[to].0.as_raw_fd();
        let _ = sendmsg::<()>(inbox, &data, &control, MsgFlags::MSG_DONTWAIT, None);
    }

    fn take(&self) -> Option<OwnedFd> {
        let mut byte = [0];
        let mut data = [IoSliceMut::new(&mut byte)];
        let mut space = cmsg_space!(RawFd);
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
        let inbox = self.inboxes.0[self.process].1.as_raw_fd();
        let message = recvmsg::<()>(inbox, &mut data, Some(&mut space), flags).ok()?;
        let control = message.cmsgs().ok()?.next()?;
        match control {
            ControlMessageOwned::ScmRights(fds) => fds.first().map(|&fd| sys::own(fd)),
            _ => None,
        }
    }
}

fn write_by(way: Way, fd: BorrowedFd, bytes: &[u8], fault: &mut Fault) {
    let _ = match way {
        Way::Plain => fault.hits(|| write(fd, bytes)),
        Way::Vector => {
            let (first, rest) = bytes.split_at(bytes.len() / 3);
            let (second, third) = rest.split_at(rest.len() / 2);
            fault.hits(|| uio::writev(fd, &[first, second, third].map(IoSlice::new)))
        }
        Way::NoWait => fault.hits(|| nowait::write(fd, bytes)),
        Way::Fault => {
            let missing = bytes.len().min(3);
            let area = Area::before_a_hole(&bytes[..bytes.len() - missing]);
            fault.hits(|| area.write_to(fd, bytes.len()))
        }
    };
}

fn read_by(way: Way, fd: BorrowedFd, len: usize, fault: &mut Fault) {
    let _ = match way {
        Way::Plain => {
            let mut room = vec![0; len];
            fault.hits(|| read(fd, &mut room))
        }
        Way::Vector => {
            let (mut first, mut second) = (vec![0; len / 2], vec![0; len - len / 2]);
            let room = &mut [&mut first, &mut second].map(|room| IoSliceMut::new(room));
            fault.hits(|| uio::readv(fd, room))
        }
        Way::NoWait => {
            let mut room = vec![0; len];
            fault.hits(|| nowait::read_into(fd, &mut room))
        }
        Way::Fault => {
            let area = Area::before_a_hole(&vec![0; len.saturating_sub(3)]);
            fault.hits(|| area.read_from(fd, len))
        }
    };
}

fn receive(fd: BorrowedFd, asked: Receive, len: usize, fault: &mut Fault) {
    let mut buffer = vec![0_u8; len];
    let asked = Receive {
        buffer: buffer.as_mut_ptr() as u64,
        size: len as u32,
        ..asked
    };
    let _ = fault.hits(|| ioctl::with(fd, RECEIVE, &asked.to_bytes()));
}

fn wait_by_epoll(fd: BorrowedFd, edge: bool, fault: &mut Fault) {
    let Ok(epoll) = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC) else {
        return;
    };
    let mut wanted = EpollFlags::EPOLLIN;
    if edge {
        wanted |= EpollFlags::EPOLLET | EpollFlags::EPOLLEXCLUSIVE;
    }
    let added = fault.hits(|| epoll.add(fd, EpollEvent::new(wanted, 0)));
    if added.is_ok() {
        let _ = epoll.wait(&mut [EpollEvent::empty()], 2_u16);
        if !edge {
            let _ = epoll.modify(fd, &mut EpollEvent::new(EpollFlags::EPOLLOUT, 0));
        }
    }
}

/// Reads a file in pieces, goes back, and reads once more.
fn look(path: &str, at_once: usize, fault: &mut Fault) {
    let mut room = vec![0; at_once];
    fault.hits(|| {
        let Ok(mut file) = File::open(path) else {
            return;
        };
        for _ in 0..8 {
            if !matches!(file.read(&mut room), Ok(1..)) {
                break;
            }
        }
        let _ = file.seek(SeekFrom::Start(7));
        let _ = file.read(&mut room);
    });
}

/// What one does not do with the device.
fn odd(fd: BorrowedFd, which: u8) {
    const FIONREAD: u32 = 0x541b;

    let mut byte = [0];
    match which % 8 {
        0 => drop(lseek(fd, 1, Whence::SeekSet)),
        1 => drop(uio::pread(fd, &mut byte, 1)),
        2 => drop(uio::pwrite(fd, b"/unr", 1)),
        3 => drop(fsync(fd)),
        4 => drop(read(fd, &mut [])),
        5 => drop(write(fd, b"")),
        6 => drop(ioctl::at(fd, FIONREAD, 8)),
        _ => drop(ioctl::at(fd, RECEIVE, 8)),
    }
}

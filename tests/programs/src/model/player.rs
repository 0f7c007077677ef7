// SPDX-License-Identifier: GPL-2.0

//! A process that plays a part in a sequence: it does what it is ordered to, one order after the
//! other. Its standard input is the link; its files have fixed numbers, so that they are the same
//! after `execve`.

use std::{
    ffi::CString,
    os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd},
};

use mq_model::How;
use mq_policy::uapi::{Receive, IOC_RECEIVE, IOC_REGISTER, IOC_SET_FORMAT, IOC_UNREGISTER};
use nix::{
    errno::Errno,
    fcntl::{fcntl, open, FcntlArg, OFlag},
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::stat::Mode,
    unistd::{self, execv, seteuid, Uid},
};

use super::order::{answer_to_bytes, Answer, Order, Verb, MAX};
use crate::{
    child::Link,
    sys::{self, area::Area, ioctl, nowait},
};

/// The number of the first file.
const FIRST: RawFd = 100;

/// Plays as the user `uid`, with nothing open.
pub fn play(link: &Link, uid: u32) -> ! {
    link.become_standard_input();
    seteuid(Uid::from_raw(uid)).expect("seteuid");
    obey(&Link::inherited())
}

/// Goes on after `execve`.
pub fn go_on() -> ! {
    let link = Link::inherited();
    link.send_bytes(&answer_to_bytes(Ok((0, Vec::new()))));
    obey(&link)
}

fn obey(link: &Link) -> ! {
    let mut buffer = [0; MAX];
    loop {
        let len = link.receive_bytes(&mut buffer);
        // Whoever gives the orders has gone.
        if len == 0 {
            sys::exit(0);
        }
        let answer = carry_out(link, &Order::from_bytes(&buffer[..len]));
        link.send_bytes(&answer_to_bytes(answer));
    }
}

fn carry_out(link: &Link, order: &Order) -> Answer {
    let number = number(order.file);
    // Who has no such file is told so by the kernel.
    let file = sys::inherited(number);
    let done = (0, Vec::new());
    match order.verb {
        Verb::Open => {
            let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK;
            sys::place(open("/dev/mq", flags, Mode::empty())?, number);
        }
        Verb::Close => unistd::close(number)?,
        Verb::Give => {
            let file = file.try_clone_to_owned().map_err(|_| Errno::EBADF)?;
            link.send_bytes(&answer_to_bytes(Ok(done.clone())));
            link.pass(file);
        }
        Verb::Take => sys::place(link.take(), number),
        Verb::Fork => {
            let theirs = Link::from(link.take::<OwnedFd>());
            let child = sys::fork_sibling(|| {
                theirs.become_standard_input();
                drop(theirs);
                obey(&Link::inherited())
            })?;
            return Ok((child.as_raw() as u32, Vec::new()));
        }
        Verb::Execute => {
            let program = CString::new("/proc/self/exe").expect("no zero byte");
            execv(&program, &[c"mq-test", c"play"])?;
        }
        Verb::Become => {
            // Root alone can become anybody.
            seteuid(Uid::from_raw(0))?;
            seteuid(Uid::from_raw(order.number))?;
        }
        Verb::Write => return write(file, order),
        Verb::Read => return read(file, order.how, order.number as usize),
        Verb::Receive => return receive(file, order),
        Verb::SetFormat => {
            ioctl::with(file, IOC_SET_FORMAT, order.bytes)?;
        }
        Verb::Register => {
            ioctl::with(file, IOC_REGISTER, order.bytes)?;
        }
        Verb::Unregister => {
            ioctl::at(file, IOC_UNREGISTER, 0)?;
        }
        Verb::Poll => {
            let mut fds = [PollFd::new(file, PollFlags::POLLIN | PollFlags::POLLOUT)];
            poll(&mut fds, PollTimeout::ZERO)?;
            let events = fds[0].revents().unwrap_or(PollFlags::empty());
            if events.contains(PollFlags::POLLNVAL) {
                return Err(Errno::EBADF);
            }
            return Ok((events.bits() as u32, Vec::new()));
        }
    }
    Ok(done)
}

/// Does something through a file that waits, for this once.
fn waiting<T>(file: BorrowedFd, operation: impl FnOnce() -> nix::Result<T>) -> nix::Result<T> {
    fcntl(file, FcntlArg::F_SETFL(OFlag::empty()))?;
    let result = operation();
    stop_waiting(&file);
    result
}

/// Makes a file one that does not wait.
pub fn stop_waiting(file: &impl AsFd) {
    fcntl(file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("F_SETFL");
}

/// The number of the file at a place.
pub fn number(file: usize) -> RawFd {
    FIRST + file as RawFd
}

fn write(file: BorrowedFd, order: &Order) -> Answer {
    let bytes = order.bytes;
    let written = match order.how {
        How::Plainly => unistd::write(file, bytes),
        How::WithoutSleep => waiting(file, || nowait::write(file, bytes)),
        How::Waiting => waiting(file, || unistd::write(file, bytes)),
        How::OnlyThere(there) => {
            let there = &bytes[..there.min(bytes.len())];
            Area::before_a_hole(there).write_to(file, bytes.len())
        }
    }?;
    Ok((written as u32, Vec::new()))
}

fn read(file: BorrowedFd, how: How, size: usize) -> Answer {
    let bytes = match how {
        How::Plainly => {
            let mut bytes = vec![0; size];
            let len = unistd::read(file, &mut bytes)?;
            bytes.truncate(len);
            bytes
        }
        How::WithoutSleep => waiting(file, || nowait::read(file, size))?,
        How::Waiting => panic!("a read has no limit of time"),
        How::OnlyThere(there) => {
            let area = Area::before_a_hole(&vec![0; there.min(size)]);
            let len = area.read_from(file, size)?;
            assert!(len <= there, "bytes read to nowhere");
            area.bytes(len)
        }
    };
    Ok((0, bytes))
}

fn receive(file: BorrowedFd, order: &Order) -> Answer {
    let asked = order.bytes.first_chunk().expect("a request");
    let mut asked = Receive::from_bytes(asked);
    // What is not there lies behind the buffer; without that it is all there.
    let room = Area::before_a_hole(&vec![0; order.how.there(asked.size as usize)]);
    asked.buffer = room.address();
    let receive = || ioctl::with(file, IOC_RECEIVE, &asked.to_bytes());
    let len = match order.how {
        How::Plainly | How::OnlyThere(_) => receive(),
        How::WithoutSleep | How::Waiting => waiting(file, receive),
    }?;
    Ok((0, room.bytes(len)))
}

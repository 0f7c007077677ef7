// SPDX-License-Identifier: GPL-2.0

//! Registrations that come and go, most of them by SIGKILL, whatever they are doing.

use std::{
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    poll::PollTimeout,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        signal::Signal,
    },
    unistd::pause,
};

use super::{dice::Dice, everything::send, ledger::Ledger, message::text};
use crate::{
    child::Child,
    device::Device,
    puppet,
    sys::{aio::Aio, Ring},
    wait,
};

/// Turns of a life that talks, and so numbers that its messages may take.
const TURNS: u64 = 20;

/// What a life waits in until it is killed.
const WAITS: [fn(&Device); 6] = [
    |device| {
        let _ = device.read();
    },
    |device| {
        thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(|| device.read()))));
    },
    |device| {
        device.poll(PollTimeout::NONE);
    },
    |device| {
        let epoll = Epoll::new(EpollCreateFlags::empty()).expect("epoll_create");
        let event = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        epoll.add(device, event).expect("epoll_ctl");
        let _ = epoll.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE);
    },
    |device| {
        let aio = Aio::new();
        assert_eq!(aio.poll(device.as_fd(), libc::POLLIN), Ok(()));
        aio.told(wait::LIMIT);
    },
    |device| {
        let mut ring = Ring::new();
        ring.read(device.as_fd(), 64, 1);
        ring.poll(device.as_fd(), libc::POLLIN as u32, 2);
        pause();
    },
];

/// Starts a process of a user that brings up one registration after the other under the same name,
/// and ends each in one of the ways that there are. At the end it says how many there were.
pub fn start(number: u64, user: u32, until: Instant, ledger: Ledger) -> Child {
    Child::start(move |link| {
        puppet::become_user(user);
        let name = format!("c{number}");
        let mut dice = Dice::new(number);
        // A file that stays, whatever becomes of those who register through it.
        let file = Device::open_nonblocking();
        let mut lives = 0;
        while Instant::now() < until {
            let seed = dice.roll(u64::MAX);
            let child = Child::start(|_| live(&name, user, lives, &file, Dice::new(seed), ledger));
            if lives.is_multiple_of(4) {
                child.finish();
            } else {
                dice.sleep(Duration::from_millis(if wait::is_debug_kernel() {
                    40
                } else {
                    8
                }));
                child.signal(Signal::SIGKILL);
                child.kill();
            }
            lives += 1;
        }
        link.say(lives.to_string());
    })
}

/// One life: registers, which must succeed as the one before is known to be dead, unless it is of a
/// user who may have used up what there is for him; talks; waits, every fourth time excepted.
fn live(name: &str, user: u32, life: u64, file: &Device, mut dice: Dice, ledger: Ledger) {
    let own = Device::open_nonblocking();
    let device = if dice.roll(2) == 0 { &own } else { file };
    match device.command(format!("/reg {name}")) {
        Ok(()) => {}
        Err(Errno::EDQUOT) if user != 0 => return,
        Err(error) => panic!("/reg {name}: {error}"),
    }
    for turn in 0..dice.roll(TURNS) {
        match send(device, &text(name, life * TURNS + turn), &mut dice, ledger) {
            Ok(()) | Err(Errno::EMSGSIZE) => {}
            // Evicted.
            Err(Errno::EACCES) => return,
            Err(error) => panic!("{name}: {error}"),
        }
        // Some of a message, which may be all of it.
        match device.read_up_to(30) {
            Ok(_) | Err(Errno::EAGAIN) => {}
            // As many bytes are read in part as the user may have.
            Err(Errno::EDQUOT) if user != 0 => {}
            Err(Errno::ENOENT) => return,
            Err(error) => panic!("{name}: {error}"),
        }
    }
    if !life.is_multiple_of(4) {
        own.wait(true);
        WAITS[dice.roll(WAITS.len() as u64) as usize](&own);
    } else if dice.roll(2) == 0 {
        match device.command("/unr") {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! `/dev/mq`, by its text interface.

use std::{
    fs::{File, OpenOptions},
    os::fd::{AsFd, OwnedFd},
};

use nix::{sys::eventfd::EventFd, unistd};

use super::{End, FanOut, Peer, Plug, ROOM};
use crate::{clock::Clock, sys};

/// The driver's kind of queue.
pub struct Mq;

impl Peer for Mq {
    fn name(&self) -> &'static str {
        "mq"
    }

    fn title(&self) -> &'static str {
        "/dev/mq"
    }

    fn loopback(&self) -> Box<dyn End> {
        Box::new(Device::registered("a", "/msg a "))
    }

    fn pair(&self) -> [Plug; 2] {
        [
            Box::new(|| Box::new(Device::registered("a", "/msg b "))),
            Box::new(|| Box::new(Device::registered("b", "/msg a "))),
        ]
    }

    fn fan_out(&self, receivers: usize, clock: Clock) -> Box<dyn FanOut> {
        Box::new(Broadcast::new(receivers, clock))
    }
}

/// An open file of the device whose process is registered while it exists.
pub struct Device {
    file: File,
    command: &'static str,
}

impl Device {
    /// Opens the device, registers the process as `name`, and sends by `command`, as in `/msg NAME `.
    pub fn registered(name: &str, command: &'static str) -> Self {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open("/dev/mq");
        let device = Self {
            file: file.expect("open /dev/mq"),
            command,
        };
        device.send(format!("/reg {name}").as_bytes());
        device
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.send(b"/unr");
    }
}

impl End for Device {
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        [self.command.as_bytes(), text].concat()
    }

    #[inline]
    fn send(&self, frame: &[u8]) {
        unistd::write(&self.file, frame).expect("write to /dev/mq");
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> usize {
        unistd::read(&self.file, buffer).expect("read from /dev/mq")
    }
}

/// A registered process for each receiver, which reads its own queue when it is its turn.
struct Broadcast {
    device: Device,
    receivers: Vec<(EventFd, sys::Child)>,
    durations: OwnedFd,
}

impl Broadcast {
    fn new(receivers: usize, clock: Clock) -> Self {
        let (durations, report) = unistd::pipe().expect("pipe");
        let device = Device::registered("sender", "/all ");
        let start = |number: usize| {
            let turn = EventFd::new().expect("eventfd");
            let receiver = Receiver {
                name: format!("r{number}"),
                clock,
                turn: turn.as_fd().try_clone_to_owned().expect("dup"),
                report: report.try_clone().expect("dup"),
            };
            let process = sys::start_cheap(move || receiver.run());
            read_duration(&durations);
            (turn, process)
        };
        let receivers = (0..receivers).map(start).collect();
        Self {
            device,
            receivers,
            durations,
        }
    }
}

impl FanOut for Broadcast {
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        self.device.frame(text)
    }

    fn send(&self, frame: &[u8]) {
        self.device.send(frame);
    }

    fn drain(&self) -> u64 {
        let receive = |(turn, _): &(EventFd, sys::Child)| {
            turn.write(1).expect("write to an eventfd");
            read_duration(&self.durations)
        };
        self.receivers.iter().map(receive).sum()
    }
}

/// What a receiver's process works with.
struct Receiver {
    name: String,
    clock: Clock,
    turn: OwnedFd,
    report: OwnedFd,
}

impl Receiver {
    /// Registers, and then receives one message each time that the event says so.
    fn run(self) {
        let device = Device::registered(&self.name, "");
        let mut buffer = vec![0; ROOM];
        self.report(0);
        loop {
            let mut event = [0; 8];
            unistd::read(&self.turn, &mut event).expect("read from an eventfd");
            let start = self.clock.now();
            device.receive(&mut buffer);
            self.report(self.clock.now() - start);
        }
    }

    fn report(&self, duration: u64) {
        unistd::write(&self.report, &duration.to_ne_bytes()).expect("write to a pipe");
    }
}

fn read_duration(from: &OwnedFd) -> u64 {
    let mut duration = [0; 8];
    unistd::read(from, &mut duration).expect("read from a pipe");
    u64::from_ne_bytes(duration)
}

// SPDX-License-Identifier: GPL-2.0

//! `/dev/mq`, by its text interface.

use std::{
    fs::{File, OpenOptions},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use nix::unistd;

use super::{End, FanOut, Peer, Plug, Shared, ROOM};
use crate::{clock::Clock, crowd::Crowd, driver, sys};

/// The driver's kind of queue.
pub struct Mq;

impl Peer for Mq {
    fn name(&self) -> &'static str {
        "mq"
    }

    fn title(&self) -> &'static str {
        "/dev/mq"
    }

    fn own(&self, number: usize) -> Box<dyn End> {
        let name = char::from(b'a' + number as u8).to_string();
        Box::new(Registered::new(&name, format!("/msg {name} ")))
    }

    fn pair(&self) -> [Plug<'static>; 2] {
        [
            Box::new(|| Box::new(Registered::new("a", "/msg b "))),
            Box::new(|| Box::new(Registered::new("b", "/msg a "))),
        ]
    }

    fn shared(&self, users: usize) -> Shared {
        // An open file acts for the process that opened it, if its user has no registration.
        let owner = Registered::new("shared", "");
        let plug = |_| -> Plug<'static> {
            let device = Device::open("/msg shared ");
            Box::new(|| Box::new(device))
        };
        Shared {
            plugs: (0..users).map(plug).collect(),
            _owner: Box::new(owner),
        }
    }

    fn fan_out(&self, receivers: usize, clock: Clock) -> Box<dyn FanOut> {
        Box::new(Broadcast::new(receivers, clock))
    }

    fn holds(&self, _: usize) -> usize {
        driver::QUEUE_LEN
    }
}

/// An open file of the device.
pub struct Device {
    file: File,
    command: String,
}

impl Device {
    /// Opens the device, to send by `command`, as in `/msg NAME `.
    pub fn open(command: impl Into<String>) -> Self {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open("/dev/mq");
        Self {
            file: file.expect("open /dev/mq"),
            command: command.into(),
        }
    }

    /// Registers the process.
    pub fn register(&self, name: &str) {
        self.send(format!("/reg {name}").as_bytes());
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
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

    fn room(&self, _: usize) -> usize {
        ROOM
    }

    fn files(&self) -> Option<[RawFd; 2]> {
        Some([self.file.as_raw_fd(); 2])
    }
}

/// An open file of a process that is registered as long as this exists.
pub struct Registered(Device);

impl Registered {
    /// Opens the device, registers the process as `name`, and sends by `command`.
    pub fn new(name: &str, command: impl Into<String>) -> Self {
        let device = Device::open(command);
        device.register(name);
        Self(device)
    }
}

impl std::ops::Deref for Registered {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.0
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.0.send(b"/unr");
    }
}

impl End for Registered {
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        self.0.frame(text)
    }

    #[inline]
    fn send(&self, frame: &[u8]) {
        self.0.send(frame);
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> usize {
        self.0.receive(buffer)
    }

    fn room(&self, size: usize) -> usize {
        self.0.room(size)
    }

    fn files(&self) -> Option<[RawFd; 2]> {
        self.0.files()
    }
}

/// One sender, and a registered process for each receiver, which reads its own queue.
struct Broadcast {
    sender: Registered,
    receivers: Crowd,
    /// What the receivers have opened, in the table of files that they share with the sender.
    _files: Vec<OwnedFd>,
}

impl Broadcast {
    fn new(receivers: usize, clock: Clock) -> Self {
        let cost = clock.cost();
        // The first turn is to register and gives the file, any other is to receive.
        let receivers = Crowd::start(receivers, |number| {
            let mut device = None;
            let mut buffer = vec![0; ROOM];
            Box::new(move || match &device {
                None => {
                    let own = Device::open("");
                    own.register(&format!("r{number}"));
                    device.insert(own).file.as_raw_fd() as u64
                }
                Some(device) => {
                    let start = clock.now();
                    device.receive(&mut buffer);
                    (clock.now() - start).saturating_sub(cost)
                }
            })
        });
        let files = receivers.turn().into_iter();
        Self {
            sender: Registered::new("sender", "/all "),
            _files: files.map(|file| sys::own(file as RawFd)).collect(),
            receivers,
        }
    }
}

impl FanOut for Broadcast {
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        self.sender.frame(text)
    }

    fn send(&self, frame: &[u8]) {
        self.sender.send(frame);
    }

    fn drain(&self) -> u64 {
        self.receivers.turn().into_iter().sum()
    }
}

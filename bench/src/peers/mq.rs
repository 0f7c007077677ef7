// SPDX-License-Identifier: GPL-2.0

//! `/dev/mq`, by its text interface and by that for programs.

use std::{
    fs::{File, OpenOptions},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use mq_policy::uapi::{
    Format, ReceivedHeader, SendHeader, ALIGN, FORMAT_RECORDS, IOC_SET_FORMAT, SEND_BROADCAST,
};
use nix::unistd;

use super::{End, FanOut, Peer, Plug, Shared, ROOM};
use crate::{clock::Clock, crowd::Crowd, driver, sys};

/// The driver's kind of queue, by commands and lines or by records.
#[derive(Clone, Copy)]
pub enum Mq {
    /// Commands and lines.
    Text,
    /// Records.
    Records,
}

impl Mq {
    /// How to send to a name.
    fn to(self, name: &str) -> Form {
        match self {
            Self::Text => format!("/msg {name} ").into(),
            Self::Records => Form::record(name, 0),
        }
    }

    /// How to send to all.
    fn to_all(self) -> Form {
        match self {
            Self::Text => "/all ".into(),
            Self::Records => Form::Record(SendHeader {
                flags: SEND_BROADCAST,
                ..SendHeader::default()
            }),
        }
    }
}

/// A name with zero bytes behind it.
fn padded(name: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

impl Peer for Mq {
    fn name(&self) -> &'static str {
        match self {
            Self::Text => "mq",
            Self::Records => "mq-records",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Text => "/dev/mq",
            Self::Records => "/dev/mq, records",
        }
    }

    fn own(&self, number: usize) -> Box<dyn End> {
        let name = char::from(b'a' + number as u8).to_string();
        Box::new(Registered::new(&name, self.to(&name)))
    }

    fn pair(&self) -> [Plug<'static>; 2] {
        let (to_a, to_b) = (self.to("a"), self.to("b"));
        [
            Box::new(|| Box::new(Registered::new("a", to_b))),
            Box::new(|| Box::new(Registered::new("b", to_a))),
        ]
    }

    fn shared(&self, users: usize) -> Shared {
        // An open file acts for the process that opened it, if its user has no registration.
        let owner = Registered::new("shared", self.to("shared"));
        let plug = |_| -> Plug<'static> {
            let device = Device::open(self.to("shared"));
            device.set_format();
            Box::new(|| Box::new(device))
        };
        Shared {
            plugs: (0..users).map(plug).collect(),
            _owner: Box::new(owner),
        }
    }

    fn fan_out(&self, receivers: usize, clock: Clock) -> Box<dyn FanOut> {
        Box::new(Broadcast::new(self, receivers, clock))
    }

    fn holds(&self, _: usize) -> usize {
        driver::QUEUE_LEN
    }
}

/// How an open file of the device sends.
pub enum Form {
    /// By a command, as in `/msg NAME `.
    Command(String),
    /// By a record with such a header, but for the sizes.
    Record(SendHeader),
}

impl Form {
    /// By a record to a name, with a priority.
    pub fn record(name: &str, priority: u32) -> Self {
        Self::Record(SendHeader {
            to: padded(name),
            priority,
            ..SendHeader::default()
        })
    }

    /// What is to be written to send `text`.
    pub fn frame(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Command(command) => [command.as_bytes(), text].concat(),
            Self::Record(header) => {
                let size = (SendHeader::SIZE + text.len()).next_multiple_of(ALIGN);
                let header = SendHeader {
                    size: size as u32,
                    header_size: SendHeader::SIZE as u16,
                    text_size: text.len() as u32,
                    ..*header
                };
                let mut frame = [&header.to_bytes(), text].concat();
                frame.resize(size, 0);
                frame
            }
        }
    }
}

impl From<&str> for Form {
    fn from(command: &str) -> Self {
        Self::Command(command.to_owned())
    }
}

impl From<String> for Form {
    fn from(command: String) -> Self {
        Self::Command(command)
    }
}

/// An open file of the device.
pub struct Device {
    file: File,
    form: Form,
}

impl Device {
    /// Opens the device.
    pub fn open(form: impl Into<Form>) -> Self {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open("/dev/mq");
        Self {
            file: file.expect("open /dev/mq"),
            form: form.into(),
        }
    }

    /// Registers the process, and gives the file its format.
    pub fn register(&self, name: &str) {
        self.send(format!("/reg {name}").as_bytes());
        self.set_format();
    }

    fn set_format(&self) {
        if let Form::Record(_) = self.form {
            let format = Format {
                format: FORMAT_RECORDS,
                flags: 0,
            };
            sys::ioctl(&self.file, IOC_SET_FORMAT, &format.to_bytes());
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl End for Device {
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        self.form.frame(text)
    }

    fn many(&self, frame: &[u8], count: usize) -> Option<Vec<u8>> {
        matches!(self.form, Form::Record(_)).then(|| frame.repeat(count))
    }

    #[inline]
    fn send(&self, frame: &[u8]) {
        unistd::write(&self.file, frame).expect("write to /dev/mq");
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> usize {
        unistd::read(&self.file, buffer).expect("read from /dev/mq")
    }

    fn room(&self, size: usize) -> usize {
        match self.form {
            Form::Command(_) => ROOM,
            // Of one, since a read gives as many as fit.
            Form::Record(_) => (ReceivedHeader::SIZE + size).next_multiple_of(ALIGN),
        }
    }

    fn files(&self) -> Option<[RawFd; 2]> {
        Some([self.file.as_raw_fd(); 2])
    }
}

/// An open file of a process that is registered as long as this exists.
pub struct Registered(Device);

impl Registered {
    /// Opens the device and registers the process as `name`.
    pub fn new(name: &str, form: impl Into<Form>) -> Self {
        let device = Device::open(form);
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
        Device::open("").send(b"/unr");
    }
}

impl End for Registered {
    fn frame(&self, text: &[u8]) -> Vec<u8> {
        self.0.frame(text)
    }

    fn many(&self, frame: &[u8], count: usize) -> Option<Vec<u8>> {
        self.0.many(frame, count)
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
    /// What the names of the receivers begin with.
    const PREFIX: &'static str = "r";

    fn new(mq: &Mq, receivers: usize, clock: Clock) -> Self {
        let mq = *mq;
        let cost = clock.cost();
        // Or sending would pass over what is left of those of another fan-out.
        driver::wait_until_gone(Self::PREFIX);
        // The first turn is to register and gives the file, any other is to receive.
        let receivers = Crowd::start(receivers, |number| {
            let mut device = None;
            let mut buffer = vec![0; ROOM];
            Box::new(move || match &device {
                None => {
                    let own = Device::open(mq.to_all());
                    own.register(&format!("{}{number}", Self::PREFIX));
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
            sender: Registered::new("sender", mq.to_all()),
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

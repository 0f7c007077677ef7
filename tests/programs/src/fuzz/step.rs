// SPDX-License-Identifier: GPL-2.0

//! The grammar: what one step of a sequence does, as eight bytes. Every eight bytes are a step, so a
//! change of any byte gives another step, and a sequence can be written down as a number.

use std::fmt;

use mq_policy::uapi::{Receive, IOC_RECEIVE, IOC_SET_FORMAT, IOC_UNREGISTER};

use super::{
    actor::ACTORS,
    words::{command, numbers, pick, receive, records, register_file, sized, LENGTHS, NAMES},
};

/// A step as it is kept, changed and passed on.
pub type Code = [u8; 8];

/// Open files of a process, by number.
pub const SLOTS: u8 = 4;

/// How bytes get to the driver or from it.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Plain,
    /// In three pieces.
    Vector,
    /// With `RWF_NOWAIT`.
    NoWait,
    /// With a buffer that ends before the bytes do.
    Fault,
}

/// Bytes that are shown as text, and not all of them where there are many.
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(48)];
        write!(out, "\"{}\"", shown.escape_ascii())?;
        match self.0.len() - shown.len() {
            0 => Ok(()),
            more => write!(out, " and {more} bytes"),
        }
    }
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    Open {
        flags: i32,
    },
    Close,
    Write {
        bytes: Bytes,
        way: Way,
    },
    Read {
        len: usize,
        way: Way,
    },
    Poll {
        milliseconds: u16,
    },
    Epoll {
        edge: bool,
    },
    SetWaiting(bool),
    Look {
        path: String,
        at_once: usize,
    },
    Pass {
        to: usize,
    },
    Take,
    Administer {
        attribute: &'static str,
        value: String,
    },
    Request {
        number: u32,
        argument: Bytes,
    },
    Receive {
        asked: Receive,
        len: usize,
    },
    BecomeUser(u32),
    Die,
    Odd(u8),
    RingRead {
        len: u32,
    },
    RingWrite {
        bytes: Bytes,
        worker: bool,
    },
    RingPoll,
    RingCancel,
    Pause,
}

/// Who does what, with which open file, and the how-manyth allocation or copy of it fails.
pub struct Step {
    pub who: usize,
    pub slot: u8,
    pub action: Action,
    pub failing: Option<u8>,
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(
            out,
            "actor {} file {}: {:?}",
            self.who, self.slot, self.action
        )?;
        match self.failing {
            Some(nth) => write!(out, ", fault {nth}"),
            None => Ok(()),
        }
    }
}

const ATTRIBUTES: [&str; 8] = [
    "flush",
    "evict",
    "queue_len",
    "max_devices",
    "cmd_buf_size",
    "max_per_user",
    "queue_bytes",
    "max_bytes_per_user",
];

const VALUES: [&str; 14] = [
    "1",
    "2",
    "3",
    "8",
    "16",
    "64",
    "300",
    "4096",
    "65536",
    "0",
    "65537",
    "2147483647",
    "-1",
    "x",
];

const FILES: [&str; 10] = [
    "/proc/mq",
    "/sys/class/misc/mq/registered",
    "/sys/class/misc/mq/stats/deliveries",
    "/sys/class/misc/mq/stats/refused_einval",
    "/sys/class/misc/mq/queue_bytes",
    "/sys/class/misc/mq/queues/bob/depth",
    "/sys/class/misc/mq/queues/a/pid",
    "/sys/class/misc/mq/queues/a/uid",
    "/sys/class/misc/mq/queues/r0/received",
    "/sys/module/mq_driver/parameters/QUEUE_LEN",
];

/// Who is to carry it out.
pub fn who(code: Code) -> usize {
    code[0] as usize % ACTORS
}

impl Step {
    /// What the bytes stand for.
    pub fn new(code: Code) -> Self {
        let [_, what, slot, a, b, c, d, failing] = code;
        Self {
            who: self::who(code),
            slot: slot % SLOTS,
            action: action(what, [a, b, c, d]),
            // Calls that do not come to the driver are not made to fail, nor those for a ring.
            failing: (failing > 231 && !matches!(what % 64, 36 | 38 | 39 | 57 | 59..=63))
                .then(|| failing - 231),
        }
    }
}

/// The numbers up to 63 say how often each action is chosen; what is beyond repeats them.
fn action(what: u8, [a, b, c, d]: [u8; 4]) -> Action {
    match what % 64 {
        0..=6 => Action::Open {
            flags: [
                libc::O_RDWR | libc::O_NONBLOCK,
                libc::O_RDWR,
                libc::O_RDWR | libc::O_NONBLOCK,
                libc::O_RDONLY | libc::O_NONBLOCK,
                libc::O_WRONLY,
            ][a as usize % 5],
        },
        7..=8 => Action::Close,
        9..=14 => Action::Write {
            bytes: Bytes(format!("/reg {}", pick(&NAMES, a)).into_bytes()),
            way: way(d),
        },
        15..=28 => Action::Write {
            bytes: Bytes(command(a, b, c)),
            way: way(d),
        },
        29..=33 => Action::Read {
            len: pick(&LENGTHS, a),
            way: way(d),
        },
        34 => Action::Poll {
            milliseconds: [0, 0, 2, 10][a as usize % 4],
        },
        35 => Action::Epoll { edge: a % 2 == 1 },
        36 => Action::SetWaiting(a % 2 == 1),
        37 => Action::Look {
            path: looked_at(a, b),
            at_once: pick(&LENGTHS, c),
        },
        38 => Action::Pass {
            to: a as usize % ACTORS,
        },
        39 => Action::Take,
        40..=41 => administer(a, b),
        42..=43 => Action::Request {
            number: sized(IOC_SET_FORMAT, c),
            argument: numbers(&[(1 - a as u32 % 2), u32::from(b == 255)], c),
        },
        44..=45 => register_file(a, b, c),
        46 => Action::Request {
            number: IOC_UNREGISTER,
            argument: Bytes(Vec::new()),
        },
        47..=53 => Action::Write {
            bytes: Bytes(records(a, b, c)),
            way: way(d),
        },
        54..=56 => receive(a, b, c),
        57 => Action::BecomeUser([0, 1000, 1001][a as usize % 3]),
        58 => match a % 4 {
            0 => Action::Die,
            _ => Action::Odd(b),
        },
        59 => Action::RingRead {
            len: pick(&LENGTHS[..14], a) as u32,
        },
        60 => Action::RingWrite {
            bytes: Bytes(command(a, b, 0)),
            worker: d % 2 == 1,
        },
        61 => Action::RingPoll,
        62 => Action::RingCancel,
        _ => Action::Pause,
    }
}

fn way(by: u8) -> Way {
    match by % 16 {
        0 => Way::Fault,
        1 => Way::Vector,
        2 => Way::NoWait,
        _ => Way::Plain,
    }
}

fn looked_at(which: u8, slot: u8) -> String {
    match which % 12 {
        0 => format!(
            "/proc/self/fdinfo/{}",
            super::acts::descriptor(slot % SLOTS)
        ),
        which => FILES[which as usize % FILES.len()].to_owned(),
    }
}

fn administer(which: u8, value: u8) -> Action {
    let attribute = pick(&ATTRIBUTES, which);
    let value = match (attribute, value % 8) {
        ("flush", 0..=3) => "*",
        ("flush" | "evict", _) => pick(&NAMES, value),
        _ => pick(&VALUES, value),
    };
    Action::Administer {
        attribute,
        value: value.to_owned(),
    }
}

/// The number of the request that [`Action::Receive`] makes.
pub const RECEIVE: u32 = IOC_RECEIVE;

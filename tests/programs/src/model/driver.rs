// SPDX-License-Identifier: GPL-2.0

//! The driver as a machine that can be compared with the model: processes that do what a sequence
//! says, and the driver's accounts.

use std::{
    fs::File,
    os::{fd::OwnedFd, unix::fs::FileExt},
    rc::Rc,
    thread::sleep,
    time::{Duration, Instant},
};

use mq_model::{
    limits::PARAMETERS,
    machine::TOTALS,
    operation::{PROCESSES, STARTS_AS},
    Answer, Bytes, Machine, Operation, Outcome, Row, Totals,
};
use nix::{errno::Errno, poll::PollFlags, unistd::Pid};

use super::{
    order::{answer_from_bytes, Order, Verb, MAX},
    player,
};
use crate::{
    child::{Child, Link},
    listing, sysfs, wait,
};

/// How long what a process leaves behind may take to be counted, on whatever kernel.
const PATIENCE: Duration = Duration::from_secs(2);

/// The files that hold the accounts, kept open: opening them costs more than reading them.
pub struct View {
    listing: File,
    registered: File,
    totals: [File; TOTALS.len()],
}

impl View {
    /// Opens them.
    pub fn open() -> Self {
        let open = |name: &str| File::open(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            listing: open(listing::PATH),
            registered: open(&sysfs::path("registered")),
            totals: TOTALS.map(|name| open(&sysfs::path(&format!("stats/{name}")))),
        }
    }

    fn rows(&self) -> Vec<listing::Row> {
        let mut text = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let len = self
                .listing
                .read_at(&mut chunk, text.len() as u64)
                .expect("/proc/mq");
            text.extend(&chunk[..len]);
            // What is short of a page is the end.
            if len < chunk.len() {
                break;
            }
        }
        listing::parse(&String::from_utf8(text).expect("text"))
    }

    fn registered(&self) -> u64 {
        number(&self.registered)
    }

    fn totals(&self) -> Totals {
        Totals(self.totals.each_ref().map(number))
    }
}

fn number(file: &File) -> u64 {
    let mut text = [0; 24];
    let len = file.read_at(&mut text, 0).expect("an attribute");
    let text = std::str::from_utf8(&text[..len]).expect("text");
    text.trim().parse().expect("a number")
}

/// The driver, with the processes of one sequence.
pub struct Driver {
    view: Rc<View>,
    /// By their places. Who has nothing to do yet is not started.
    players: [Option<Child>; PROCESSES],
    /// The totals when the sequence began.
    before: Totals,
    /// When a process has ended last, unless the totals have been seen to be right since.
    process_ended: Option<Instant>,
}

impl Driver {
    /// Nobody is registered, and the parameters are those with which a sequence begins.
    pub fn start(view: &Rc<View>) -> Self {
        wait::until("nobody is registered", || view.registered() == 0);
        for (_, attribute, _, _, value) in PARAMETERS {
            if sysfs::get(attribute) != Some(value.into()) {
                sysfs::set(attribute, value);
            }
        }
        Self {
            before: view.totals(),
            view: view.clone(),
            players: [const { None }; PROCESSES],
            process_ended: None,
        }
    }

    fn player(&mut self, place: usize) -> &Child {
        self.players[place].get_or_insert_with(|| {
            let player = Child::start(move |link| player::play(link, STARTS_AS[place]));
            tell(&player, Order::of(Verb::Open, 0)).expect("open /dev/mq");
            player
        })
    }

    fn order(&mut self, place: usize, order: Order) -> Result<(u32, Vec<u8>), Errno> {
        tell(self.player(place), order)
    }

    fn pass(&mut self, place: usize, file: usize, to: usize) -> Result<(), Errno> {
        // Who is not there yet has the device open, too, and is not to open it afterwards.
        self.player(to);
        self.order(place, Order::of(Verb::Give, file))?;
        let from = self.player(place);
        let passed: OwnedFd = from.take();
        hear(from)?;
        let to = self.player(to);
        to.link()
            .send_bytes(&Order::of(Verb::Take, file).to_bytes());
        to.pass(passed);
        hear(to).map(drop)
    }

    fn fork(&mut self, place: usize, child: usize) {
        let (ours, theirs) = Link::pair();
        let parent = self.player(place);
        parent
            .link()
            .send_bytes(&Order::of(Verb::Fork, 0).to_bytes());
        parent.pass(theirs);
        let (pid, _) = hear(parent).expect("fork");
        self.players[child] = Some(Child::linked(Pid::from_raw(pid as i32), ours));
    }
}

/// What comes of an order.
fn tell(player: &Child, order: Order) -> Result<(u32, Vec<u8>), Errno> {
    player.link().send_bytes(&order.to_bytes());
    hear(player)
}

fn hear(player: &Child) -> Result<(u32, Vec<u8>), Errno> {
    let mut answer = [0; MAX];
    let len = player.link().receive_bytes(&mut answer);
    answer_from_bytes(&answer[..len])
}

impl Machine for Driver {
    fn perform(&mut self, operation: &Operation) -> Outcome {
        let ends = matches!(
            operation,
            Operation::Restart { .. } | Operation::Fork { .. }
        );
        if ends {
            self.process_ended = Some(Instant::now());
        }
        match *operation {
            Operation::Open { process, file } => {
                self.order(process, Order::of(Verb::Open, file))?;
            }
            Operation::Close { process, file } => {
                self.order(process, Order::of(Verb::Close, file))?;
            }
            Operation::Pass { process, file, to } => self.pass(process, file, to)?,
            Operation::Fork { process, child } => self.fork(process, child),
            Operation::Execute { process } => {
                self.order(process, Order::of(Verb::Execute, 0))?;
            }
            Operation::Become { process, user } => {
                let order = Order {
                    number: user,
                    ..Order::of(Verb::Become, 0)
                };
                self.order(process, order)?;
            }
            Operation::Restart { process } => self.players[process] = None,
            Operation::Write {
                process,
                file,
                how,
                ref bytes,
            } => {
                let order = Order {
                    how,
                    bytes: &bytes.0,
                    ..Order::of(Verb::Write, file)
                };
                let (written, _) = self.order(process, order)?;
                assert_eq!(
                    written as usize,
                    bytes.0.len(),
                    "the whole length is returned"
                );
            }
            Operation::Read {
                process,
                file,
                how,
                size,
            } => {
                let order = Order {
                    how,
                    number: size as u32,
                    ..Order::of(Verb::Read, file)
                };
                let (_, bytes) = self.order(process, order)?;
                return Ok(Answer::Bytes(Bytes(bytes)));
            }
            Operation::Poll { process, file } => {
                let (events, _) = self.order(process, Order::of(Verb::Poll, file))?;
                let events = PollFlags::from_bits_retain(events as i16);
                return Ok(Answer::Events {
                    readable: events.contains(PollFlags::POLLIN),
                    writable: events.contains(PollFlags::POLLOUT),
                    hung_up: events.contains(PollFlags::POLLHUP),
                });
            }
            Operation::Set { parameter, value } => sysfs::put(parameter.attribute(), value)?,
            Operation::Flush { ref name } => put("flush", name)?,
            Operation::Evict { ref name } => put("evict", name)?,
        }
        Ok(Answer::Done)
    }

    fn rows(&mut self) -> Vec<Row> {
        let place = |pid| {
            let is = |player: &Option<Child>| matches!(player, Some(of) if of.pid.as_raw() == pid);
            let place = self.players.iter().position(is);
            place.expect("a process of this sequence")
        };
        let rows = self.view.rows().into_iter().map(|row| Row {
            process: place(row.pid),
            name: row.name,
            user: row.uid,
            depth: row.depth,
            len: row.len,
            sent: row.sent,
            received: row.received,
            dropped: row.dropped,
        });
        rows.collect()
    }

    fn totals(&mut self, awaited: &Totals) -> Totals {
        loop {
            let mut totals = self.view.totals();
            for (total, before) in totals.0.iter_mut().zip(self.before.0) {
                *total -= before;
            }
            let is_late = |ended: Instant| ended.elapsed() > PATIENCE;
            if totals == *awaited || self.process_ended.is_none_or(is_late) {
                self.process_ended = None;
                return totals;
            }
        }
    }
}

impl Drop for Driver {
    /// All that was counted is in the totals before the next sequence begins.
    fn drop(&mut self) {
        for row in self.view.rows() {
            let _ = sysfs::put("evict", row.name);
        }
        if self.process_ended.is_some() {
            sleep(PATIENCE);
        }
    }
}

fn put(attribute: &str, name: &Bytes) -> Result<(), Errno> {
    sysfs::put(attribute, String::from_utf8_lossy(&name.0))
}

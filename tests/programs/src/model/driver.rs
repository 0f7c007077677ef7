// SPDX-License-Identifier: GPL-2.0

//! The driver as a machine that can be compared with the model: processes that do what a sequence
//! says, and the driver's accounts.

use std::{
    collections::BTreeMap,
    os::fd::OwnedFd,
    rc::Rc,
    thread::sleep,
    time::{Duration, Instant},
};

use mq_model::{
    limits::PARAMETERS,
    operation::{FILES, PROCESSES, STARTS_AS, WAIT},
    records::padded,
    world::{ProcessId, World},
    Answer, Bytes, How, Machine, Operation, Outcome, Received, Row, Totals,
};
use mq_policy::uapi::{
    Format, Receive, Registration, FORMAT_RECORDS, RECEIVE_DONTWAIT, RECEIVE_FROM, RECEIVE_PEEK,
};
use nix::{errno::Errno, poll::PollFlags, unistd::Pid};

use super::{
    order::{self, answer_from_bytes, Order, Verb, MAX},
    player,
    view::View,
};
use crate::{
    child::{Child, Link},
    sys, sysfs, wait,
};

/// How long what a process leaves behind may take to be counted, on whatever kernel.
const PATIENCE: Duration = Duration::from_secs(2);

/// The driver, with the processes of one sequence.
pub struct Driver {
    view: Rc<View>,
    /// By their places. Who has nothing to do yet is not started.
    players: [Option<Child>; PROCESSES],
    /// Which files are which, and of records.
    world: World,
    /// The processes that there are or have been, by their PIDs.
    processes: BTreeMap<u32, ProcessId>,
    /// The totals when the sequence began.
    before: Totals,
    /// When a process has ended last, unless the totals have been seen to be right since.
    process_ended: Option<Instant>,
}

/// What a process that waits for room sleeps in.
const WRITE: &[i64] = &[libc::SYS_write];

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
            world: World::new(),
            processes: BTreeMap::new(),
            process_ended: None,
        }
    }

    fn player(&mut self, place: usize) -> &Child {
        if self.players[place].is_none() {
            let player = Child::start(move |link| player::play(link, STARTS_AS[place]));
            for file in 0..FILES {
                tell(&player, Order::of(Verb::Open, file)).expect("open /dev/mq");
            }
            self.players[place] = Some(player);
            self.note_process(place);
        }
        self.players[place].as_ref().expect("it has been started")
    }

    fn note_process(&mut self, place: usize) {
        if let Some(player) = &self.players[place] {
            let id = self.world.process(place).id;
            self.processes.insert(player.pid.as_raw() as u32, id);
        }
    }

    fn order(&mut self, place: usize, order: Order) -> order::Answer {
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
fn tell(player: &Child, order: Order) -> order::Answer {
    player.link().send_bytes(&order.to_bytes());
    hear(player)
}

fn hear(player: &Child) -> order::Answer {
    let mut answer = [0; MAX];
    let len = player.link().receive_bytes(&mut answer);
    answer_from_bytes(&answer[..len])
}

/// The answer to a write.
fn written(answer: order::Answer) -> Outcome {
    answer.map(|(written, _)| Answer::Written(written as usize))
}

impl Driver {
    /// What was read through a file, as what that has.
    fn read_from(&self, process: usize, file: usize, bytes: Vec<u8>) -> Answer {
        let (_, file) = self.world.caller(process, file).expect("it was read from");
        if !self.world.is_records(file) {
            return Answer::Bytes(Bytes(bytes));
        }
        let process = |pid| {
            *self
                .processes
                .get(&pid)
                .expect("a process of this sequence")
        };
        Answer::Records(Received::all_from_bytes(&bytes, process))
    }

    fn write(&mut self, process: usize, file: usize, how: How, bytes: &[u8]) -> Outcome {
        let order = Order {
            how,
            bytes,
            ..Order::of(Verb::Write, file)
        };
        written(self.order(process, order))
    }

    /// Writes a record, and leaves its process waiting if there is no room.
    fn send_waiting(&mut self, process: usize, file: usize, bytes: &[u8]) -> Outcome {
        let order = Order {
            how: How::Waiting,
            bytes,
            ..Order::of(Verb::Write, file)
        };
        let player = self.player(process);
        player.link().send_bytes(&order.to_bytes());
        wait::until("it has written, or waits", || {
            player.link().has_something() || wait::is_asleep_in(player.pid, WRITE)
        });
        if player.link().has_something() {
            return written(hear(player));
        }
        // It has seen that the file waits. Others, who may have the same open, are not to.
        player::stop_waiting(&sys::file_of(player.pid, player::number(file)));
        self.world.set_waits(process, true);
        Ok(Answer::Waits)
    }

    fn carry_out(&mut self, operation: &Operation) -> Outcome {
        self.world.demand_free(operation)?;
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
            } => return self.write(process, file, how, &bytes.0),
            Operation::Send {
                process,
                file,
                how,
                ref records,
            } => return self.write(process, file, how, &records.to_bytes()),
            Operation::SendWaiting {
                process,
                file,
                ref record,
            } => return self.send_waiting(process, file, &record.to_lasting_bytes()),
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
                return Ok(self.read_from(process, file, bytes));
            }
            Operation::Receive {
                process,
                file,
                how,
                size,
                peek,
                ref from,
            } => {
                let flag = |is_set, flag| if is_set { flag } else { 0 };
                let limit = WAIT.as_nanos() as u64;
                let asked = Receive {
                    buffer: 0,
                    size: size as u32,
                    flags: flag(peek, RECEIVE_PEEK)
                        | flag(!from.0.is_empty(), RECEIVE_FROM)
                        | flag(how == How::WithoutSleep, RECEIVE_DONTWAIT),
                    from: padded(&from.0),
                    timeout: if how == How::Waiting { limit } else { 0 },
                };
                let order = Order {
                    how,
                    bytes: &asked.to_bytes(),
                    ..Order::of(Verb::Receive, file)
                };
                let (_, bytes) = self.order(process, order)?;
                return Ok(self.read_from(process, file, bytes));
            }
            Operation::SetFormat {
                process,
                file,
                format,
                flags,
            } => {
                let order = Order {
                    bytes: &Format { format, flags }.to_bytes(),
                    ..Order::of(Verb::SetFormat, file)
                };
                self.order(process, order)?;
                let (_, file) = self.world.caller(process, file)?;
                self.world.set_records(file, format == FORMAT_RECORDS);
            }
            Operation::Register {
                process,
                file,
                ref name,
            } => {
                let registration = Registration {
                    name: padded(&name.0),
                    ..Registration::default()
                };
                let order = Order {
                    bytes: &registration.to_bytes(),
                    ..Order::of(Verb::Register, file)
                };
                self.order(process, order)?;
            }
            Operation::Unregister { process, file } => {
                self.order(process, Order::of(Verb::Unregister, file))?;
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
}

impl Machine for Driver {
    fn perform(&mut self, operation: &Operation) -> Outcome {
        let place = match *operation {
            Operation::Restart { process } => Some(process),
            Operation::Fork { child, .. } => Some(child),
            _ => None,
        };
        if place.is_some() {
            self.process_ended = Some(Instant::now());
        }
        let outcome = self.carry_out(operation)?;
        if outcome == Answer::Waits {
            return Ok(outcome);
        }
        self.world.perform(operation)?;
        place.into_iter().for_each(|place| self.note_process(place));
        Ok(outcome)
    }

    fn over(&mut self, awaited: &[(usize, Outcome)]) -> Vec<(usize, Outcome)> {
        let mut over = Vec::new();
        for (place, player) in self.players.iter().enumerate() {
            let Some(player) = player.as_ref().filter(|_| self.world.process(place).waits) else {
                continue;
            };
            let is_over = || player.link().has_something();
            let is_awaited = awaited.iter().any(|&(of, _)| of == place);
            if is_over() || is_awaited && wait::shortly(is_over) {
                self.world.set_waits(place, false);
                over.push((place, written(hear(player))));
            }
        }
        over
    }

    fn rows(&mut self) -> Vec<Row> {
        let place = |pid| {
            if pid == 0 {
                return None;
            }
            let is = |player: &Option<Child>| matches!(player, Some(of) if of.pid.as_raw() == pid);
            let place = self.players.iter().position(is);
            assert!(place.is_some(), "{pid} is no process of this sequence");
            place
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
            bytes: row.bytes,
            waiting: row.waiting,
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

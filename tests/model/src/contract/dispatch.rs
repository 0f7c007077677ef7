// SPDX-License-Identifier: GPL-2.0

//! Which rule of the contract decides about which operation, and what can be seen from outside.

use nix::errno::Errno::ENOENT;

use super::{demand_name, records::Wanted, Model};
use crate::{
    machine::{Answer, Machine, Outcome, Row, Totals},
    operation::{Bytes, How, Operation},
    records,
    world::{File, Process},
};

impl Model {
    fn read(&mut self, caller: Process, file: File, how: How, size: usize) -> Outcome {
        if self.world.is_records(file) {
            let read = self.read_records(caller, file, how, size);
            return read.map(Answer::Records);
        }
        let read = self.read_text(caller, file, how, size);
        read.map(|read| Answer::Bytes(Bytes(read)))
    }

    /// Does what is no business of the kernel's alone.
    fn carry_out_any(&mut self, operation: &Operation) -> Outcome {
        let done = |()| Answer::Done;
        match *operation {
            Operation::Open { .. }
            | Operation::Close { .. }
            | Operation::Pass { .. }
            | Operation::Fork { .. }
            | Operation::Execute { .. }
            | Operation::Become { .. }
            | Operation::Restart { .. } => Ok(Answer::Done),
            Operation::Write {
                process,
                file,
                how,
                ref bytes,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let written = self.write(caller, file, how, &bytes.0);
                written.map(Answer::Written)
            }
            Operation::Send {
                process,
                file,
                how,
                ref records,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let bytes = records.to_bytes();
                let written = self.write(caller, file, how, &bytes);
                written.map(Answer::Written)
            }
            Operation::SendWaiting {
                process,
                file,
                ref record,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                self.send_waiting(caller, file, record)
            }
            Operation::Read {
                process,
                file,
                how,
                size,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                self.read(caller, file, how, size)
            }
            Operation::Receive {
                process,
                file,
                how,
                size,
                peek,
                ref from,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let from = records::padded(&from.0);
                let from = records::name(&from);
                let wanted = Wanted {
                    room: size,
                    there: how.there(size),
                    peek,
                    from: (!from.is_empty()).then_some(from),
                };
                let received = self.receive(caller, file, how, wanted);
                received.map(|record| Answer::Records(vec![record]))
            }
            Operation::SetFormat {
                process,
                file,
                format,
                flags,
            } => {
                let (_, file) = self.world.caller(process, file)?;
                let set = self.set_format(file, format, flags);
                set.map(done)
            }
            Operation::Register {
                process,
                file,
                ref name,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let name = records::padded(&name.0);
                let name = records::name(&name);
                let registered =
                    demand_name(name).and_then(|()| self.register_file(caller, file, name));
                registered.map(done)
            }
            Operation::Unregister { process, file } => {
                let (caller, file) = self.world.caller(process, file)?;
                let ended = self.unregister_file(caller, file);
                ended.map(done)
            }
            Operation::Poll { process, file } => {
                let (caller, file) = self.world.caller(process, file)?;
                Ok(self.poll(caller.id, file))
            }
            Operation::Set { parameter, value } => self.limits.set(parameter, value).map(done),
            Operation::Flush { ref name } => self.flush(&name.0).map(done),
            Operation::Evict { ref name } => {
                let number = self.named(&name.0).ok_or(ENOENT)?;
                self.end(number);
                Ok(Answer::Done)
            }
        }
    }
}

impl Machine for Model {
    fn perform(&mut self, operation: &Operation) -> Outcome {
        if let Some(ended) = self.world.perform(operation)? {
            self.process_ended(ended);
        }
        self.end_with_files();
        let outcome = self.carry_out_any(operation);
        if operation.is_call() {
            return self.totals.note(outcome);
        }
        outcome
    }

    fn over(&mut self, _awaited: &[(usize, Outcome)]) -> Vec<(usize, Outcome)> {
        let mut over = std::mem::take(&mut self.over);
        over.sort_by_key(|(place, _)| *place);
        over
    }

    fn rows(&mut self) -> Vec<Row> {
        let rows = self.registrations.iter().map(|of| Row {
            name: String::from_utf8_lossy(&of.name).into_owned(),
            process: self.world.place(of.maker),
            user: of.user,
            depth: of.queue.depth() as u64,
            len: of.queue.size.messages as u64,
            sent: of.sent,
            received: of.queue.received,
            dropped: of.queue.dropped,
            bytes: of.queue.bytes() as u64,
            waiting: of.queue.line.len() as u64,
        });
        rows.collect()
    }

    fn totals(&mut self, _awaited: &Totals) -> Totals {
        self.totals
    }
}

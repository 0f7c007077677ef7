// SPDX-License-Identifier: GPL-2.0

//! Which rule of the contract decides about which operation, and what can be seen from outside.

use nix::errno::Errno::ENOENT;

use super::Model;
use crate::{
    machine::{Answer, Machine, Outcome, Row, Totals},
    operation::{Bytes, Operation},
};

impl Machine for Model {
    fn perform(&mut self, operation: &Operation) -> Outcome {
        let done = |()| Answer::Done;
        if let Some(ended) = self.world.perform(operation)? {
            self.process_ended(ended);
        }
        match *operation {
            Operation::Open { .. }
            | Operation::Close { .. }
            | Operation::Pass { .. }
            | Operation::Fork { .. }
            | Operation::Execute { .. }
            | Operation::Become { .. }
            | Operation::Restart { .. } => {}
            Operation::Write {
                process,
                file,
                how,
                ref bytes,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let outcome = self.write(caller, file, how, &bytes.0);
                return self.totals.note(outcome).map(done);
            }
            Operation::Read {
                process,
                file,
                how,
                size,
            } => {
                let (caller, file) = self.world.caller(process, file)?;
                let outcome = self.read(caller, file, how, size);
                return self
                    .totals
                    .note(outcome)
                    .map(|read| Answer::Bytes(Bytes(read)));
            }
            Operation::Poll { process, file } => {
                let (caller, file) = self.world.caller(process, file)?;
                return Ok(self.poll(caller.id, file));
            }
            Operation::Set { parameter, value } => self.limits.set(parameter, value)?,
            Operation::Flush { ref name } => self.flush(&name.0)?,
            Operation::Evict { ref name } => {
                let number = self.named(&name.0).ok_or(ENOENT)?;
                self.end(number);
            }
        }
        self.discard_rests(|world, rest| !world.is_open(rest.file));
        Ok(Answer::Done)
    }

    fn rows(&mut self) -> Vec<Row> {
        let rows = self.registrations.iter().map(|of| Row {
            name: String::from_utf8_lossy(&of.name).into_owned(),
            process: self.world.place(of.process).expect("its process lives"),
            user: of.user,
            depth: of.queue.len() as u64,
            len: of.size.messages as u64,
            sent: of.sent,
            received: of.received,
            dropped: of.dropped,
        });
        rows.collect()
    }

    fn totals(&mut self, _awaited: &Totals) -> Totals {
        self.totals
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The contract of `/dev/mq` as a program, and what finds out whether another one keeps it.
//!
//! [`contract::Model`] is that program: several processes, users, open files and registrations, and
//! what comes of each operation. [`judge`] makes up sequences of operations, has the model and
//! another [`Machine`] do them step by step, and compares outcomes and accounts. Where they differ,
//! it looks for the shortest sequence that shows it, and prints that as a row for [`found`].
//!
//! There are two such machines: the driver's policy (`tests/policy`), and the driver itself in a
//! booted guest (`tests/programs/src/model`). The model takes nothing from either. Nothing in it
//! happens at the same time as something else: whoever waits for a time does so in vain, for a
//! millisecond; and who waits as long as it takes does nothing else meanwhile.

pub mod command;
pub mod contract;
pub mod found;
pub mod judge;
pub mod limits;
pub mod machine;
pub mod operation;
pub mod records;
pub mod sequences;
pub mod world;

pub use machine::{Answer, Machine, Outcome, Row, Totals};
pub use operation::{bytes, Bytes, How, Operation};
pub use records::{Received, Record, Records};

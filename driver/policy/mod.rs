// SPDX-License-Identifier: GPL-2.0

//! What the driver decides, apart from how a kernel does things: names, commands, limits, queues
//! and who may register.
//!
//! Plain Rust over `core`: no `unsafe`, no kernel types, no allocation of its own. The kernel
//! module includes this folder as its module `policy`; the Cargo workspace builds the same files as
//! the crate `mq-policy` for host tests, Miri and fuzzing, and for `mq-client` and `mq-admin`, which
//! take limits and paths from here.

pub mod backlog;
pub mod chunks;
pub mod command;
pub mod hash_index;
pub mod limits;
pub mod line;
pub mod listing;
pub mod message;
pub mod name;
pub mod paths;
pub mod priorities;
pub mod queue;
pub mod quota;
pub mod records;
pub mod refusal;
pub mod registry;
pub mod ring;
pub mod segments;
pub mod storage;
#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
mod testing;
pub mod trie;
pub mod uapi;

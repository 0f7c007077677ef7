// SPDX-License-Identifier: GPL-2.0

//! The topics: one file each, its tests listed at its top. One is no test of the driver: `mishaps`.

mod aio;
mod attacks;
mod bad_records;
mod batches;
mod changing_ids;
mod charges;
mod crowd;
mod device;
mod ending;
mod file_registrations;
mod handing_on;
mod identity;
mod inherited_polls;
mod leaving;
mod limits;
mod listing;
mod memory;
mod multiplex;
mod namespaces;
mod no_memory;
mod no_memory_for_records;
mod no_memory_to_poll;
mod no_memory_to_steer;
mod nowait;
mod order;
mod passing;
mod priorities;
mod queue_bytes;
mod racing;
mod reading;
mod receiving;
mod record_namespaces;
mod records;
mod rests;
mod set_user_id;
mod stalling;
mod subordinate;
mod switching;
mod unloading;
mod uring;
mod user_bytes;
mod waiting;
mod waiting_sends;

use crate::{
    harness::{self, Topic},
    mishaps, wait,
};

const TOPICS: &[(&str, Topic)] = &[
    ("aio", aio::TESTS),
    ("attacks", attacks::TESTS),
    ("bad_records", bad_records::TESTS),
    ("batches", batches::TESTS),
    ("changing_ids", changing_ids::TESTS),
    ("charges", charges::TESTS),
    ("crowd", crowd::TESTS),
    ("device", device::TESTS),
    ("ending", ending::TESTS),
    ("file_registrations", file_registrations::TESTS),
    ("identity", identity::TESTS),
    ("handing_on", handing_on::TESTS),
    ("inherited_polls", inherited_polls::TESTS),
    ("leaving", leaving::TESTS),
    ("limits", limits::TESTS),
    ("listing", listing::TESTS),
    ("memory", memory::TESTS),
    ("mishaps", mishaps::TESTS),
    ("multiplex", multiplex::TESTS),
    ("namespaces", namespaces::TESTS),
    ("no_memory", no_memory::TESTS),
    ("no_memory_for_records", no_memory_for_records::TESTS),
    ("no_memory_to_poll", no_memory_to_poll::TESTS),
    ("no_memory_to_steer", no_memory_to_steer::TESTS),
    ("nowait", nowait::TESTS),
    ("order", order::TESTS),
    ("passing", passing::TESTS),
    ("priorities", priorities::TESTS),
    ("queue_bytes", queue_bytes::TESTS),
    ("racing", racing::TESTS),
    ("reading", reading::TESTS),
    ("receiving", receiving::TESTS),
    ("record_namespaces", record_namespaces::TESTS),
    ("records", records::TESTS),
    ("rests", rests::TESTS),
    ("set_user_id", set_user_id::TESTS),
    ("stalling", stalling::TESTS),
    ("subordinate", subordinate::TESTS),
    ("switching", switching::TESTS),
    ("unloading", unloading::TESTS),
    ("uring", uring::TESTS),
    ("user_bytes", user_bytes::TESTS),
    ("waiting", waiting::TESTS),
    ("waiting_sends", waiting_sends::TESTS),
];

/// Runs the tests of the topic `name` whose names contain `pattern`; whether all passed.
pub fn run(name: &str, pattern: &str) -> bool {
    match TOPICS.iter().find(|(topic, _)| *topic == name) {
        Some((_, tests)) => harness::run(tests, pattern, wait::limit_of_a_test()),
        None => {
            eprintln!("mq-test: there is no topic {name}");
            false
        }
    }
}

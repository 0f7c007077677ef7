// SPDX-License-Identifier: GPL-2.0

//! The driver against the model (`tests/model`): sequences of operations, done step by step by
//! processes here and by the model, outcomes and accounts compared.
//!
//! It goes on for as many operations, or seconds, as asked for. A difference is made as short as can
//! be and printed as a row for `tests/model/src/found.rs`.

mod driver;
mod order;
pub mod player;
mod view;

use std::{
    cell::Cell,
    rc::Rc,
    sync::OnceLock,
    time::{Duration, Instant},
};

use mq_model::{found::FOUND, judge};

use crate::{
    harness::{self, Topic},
    wait,
};
use driver::Driver;
use view::View;

/// How much is done, and from which seed on.
struct Extent {
    operations: u64,
    time: Duration,
    seed: u64,
}

static EXTENT: OnceLock<Extent> = OnceLock::new();

const TESTS: Topic = &[
    (
        "sequences in which driver and model once differed",
        known_sequences,
    ),
    (
        "sequences that are made up: driver and model agree in every outcome and account",
        made_up_sequences,
    ),
];

/// Far more than any number of operations takes.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Runs the tests, with `count` operations or, with an `s` behind it, for as many seconds; whether
/// all passed.
pub fn run(count: &str, seed: &str) -> bool {
    let (number, is_time) = match count.strip_suffix('s') {
        Some(seconds) => (seconds.parse(), true),
        None => (count.parse(), false),
    };
    let (Ok(number), Ok(seed)) = (number, seed.parse()) else {
        eprintln!("mq-test: {count} {seed}: not a number of operations or seconds, and a seed");
        return false;
    };
    let extent = if is_time {
        Extent {
            operations: u64::MAX,
            time: Duration::from_secs(number),
            seed,
        }
    } else {
        Extent {
            operations: number,
            time: NO_LIMIT,
            seed,
        }
    };
    let limit = match is_time {
        true => extent.time + 10 * wait::LIMIT,
        false => wait::limit_of_a_test() * 4,
    };
    EXTENT.set(extent).ok().expect("one run a process");
    harness::run(TESTS, "", limit)
}

fn known_sequences() {
    wait::on_one_processor();
    let view = Rc::new(View::open());
    for (name, sequence) in FOUND {
        let judged = judge::compare(&mut Driver::start(&view), &sequence());
        assert_eq!(judged, Ok(()), "{name}");
    }
}

fn made_up_sequences() {
    wait::on_one_processor();
    let extent = EXTENT.get().expect("set before");
    println!("# SEED={}", extent.seed);
    let view = Rc::new(View::open());
    let begin = Instant::now();
    let last = Cell::new(0);
    let judged = judge::search(
        extent.seed,
        || Driver::start(&view),
        |operations| {
            last.set(operations);
            operations >= extent.operations || begin.elapsed() >= extent.time
        },
    );
    println!("# count {} model operations", last.get());
    println!("# in {:.1} s", begin.elapsed().as_secs_f64());
    if let Err(difference) = judged {
        panic!("{difference}");
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The driver's policy against the model of the contract.
//!
//! `SEED` is the first seed, of which as many sequences follow as it takes.

mod machine;
mod reading;
mod records;
mod registrar;
mod registration;
mod waiting;
mod writing;

use machine::Policy;
use mq_model::{found::FOUND, judge};

/// Operations that are made up in each run.
const OPERATIONS: u64 = 50_000;

#[test]
fn policy_agrees_with_the_model_in_what_was_found() {
    for (name, sequence) in FOUND {
        let judged = judge::compare(&mut Policy::new(), &sequence());
        assert_eq!(judged, Ok(()), "{name}");
    }
}

#[test]
fn policy_agrees_with_the_model_in_what_is_made_up() {
    let seed = std::env::var("SEED").map_or(1, |seed| seed.parse().expect("a number"));
    println!("SEED={seed}");
    let judged = judge::search(seed, Policy::new, |operations| operations >= OPERATIONS);
    if let Err(difference) = judged {
        panic!("{difference}");
    }
}

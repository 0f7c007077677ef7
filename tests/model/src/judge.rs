// SPDX-License-Identifier: GPL-2.0

//! Has a machine and the model do the same, and tells the first difference.

use std::{
    cell::{Cell, RefCell},
    fmt::{Debug, Write},
};

use proptest::{
    prelude::Rng,
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use crate::{contract::Model, sequences, Machine, Operation};

/// After how many operations the totals are compared, and after the last. They are many files, and
/// only grow, so that what is wrong stays wrong.
const TOTALS_EVERY: usize = 8;

/// Does a sequence step by step on a machine that has just been set up, and compares outcome and
/// listing after each.
///
/// # Errors
///
/// What differs, and after which step.
pub fn compare(machine: &mut impl Machine, sequence: &[Operation]) -> Result<(), String> {
    let mut model = Model::default();
    let does = |operation: &&Operation| machine.does(operation);
    let sequence: Vec<_> = sequence.iter().filter(does).collect();
    for (number, operation) in sequence.iter().enumerate() {
        let differs = |what: &str, want: &dyn Debug, got: &dyn Debug| {
            let step = number + 1;
            Err(format!(
                "step {step}, {operation:?}: {what}\n  want {want:?}\n  got  {got:?}"
            ))
        };
        let (want, got) = (model.perform(operation), machine.perform(operation));
        if want != got {
            return differs("the outcome", &want, &got);
        }
        let want = model.over(&[]);
        let got = machine.over(&want);
        if want != got {
            return differs("those who wait no longer", &want, &got);
        }
        let (want, got) = (model.rows(), machine.rows());
        if want != got {
            return differs("the rows of /proc/mq", &want, &got);
        }
        let is_last = number + 1 == sequence.len();
        if is_last || (number + 1).is_multiple_of(TOTALS_EVERY) {
            let want = model.totals;
            let got = machine.totals(&want);
            if want != got {
                return differs("the totals", &want, &got);
            }
        }
    }
    Ok(())
}

/// Makes up sequences, each from a seed of its own, from `seed` on, and compares on machines from
/// `set_up`, until `enough` says of the number of operations that it is.
///
/// # Errors
///
/// The shortest sequence found that shows a difference, as a row of `found.rs`, and its seed. Where
/// one does not show it again, others are tried before that is said.
pub fn search<M: Machine>(
    mut seed: u64,
    set_up: impl FnMut() -> M,
    mut enough: impl FnMut(u64) -> bool,
) -> Result<(), String> {
    let (operations, set_up) = (Cell::new(0), RefCell::new(set_up));
    let judge = |sequence: &[Operation]| {
        operations.set(operations.get() + sequence.len() as u64);
        compare(&mut set_up.borrow_mut()(), sequence)
    };
    let mut once = Ok(());
    while !enough(operations.get()) {
        let mut runner = runner(seed);
        let made_up = sequences::sequence().new_tree(&mut runner);
        let made_up = made_up.map_err(|why| why.to_string())?;
        let sequence = made_up.current();
        if let Err(why) = judge(&sequence) {
            let shrunk = runner.run_one(made_up, |sequence| {
                judge(&sequence).map_err(TestCaseError::fail)
            });
            match shrunk {
                Err(TestError::Fail(why, shortest)) => {
                    return Err(report(seed, &shortest, why.message()))
                }
                _ if once.is_ok() => {
                    let why = format!("{why}\nIt is not so again: others may have left something.");
                    once = Err(report(seed, &sequence, &why));
                }
                _ => {}
            }
        }
        seed += 1;
    }
    once
}

/// The sequence that is made up from a seed.
pub fn made_up(seed: u64) -> Vec<Operation> {
    let made_up = sequences::sequence().new_tree(&mut runner(seed));
    made_up.expect("no sequence is rejected").current()
}

/// What makes up one sequence, the same for the same seed.
fn runner(seed: u64) -> TestRunner {
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 10_000,
        ..Config::default()
    };
    let mut first = [0; 32];
    first[..8].copy_from_slice(&seed.to_le_bytes());
    // From neighbouring seeds, numbers that have nothing in common. A cheap generator goes on with
    // them, since it is copied for each choice that is made.
    let mut bytes = [0; 16];
    TestRng::from_seed(RngAlgorithm::ChaCha, &first).fill_bytes(&mut bytes);
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &bytes);
    TestRunner::new_with_rng(config, rng)
}

/// A sequence as a row of `found.rs`, and what is wrong.
fn report(seed: u64, sequence: &[Operation], why: &str) -> String {
    let mut text = format!("{why}\nSEED={seed}\n    (\"WHAT IT SHOWS\", || {{\n        vec![\n");
    for operation in sequence {
        // Writing to a string does not fail.
        let _ = writeln!(text, "            {operation:?},");
    }
    text + "        ]\n    }),\n"
}

// SPDX-License-Identifier: GPL-2.0

//! The module is loaded and unloaded while others use it whenever it is there.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::{
    dice::Dice,
    end_of,
    memory::{Memory, ROUNDS},
    watcher,
};
use crate::{child::Child, listing, module, primitives, wait};

/// See above.
pub fn run() {
    let end = end_of(1);
    let mut memory = Memory::new();
    let mut dice = Dice::new(1);
    let mut loads = 0;
    module::unload();
    let mut rounds = 0;
    while Instant::now() < end || rounds < ROUNDS {
        let until = Instant::now() + 2 * wait::MOMENT;
        let busy: Vec<Child> = (0..4).map(|number| user(number, until)).collect();
        loop {
            module::load();
            dice.sleep(Duration::from_millis(30));
            module::unload();
            loads += 1;
            if Instant::now() > until {
                break;
            }
        }
        busy.into_iter().for_each(Child::finish);
        memory.note();
        rounds += 1;
    }
    println!("# count {loads} loads and unloads under stress");
    module::load();
    memory.must_be_flat();
}

/// A process that does something with the driver, again and again.
fn user(number: usize, until: Instant) -> Child {
    Child::start(move |_| {
        while Instant::now() < until {
            if number == 3 {
                let _ = fs::read(listing::PATH);
                watcher::read_all_files();
            } else {
                primitives::must_end_well(primitives::one_life(number));
            }
        }
    })
}

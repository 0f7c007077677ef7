// SPDX-License-Identifier: GPL-2.0

//! The fuzzer: sequences of system calls by several processes and threads, after a grammar of the
//! interface, led by which code of the driver they reach, where the kernel has KCOV.
//!
//! It looks for what nobody thought of: a report of the kernel, a process that cannot be woken, an
//! account that does not balance. It does not know what a call should return; the model does.

mod actor;
mod acts;
mod corpus;
mod crew;
mod fault;
mod mailbox;
mod reached;
mod step;
mod verdict;
mod words;

use std::{
    fs,
    path::Path,
    sync::OnceLock,
    time::{Duration, Instant},
};

use crate::{
    faults,
    harness::{self, Topic},
    sys::{self, kcov},
    wait,
};
use corpus::Corpus;
use crew::{Crew, Sequence};
use reached::Reached;
use step::Step;
use verdict::Judge;

const FUZZ: Topic = &[(
    "whatever processes do: no report, no sleeper, and the accounts balance",
    fuzz,
)];

const REPLAY: Topic = &[("a sequence of the fuzzer, again and again", replay)];

/// How often a sequence is done again that failed once.
const AGAIN: usize = 200;

/// What the test was asked to do, which has no argument.
static ASKED: OnceLock<(u64, u64, Vec<Sequence>)> = OnceLock::new();

/// Fuzzes for so many seconds; whether nothing was found. Without a seed, it takes one of its own.
pub fn run(seconds: &str, seed: Option<&str>) -> bool {
    let seed = seed.map_or_else(|| Ok(fastrand::u64(..)), str::parse);
    let (Ok(seconds), Ok(seed)) = (seconds.parse(), seed) else {
        eprintln!("mq-test: fuzz takes a number of seconds, and a number as its seed");
        return false;
    };
    run_as_test(FUZZ, (seconds, seed, Vec::new()))
}

/// Does sequences again that the fuzzer has printed; whether nothing was found.
pub fn run_again(words: &[&str]) -> bool {
    let sequences: Option<Vec<Sequence>> = words.iter().map(|word| corpus::read(word)).collect();
    let Some(sequences) = sequences else {
        eprintln!("mq-test: replay takes sequences as the fuzzer prints them");
        return false;
    };
    run_as_test(REPLAY, (0, 0, sequences))
}

fn run_as_test(topic: Topic, asked: (u64, u64, Vec<Sequence>)) -> bool {
    let seconds = asked.0;
    assert!(ASKED.set(asked).is_ok(), "one run a process");
    harness::run(topic, "", Duration::from_secs(seconds) + 10 * wait::LIMIT)
}

/// What both need: the kernel's help, and all actors.
struct Fuzzer<'a> {
    in_turn: Crew<'a>,
    at_once: Crew<'a>,
    judge: Judge,
    steps: usize,
    sequences: usize,
}

impl<'a> Fuzzer<'a> {
    fn new(reached: &'a Reached) -> Self {
        if Path::new(faults::FAIL_NTH).exists() {
            faults::prepare();
        }
        wait::on_one_processor();
        // An oops is to be told with the sequence that caused it.
        if sys::has_sysctl() {
            fs::write("/proc/sys/kernel/panic_on_oops", "0").expect("panic_on_oops");
        }
        Self {
            in_turn: Crew::start(reached, false),
            at_once: Crew::start(reached, true),
            judge: Judge::new(),
            steps: 0,
            sequences: 0,
        }
    }

    /// How much a sequence has reached that none before has. Ends the test if something is wrong.
    fn attempt(&mut self, sequence: &Sequence) -> u64 {
        self.sequences += 1;
        self.steps += sequence.steps.len();
        let crew = if sequence.at_once {
            &mut self.at_once
        } else {
            &mut self.in_turn
        };
        let result = crew.carry_out(sequence);
        let verdict = result.and_then(|new| self.judge.judge(sequence).map(|()| new));
        verdict.unwrap_or_else(|what| {
            println!(
                "# the sequence, for `mq-test replay`: {}",
                corpus::write(sequence)
            );
            for code in &sequence.steps {
                println!("#   {}", Step::new(*code));
            }
            panic!("{what}")
        })
    }
}

impl Drop for Fuzzer<'_> {
    fn drop(&mut self) {
        let _ = fs::write("/proc/sys/kernel/panic_on_oops", "1");
    }
}

fn fuzz() {
    let (seconds, seed, _) = ASKED.get().expect("set by run");
    println!("# fuzz with seed {seed}");
    let until = Instant::now() + Duration::from_secs(*seconds);
    let random = &mut fastrand::Rng::with_seed(*seed);
    let reached = Reached::new();
    let mut fuzzer = Fuzzer::new(&reached);
    let mut corpus = Corpus::new();
    let tells = std::env::var_os("MQ_TEST_CORPUS").is_some();
    while Instant::now() < until || !corpus.is_tried() {
        let sequence = corpus.next(random);
        if fuzzer.attempt(&sequence) > 0 {
            if tells {
                println!("# corpus {}", corpus::write(&sequence));
            }
            corpus.keep(sequence);
        }
    }
    println!(
        "# count {} fuzzed sequences of system calls",
        fuzzer.sequences
    );
    println!("# count {} fuzzed system calls", fuzzer.steps);
    if kcov::exists() {
        let places = reached.places();
        println!("# count {places} places of the driver's code that the fuzzer reached");
        assert!(places > 0, "nothing of the driver was reached");
    }
}

fn replay() {
    let (_, _, sequences) = ASKED.get().expect("set by run_again");
    let reached = Reached::new();
    let mut fuzzer = Fuzzer::new(&reached);
    for _ in 0..AGAIN {
        for sequence in sequences {
            fuzzer.attempt(sequence);
        }
    }
}

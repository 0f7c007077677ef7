// SPDX-License-Identifier: GPL-2.0

//! The sequences that have reached something new, and new ones made of them.

use std::collections::VecDeque;

use super::{crew::Sequence, step::Code};

/// The most steps of a sequence.
const MOST: usize = 24;

/// Sequences of earlier runs, each written as [`write`] does.
const SEEDS: &str = include_str!("corpus.txt");

/// Sequences that are worth changing.
pub struct Corpus {
    sequences: Vec<Sequence>,
    untried: VecDeque<Sequence>,
}

impl Corpus {
    /// Nothing yet, and what earlier runs have found to be tried first.
    pub fn new() -> Self {
        let seeds = SEEDS.lines().filter(|line| !line.starts_with('#'));
        Self {
            sequences: Vec::new(),
            untried: seeds.map(|line| read(line).expect("a sequence")).collect(),
        }
    }

    /// Keeps a sequence.
    pub fn keep(&mut self, sequence: Sequence) {
        self.sequences.push(sequence);
    }

    /// Whether all of what earlier runs have found has been tried.
    pub fn is_tried(&self) -> bool {
        self.untried.is_empty()
    }

    /// A sequence to try.
    pub fn next(&mut self, random: &mut fastrand::Rng) -> Sequence {
        if let Some(seed) = self.untried.pop_front() {
            self.keep(seed.clone());
            return seed;
        }
        let mut sequence = if self.sequences.is_empty() || random.u8(..4) == 0 {
            fresh(random)
        } else {
            self.any(random)
        };
        for _ in 0..1 + random.usize(..4) {
            self.change(&mut sequence, random);
        }
        sequence.steps.truncate(MOST);
        sequence
    }

    fn any(&self, random: &mut fastrand::Rng) -> Sequence {
        // The younger half as often as all.
        let low = self.sequences.len() / 2 * random.usize(..2);
        self.sequences[random.usize(low..self.sequences.len())].clone()
    }

    fn change(&self, sequence: &mut Sequence, random: &mut fastrand::Rng) {
        let steps = &mut sequence.steps;
        let at = random.usize(..steps.len());
        match random.u8(..10) {
            0..=3 => steps[at][random.usize(..8)] = random.u8(..),
            4 => steps.insert(at, step(random)),
            5 => steps.insert(at, steps[random.usize(..steps.len())]),
            6 if steps.len() > 1 => drop(steps.remove(at)),
            7 => steps[at][0] = random.u8(..),
            8 if !self.sequences.is_empty() => {
                let other = self.any(random).steps;
                steps.truncate(at + 1);
                steps.extend(&other[random.usize(..other.len())..]);
            }
            _ => sequence.at_once = !sequence.at_once,
        }
    }
}

fn step(random: &mut fastrand::Rng) -> Code {
    let mut code = [0; 8];
    random.fill(&mut code);
    // Most by few actors and files, or they would seldom meet; most without a fault.
    code[0] %= 1 + random.u8(..8);
    code[2] %= 1 + random.u8(..4);
    if random.u8(..8) != 0 {
        code[7] = 0;
    }
    code
}

/// A sequence out of nothing: each actor that takes part opens a file and mostly registers.
fn fresh(random: &mut fastrand::Rng) -> Sequence {
    let mut steps = Vec::new();
    for actor in 0..1 + random.u8(..3) {
        let actor = actor * 2;
        steps.push([actor, 0, 0, 2 * random.u8(..2), 0, 0, 0, 0]);
        steps.push([actor, 9, 0, actor / 2, 0, 0, 9, 0]);
    }
    steps.extend((0..4 + random.usize(..10)).map(|_| step(random)));
    Sequence {
        steps,
        at_once: random.u8(..3) == 0,
    }
}

/// The sequence as a word: how it is carried out, and two digits a byte.
pub fn write(sequence: &Sequence) -> String {
    let bytes = sequence.steps.iter().flatten();
    let digits = bytes.map(|byte| format!("{byte:02x}"));
    let how = if sequence.at_once {
        "at-once:"
    } else {
        "in-turn:"
    };
    how.to_owned() + &digits.collect::<String>()
}

/// The sequence that a word stands for.
pub fn read(word: &str) -> Option<Sequence> {
    let (how, digits) = word.split_once(':')?;
    let at_once = match how {
        "at-once" => true,
        "in-turn" => false,
        _ => return None,
    };
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes = pairs.map(byte).collect::<Option<Vec<u8>>>()?;
    let (steps, rest) = bytes.as_chunks();
    let steps = steps.to_vec();
    (rest.is_empty() && !steps.is_empty()).then_some(Sequence { steps, at_once })
}

#[cfg(test)]
mod tests {
    use super::{read, write, Corpus};

    #[test]
    fn a_sequence_is_read_as_it_was_written() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut corpus = Corpus::new();
        for _ in 0..1000 {
            let sequence = corpus.next(&mut random);
            assert!(read(&write(&sequence)) == Some(sequence.clone()));
            corpus.keep(sequence);
        }
        for bad in [
            "",
            "in-turn:",
            "in-turn:00",
            "x:0011223344556677",
            "in-turn:00112233445566x7",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}

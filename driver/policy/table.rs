// SPDX-License-Identifier: GPL-2.0

//! A hash table from numbers to small values, over an array that somebody else provides.
//!
//! Open addressing with linear probing; removing shifts entries back, so look-ups stay short for
//! ever. It does not grow: whoever owns it keeps it at most half full and moves it to a larger array.

use core::ops::DerefMut;

/// How keys are spread. Seeded, so that nobody can choose names that all fall onto one place.
#[derive(Clone, Copy)]
pub struct Spread {
    offset: u64,
    factor: u64,
}

impl Spread {
    /// A spread from random bits.
    pub fn new(offset: u64, factor: u64) -> Self {
        Self {
            offset,
            factor: factor | 1,
        }
    }

    /// The place of `key` among `1 << (64 - shift)` places: the top bits of the product, which all
    /// bits of the key have a part in.
    fn place(self, key: u64, shift: u32) -> usize {
        ((key ^ self.offset).wrapping_mul(self.factor) >> shift) as usize
    }
}

/// A hash table over an array whose length is a power of two.
pub struct Table<A> {
    places: A,
    spread: Spread,
    /// 64 less the number of bits of a place.
    shift: u32,
}

impl<V: Copy, A: DerefMut<Target = [Option<(u64, V)>]>> Table<A> {
    /// An empty table over `places`: all `None`, and in number a power of two, at least 2.
    pub fn new(places: A, spread: Spread) -> Self {
        debug_assert!(places.len().is_power_of_two() && places.len() >= 2);
        let shift = 64 - places.len().trailing_zeros();
        Self {
            places,
            spread,
            shift,
        }
    }

    /// The value of `key`.
    pub fn get(&self, key: u64) -> Option<V> {
        Some(self.places[self.find(key)?]?.1)
    }

    /// Sets the value of `key`, which may be new or not. The caller sees to it that a place is free.
    pub fn set(&mut self, key: u64, value: V) {
        let mut at = self.home(key);
        // Bounded by the number of places, so that a full table could not hang the kernel.
        for _ in 0..self.places.len() {
            match self.places[at] {
                Some((other, _)) if other != key => at = self.after(at),
                _ => {
                    self.places[at] = Some((key, value));
                    return;
                }
            }
        }
        debug_assert!(false, "a table with no free place");
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: u64) {
        let Some(mut hole) = self.find(key) else {
            return;
        };
        let mut at = hole;
        loop {
            at = self.after(at);
            let Some((other, _)) = self.places[at] else {
                break;
            };
            // An entry may move into the hole unless its home lies between the hole and itself.
            let from_home = at.wrapping_sub(self.home(other)) & self.mask();
            let from_hole = at.wrapping_sub(hole) & self.mask();
            if from_home >= from_hole {
                self.places[hole] = self.places[at];
                hole = at;
            }
        }
        self.places[hole] = None;
    }

    fn find(&self, key: u64) -> Option<usize> {
        let mut at = self.home(key);
        for _ in 0..self.places.len() {
            match self.places[at] {
                Some((other, _)) if other == key => return Some(at),
                Some(_) => at = self.after(at),
                None => return None,
            }
        }
        None
    }

    fn home(&self, key: u64) -> usize {
        self.spread.place(key, self.shift)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & self.mask()
    }

    fn mask(&self) -> usize {
        self.places.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn table(places: usize, spread: Spread) -> Table<Vec<Option<(u64, u32)>>> {
        Table::new(vec![None; places], spread)
    }

    #[test]
    fn agrees_with_a_map_through_long_histories() {
        let mut random = 1_u64;
        for seed in 0..50 {
            let mut table = table(32, Spread::new(seed, seed.wrapping_mul(0x9e37_79b9)));
            let mut model = HashMap::new();
            for step in 0..2000 {
                random = random
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                let key = (random >> 33) % 24;
                if (random >> 60) < 8 && model.len() < 16
                    || model.contains_key(&key) && step % 3 == 0
                {
                    table.set(key, step);
                    model.insert(key, step);
                } else {
                    table.remove(key);
                    model.remove(&key);
                }
                for key in 0..24 {
                    assert_eq!(table.get(key), model.get(&key).copied());
                }
            }
        }
    }

    #[test]
    fn a_full_table_answers() {
        let mut table = table(4, Spread::new(0, 1));
        for key in 0..4 {
            table.set(key, 0);
        }
        assert_eq!(table.get(9), None);
        table.set(2, 7);
        assert_eq!(table.get(2), Some(7));
    }

    #[test]
    fn keys_that_share_low_bits_are_spread() {
        // Names differ in their first bytes only, addresses in the middle ones.
        let spread = Spread::new(0x1234_5678_9abc_def0, 0x9e37_79b9_7f4a_7c15);
        let mut used = [0_u32; 256];
        for key in 0..256_u64 {
            used[spread.place(key << 40, 56)] += 1;
        }
        assert!(used.iter().max().unwrap() <= &16, "{used:?}");
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The registry, operation by operation, beside a list that does the same slowly: who may register,
//! who is found by name, by process and by walking.
#![no_main]

mod heap;

use heap::Heap;
use libfuzzer_sys::fuzz_target;
use mq_policy::{
    hash_index::HashSeed,
    name::Name,
    refusal::Refusal,
    registry::{Applicant, Growth, Handle, Limits, Member, Registry, Walk},
};

/// A registration by its number.
struct Number(u64);

impl Member for Number {
    fn is_dying(&self) -> bool {
        false
    }
}

struct Known {
    who: Applicant,
    handle: Handle,
    installed: bool,
}

/// What the contract says of who may register, over a list of those who are.
fn expected(known: &[Known], who: Applicant, max: usize) -> Result<Option<Handle>, Refusal> {
    let own = known.iter().find(|other| other.who.owner == who.owner);
    // One that is being made cannot be replaced yet.
    if own.is_some_and(|own| own.who.user == who.user || !own.installed) {
        return Err(Refusal::AlreadyRegistered);
    }
    let replaces = own.map(|own| own.handle);
    let holder = known.iter().find(|other| other.who.name == who.name);
    if holder.is_some_and(|holder| Some(holder.handle) != replaces) {
        return Err(Refusal::NameTaken);
    }
    if known.len() - usize::from(replaces.is_some()) >= max {
        return Err(Refusal::TableFull);
    }
    Ok(replaces)
}

/// All that are installed, in order.
fn walked(registry: &Registry<Number, Heap>) -> Vec<u64> {
    let (mut near, mut above) = (Handle::START, 0);
    let mut numbers = Vec::new();
    loop {
        match registry.walk(near, above) {
            Walk::Found(handle, member) => {
                assert_eq!(handle.sequence(), member.0);
                numbers.push(member.0);
                (near, above) = (handle, handle.sequence());
            }
            Walk::Pause(handle) => (near, above) = (handle, above.max(handle.sequence())),
            Walk::End => return numbers,
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut registry = Registry::new(HashSeed::new(17, 0x9e37_79b9_7f4a_7c15));
    let mut known: Vec<Known> = Vec::new();
    let (operations, _) = bytes.as_chunks();
    for [what, a, b] in operations {
        match what % 4 {
            0 | 1 => {
                let digits = format!("n{}", a % 40);
                let who = Applicant {
                    name: Name::new(digits.as_bytes()).expect("a name"),
                    owner: u64::from(b % 64),
                    user: u64::from(b / 128),
                };
                let max = 1 + usize::from(what / 4);
                if let Some(chunk) = registry.needs_growth() {
                    let Ok(growth) = Growth::new(chunk);
                    drop(registry.grow(growth));
                }
                let limits = Limits { max, dying: 0 };
                let reserved = registry.reserve(who, limits, || Ok(()));
                let expected = expected(&known, who, max);
                assert_eq!(
                    reserved
                        .map(|reserved| reserved.replaces)
                        .map_err(|no| no.refusal),
                    expected
                );
                if let Ok(reserved) = reserved {
                    let handle = reserved.handle;
                    let installed = what % 4 == 0;
                    if installed {
                        registry.install(handle, Number(handle.sequence()));
                        if let Some(replaced) = reserved.replaces {
                            assert!(registry.remove(replaced).is_some());
                            known.retain(|other| other.handle != replaced);
                        }
                        known.push(Known {
                            who,
                            handle,
                            installed,
                        });
                    } else {
                        registry.cancel(handle);
                    }
                }
            }
            2 if !known.is_empty() => {
                let gone = known.remove(usize::from(*a) % known.len());
                let member = registry.remove(gone.handle);
                assert_eq!(member.map(|member| member.0), Some(gone.handle.sequence()));
                assert!(!registry.holds(gone.handle) && registry.remove(gone.handle).is_none());
            }
            _ => {}
        }
        assert_eq!(registry.len(), known.len());
        let numbers: Vec<u64> = known.iter().map(|known| known.handle.sequence()).collect();
        assert_eq!(walked(&registry), numbers);
        for known in &known {
            assert_eq!(registry.by_name(known.who.name), Some(known.handle));
            assert_eq!(registry.by_owner(known.who.owner), Some(known.handle));
        }
    }
});

// SPDX-License-Identifier: GPL-2.0

//! Tests of the registry, among them random histories against a simple model.

use super::super::testing::{
    array,
    name,
    sample,
    Array,
    Heap,
    Random, //
};
use super::*;
use core::cell::Cell;

/// What the tests register: a number, and whether it is dying.
#[derive(Clone, Copy)]
struct Entry<'a>(u32, &'a Cell<bool>);

impl Member for Entry<'_> {
    fn is_dying(&self) -> bool {
        self.1.get()
    }
}

type Entries<'a> = Registry<Entry<'a>, Heap>;

fn who(text: &str, owner: u64, user: u64) -> Applicant {
    Applicant {
        name: name(text),
        owner,
        user,
    }
}

/// A process of its own number, and with that number in its name.
fn numbered(number: u32) -> Applicant {
    let digit = |unit: u32| b'0' + (number / unit % 10) as u8;
    let text = [b'n', digit(100), digit(10), digit(1)];
    who(core::str::from_utf8(&text).unwrap_or(""), number.into(), 0)
}

/// An empty registry that cannot take anybody yet.
fn empty<'a>() -> Entries<'a> {
    Registry::new(HashSeed::new(17, 0x9e37_79b9_7f4a_7c15))
}

/// Reserves a place, growing first if need be.
fn reserve(registry: &mut Entries<'_>, who: Applicant, limits: Limits) -> Result<Reserved, Denied> {
    if let Some(chunk) = registry.needs_growth() {
        drop(registry.grow(Growth::new(chunk).unwrap()));
    }
    registry.reserve(who, limits, || Ok(()))
}

/// Registers somebody who is sure to be allowed to.
fn register<'a>(
    registry: &mut Entries<'a>,
    who: Applicant,
    number: u32,
    dying: &'a Cell<bool>,
) -> Handle {
    let handle = reserve(registry, who, WIDE).unwrap().handle;
    registry.install(handle, Entry(number, dying));
    handle
}

/// The first registration after a place, with its number.
fn walk(registry: &Entries<'_>, place: Handle) -> Option<(Handle, u32)> {
    let (mut near, mut sequence) = (place, place.sequence());
    loop {
        match registry.walk(near, sequence) {
            Walk::Found(handle, member) => return Some((handle, member.0)),
            Walk::Pause(handle) => (near, sequence) = (handle, sequence.max(handle.sequence())),
            Walk::End => return None,
        }
    }
}

const WIDE: Limits = Limits {
    max: 1000,
    dying: 0,
};

fn refused(refusal: Refusal, blocked_by: Option<Handle>) -> Result<Reserved, Denied> {
    Err(Denied {
        refusal,
        blocked_by,
    })
}

#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_registry))]
mod cases {
    use super::*;

    #[test]
    fn a_registry_that_has_not_grown_is_full() {
        let mut registry = empty();
        assert_eq!(registry.needs_growth(), Some(0));
        let mut asked = false;
        let reserved = registry.reserve(who("bob", 1, 0), WIDE, || {
            asked = true;
            Ok(())
        });
        assert_eq!(reserved, refused(Refusal::TableFull, None));
        // Nothing would give back what had been charged.
        assert!(!asked);
        assert_eq!(registry.by_name(name("bob")), None);
    }

    #[test]
    fn memory_for_another_size_is_given_back() {
        let mut registry = empty();
        assert!(registry.grow(Growth::new(1).unwrap()).is_some());
        assert!(registry.grow(Growth::new(0).unwrap()).is_none());
        assert!(registry.grow(Growth::new(0).unwrap()).is_some());
        assert_eq!(registry.needs_growth(), None);
    }

    #[test]
    fn a_name_and_a_process_register_once() {
        let dying = Cell::new(false);
        let mut registry = empty();
        let bob = register(&mut registry, who("bob", 1, 0), 1, &dying);
        assert_eq!(
            reserve(&mut registry, who("bob", 2, 0), WIDE),
            refused(Refusal::NameTaken, Some(bob))
        );
        assert_eq!(
            reserve(&mut registry, who("al", 1, 0), WIDE),
            refused(Refusal::AlreadyRegistered, Some(bob))
        );
        assert_eq!(registry.by_name(name("bob")), Some(bob));
        assert_eq!(registry.by_owner(1), Some(bob));
        assert_eq!(registry.get(bob).map(|member| member.0), Some(1));
        assert_eq!(registry.by_name(name("al")), None);
    }

    #[test]
    fn what_is_not_installed_is_not_found_but_holds_its_name() {
        let mut registry = empty();
        let bob = reserve(&mut registry, who("bob", 1, 0), WIDE)
            .unwrap()
            .handle;
        assert_eq!(registry.by_name(name("bob")), None);
        assert_eq!(walk(&registry, Handle::START), None);
        assert_eq!(
            reserve(&mut registry, who("bob", 2, 0), WIDE),
            refused(Refusal::NameTaken, Some(bob))
        );
        registry.cancel(bob);
        assert!(registry.is_empty());
        assert!(reserve(&mut registry, who("bob", 2, 0), WIDE).is_ok());
    }

    #[test]
    fn exactly_the_limit_fits() {
        let mut registry = empty();
        let limits = Limits { max: 2, ..WIDE };
        let first = reserve(&mut registry, who("a", 1, 0), limits).unwrap();
        assert!(reserve(&mut registry, who("b", 2, 0), limits).is_ok());
        assert_eq!(
            reserve(&mut registry, who("c", 3, 0), limits),
            refused(Refusal::TableFull, None)
        );
        registry.cancel(first.handle);
        assert!(reserve(&mut registry, who("c", 3, 0), limits).is_ok());
    }

    #[test]
    fn one_that_is_dying_does_not_count_against_the_limit() {
        let dying = Cell::new(false);
        let mut registry = empty();
        register(&mut registry, who("a", 1, 0), 1, &dying);
        dying.set(true);
        let limits = Limits { max: 1, dying: 1 };
        assert!(reserve(&mut registry, who("b", 2, 0), limits).is_ok());
        assert_eq!(
            reserve(&mut registry, who("c", 3, 0), limits),
            refused(Refusal::TableFull, None)
        );
    }

    #[test]
    fn a_handle_is_nobody_s_once_its_place_has_another() {
        let dying = Cell::new(false);
        let mut registry = empty();
        let first = register(&mut registry, who("bob", 1, 0), 1, &dying);
        assert!(registry.remove(first).is_some());
        let second = register(&mut registry, who("al", 2, 0), 2, &dying);
        assert_eq!(first.index(), second.index());
        assert!(!registry.holds(first) && registry.holds(second));
        assert!(registry.get(first).is_none());
        assert!(registry.remove(first).is_none());
        assert_eq!(registry.len(), 1);
    }

    #[test]
    fn places_of_the_first_chunk_are_taken_first() {
        let stays = Cell::new(false);
        let mut registry = empty();
        let count = chunk_len(0) as u32 + 2;
        let handles: [_; chunk_len(0) + 2] = core::array::from_fn(|number| {
            register(
                &mut registry,
                numbered(number as u32),
                number as u32,
                &stays,
            )
        });
        let indexes = handles.map(|handle| handle.index());
        assert!(indexes.into_iter().eq(0..count));
        // That of the second chunk is given back last.
        for freed in [3, count - 1] {
            assert!(registry.remove(handles[freed as usize]).is_some());
        }
        for (number, taken) in [(count, 3), (count + 1, count - 1), (count + 2, count)] {
            let handle = register(&mut registry, numbered(number), number, &stays);
            assert_eq!(handle.index(), taken);
        }
    }

    #[test]
    fn the_quota_is_asked_last_and_only_if_all_else_allows() {
        let dying = Cell::new(false);
        let mut registry = empty();
        let bob = register(&mut registry, who("bob", 1, 0), 1, &dying);
        let mut asked = 0;
        for (applicant, max) in [
            (who("bob", 2, 0), 9),
            (who("al", 1, 0), 9),
            (who("al", 2, 0), 1),
            (who("al", 2, 0), 2),
        ] {
            let limits = Limits { max, dying: 0 };
            let reserved = registry.reserve(applicant, limits, || {
                asked += 1;
                Err(Refusal::BytesExceeded)
            });
            assert!(reserved.is_err());
        }
        assert_eq!(asked, 1);
        // A refusal keeps nothing.
        assert_eq!(registry.len(), 1);
        assert_eq!(registry.latest(), bob.sequence());
        assert_eq!(registry.by_name(name("al")), None);
    }

    #[test]
    fn an_ended_one_is_not_found_and_worth_waiting_for() {
        let dying = Cell::new(false);
        let mut registry = empty();
        let bob = register(&mut registry, who("bob", 1, 0), 1, &dying);
        dying.set(true);
        assert_eq!(registry.by_name(name("bob")), None);
        assert_eq!(registry.by_owner(1), None);
        assert_eq!(walk(&registry, Handle::START), None);
        assert_eq!(
            reserve(&mut registry, who("bob", 2, 0), WIDE),
            refused(Refusal::NameTaken, Some(bob))
        );
        // Another user does not get past it either.
        assert_eq!(
            reserve(&mut registry, who("al", 1, 7), WIDE),
            refused(Refusal::AlreadyRegistered, Some(bob))
        );
        assert!(registry.holds(bob));
        assert_eq!(registry.remove(bob).map(|member| member.0), Some(1));
        assert!(!registry.holds(bob));
        assert!(registry.get(bob).is_none());
        assert!(registry.remove(bob).is_none());
        assert!(reserve(&mut registry, who("bob", 2, 0), WIDE).is_ok());
    }

    #[test]
    fn as_another_user_a_process_replaces_its_registration() {
        for new_name in ["svc", "trusted"] {
            let (old, new) = (Cell::new(false), Cell::new(false));
            let mut registry = empty();
            let trusted = register(&mut registry, who("trusted", 1, 1000), 1, &old);
            // It takes the place of the old one even where the table is full.
            let limits = Limits { max: 1, dying: 0 };
            let reserved = reserve(&mut registry, who(new_name, 1, 0), limits).unwrap();
            assert_eq!(reserved.replaces, Some(trusted));
            // Until it is installed the old one is found, and a third is refused.
            assert_eq!(registry.by_owner(1), Some(trusted));
            assert_eq!(registry.by_name(name("trusted")), Some(trusted));
            assert_eq!(
                reserve(&mut registry, who("third", 1, 5), WIDE),
                refused(Refusal::AlreadyRegistered, Some(reserved.handle))
            );
            registry.install(reserved.handle, Entry(2, &new));
            assert_eq!(registry.by_owner(1), Some(reserved.handle));
            assert_eq!(registry.by_name(name(new_name)), Some(reserved.handle));
            old.set(true);
            registry.remove(trusted);
            assert_eq!(registry.by_owner(1), Some(reserved.handle));
            assert_eq!(registry.by_name(name(new_name)), Some(reserved.handle));
            assert_eq!(registry.len(), 1);
        }
    }

    #[test]
    fn what_was_to_be_replaced_stays_if_nothing_comes_of_it() {
        for new_name in ["svc", "trusted"] {
            let dying = Cell::new(false);
            let mut registry = empty();
            let trusted = register(&mut registry, who("trusted", 1, 1000), 1, &dying);
            let reserved = reserve(&mut registry, who(new_name, 1, 0), WIDE).unwrap();
            registry.cancel(reserved.handle);
            assert_eq!(registry.by_owner(1), Some(trusted));
            assert_eq!(registry.by_name(name("trusted")), Some(trusted));
            assert_eq!(registry.len(), 1);
        }
    }

    #[test]
    fn a_replacement_takes_nobody_else_s_name() {
        let dying = Cell::new(false);
        let mut registry = empty();
        register(&mut registry, who("trusted", 1, 1000), 1, &dying);
        let bob = register(&mut registry, who("bob", 2, 0), 2, &dying);
        assert_eq!(
            reserve(&mut registry, who("bob", 1, 0), WIDE),
            refused(Refusal::NameTaken, Some(bob))
        );
    }

    #[test]
    fn a_walk_goes_on_where_its_place_is_gone() {
        let dying = Cell::new(false);
        let mut registry = empty();
        let handles =
            [0, 1, 2, 3].map(|number| register(&mut registry, numbered(number), number, &dying));
        let after = |registry: &Entries<'_>, place| walk(registry, place).map(|(_, at)| at);
        registry.remove(handles[1]);
        assert_eq!(after(&registry, handles[1]), Some(2));
        // The place is taken again by a later one, which the walk must not mistake for its own.
        let again = register(&mut registry, numbered(1), 9, &dying);
        assert_eq!(again.index(), handles[1].index());
        assert_eq!(after(&registry, handles[1]), Some(2));
        assert_eq!(after(&registry, handles[3]), Some(9));
        assert_eq!(after(&registry, again), None);
        let wrong_place = Handle::near(handles[2].sequence(), handles[0].index());
        assert_eq!(after(&registry, wrong_place), Some(3));
    }

    #[test]
    fn a_walk_over_many_that_have_ended_pauses_and_arrives() {
        const ENDED: u32 = 500;
        let (ended, live) = (Cell::new(false), Cell::new(false));
        let mut registry = empty();
        for number in 0..ENDED {
            register(&mut registry, numbered(number), number, &ended);
        }
        register(&mut registry, numbered(ENDED), ENDED, &live);
        ended.set(true);
        assert!(matches!(registry.walk(Handle::START, 0), Walk::Pause(_)));
        let arrived = walk(&registry, Handle::START).map(|(_, at)| at);
        assert_eq!(arrived, Some(ENDED));
    }

    /// Random histories of registering, ending, removing and growing, against rows in the order of
    /// registration.
    #[test]
    fn agrees_with_a_table_through_long_histories() {
        const STEPS: u32 = 600;
        let mut random = Random::new(7);
        for _ in sample(30, 1) {
            // Whether the registration of each step is dying, and what it is while it is held.
            let dying: Array<Cell<bool>> = array(STEPS as usize, || Cell::new(false));
            let mut rows: Array<Option<(Handle, Applicant)>> = array(STEPS as usize, || None);
            let mut registry = empty();
            for step in sample(STEPS, 100) {
                let held = || {
                    (0..)
                        .zip(rows.iter())
                        .filter_map(|(at, row)| Some((at, (*row)?)))
                };
                let is_dying = |at: u32| dying[at as usize].get();
                let ended = held().filter(|&(at, _)| is_dying(at)).count();
                let count = held().count();
                match random.draw(4) {
                    0 | 1 => {
                        let who = Applicant {
                            owner: random.draw(40).into(),
                            ..numbered(random.draw(40))
                        };
                        let clash = held()
                            .any(|(_, (_, row))| row.name == who.name || row.owner == who.owner);
                        let expected = !clash && count - ended < 20;
                        let limits = Limits {
                            max: 20,
                            dying: ended,
                        };
                        let reserved = reserve(&mut registry, who, limits);
                        assert_eq!(reserved.is_ok(), expected);
                        if let Ok(Reserved { handle, .. }) = reserved {
                            registry.install(handle, Entry(step, &dying[step as usize]));
                            rows[step as usize] = Some((handle, who));
                        }
                    }
                    _ if count == 0 => {}
                    2 => {
                        let chosen = held().nth(random.draw(count as u32) as usize);
                        if let Some((at, _)) = chosen {
                            dying[at as usize].set(true);
                        }
                    }
                    _ => {
                        let chosen = held().nth(random.draw(count as u32) as usize);
                        if let Some((at, (handle, _))) = chosen {
                            rows[at as usize] = None;
                            let removed = registry.remove(handle);
                            assert_eq!(removed.map(|member| member.0), Some(at));
                        }
                    }
                }
                let mut place = Handle::START;
                let mut count = 0;
                for (at, row) in (0..).zip(rows.iter()) {
                    let Some((handle, who)) = *row else {
                        continue;
                    };
                    count += 1;
                    if dying[at as usize].get() {
                        continue;
                    }
                    assert_eq!(walk(&registry, place), Some((handle, at)));
                    assert_eq!(registry.by_name(who.name), Some(handle));
                    assert_eq!(registry.by_owner(who.owner), Some(handle));
                    place = handle;
                }
                assert_eq!(walk(&registry, place), None);
                assert_eq!(registry.len(), count);
            }
        }
    }
}

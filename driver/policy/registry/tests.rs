// SPDX-License-Identifier: GPL-2.0

//! Host tests of the registry, among them random histories against a simple model.

use super::super::storage::Heap;
use super::*;
use std::{cell::Cell, rc::Rc};

#[derive(Clone)]
struct Entry(u32, Rc<Cell<bool>>);

impl Member for Entry {
    fn is_dying(&self) -> bool {
        self.1.get()
    }
}

type Entries = Registry<Entry, Heap>;

fn entry(number: u32) -> Entry {
    Entry(number, Rc::new(Cell::new(false)))
}

fn name(text: &str) -> Name {
    Name::new(text.as_bytes()).unwrap()
}

fn who(text: &str, owner: u64, user: u64) -> Applicant {
    Applicant {
        name: name(text),
        owner,
        user,
    }
}

/// An empty registry that cannot take anybody yet.
fn empty() -> Entries {
    Registry::new(HashSeed::new(17, 0x9e37_79b9_7f4a_7c15))
}

fn grow(registry: &mut Entries) {
    if let Some(chunk) = registry.needs_growth() {
        assert!(registry.grow(Growth::new(chunk).unwrap()).is_none());
    }
}

/// Reserves a place, growing first if need be.
fn reserve(registry: &mut Entries, who: Applicant, limits: Limits) -> Result<Reserved, Denied> {
    grow(registry);
    registry.reserve(who, limits, || Ok(()))
}

/// Registers somebody who is sure to be allowed to.
fn register(registry: &mut Entries, who: Applicant, member: &Entry) -> Handle {
    let handle = reserve(registry, who, WIDE).unwrap().handle;
    registry.install(handle, member.clone());
    handle
}

/// The first registration after a place, with its number.
fn walk(registry: &Entries, place: Handle) -> Option<(Handle, u32)> {
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

#[test]
fn a_registry_that_has_not_grown_is_full() {
    let mut registry = empty();
    assert_eq!(registry.needs_growth(), Some(0));
    assert_eq!(
        registry.reserve(who("bob", 1, 0), WIDE, || Ok(())),
        refused(Refusal::TableFull, None)
    );
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
    let mut registry = empty();
    let bob = register(&mut registry, who("bob", 1, 0), &entry(1));
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
    assert_eq!(registry.get(bob).unwrap().0, 1);
    assert_eq!(registry.by_name(name("al")), None);
}

#[test]
fn what_is_not_installed_is_not_found_but_holds_its_name() {
    let mut registry = empty();
    let bob = reserve(&mut registry, who("bob", 1, 0), WIDE)
        .unwrap()
        .handle;
    assert_eq!(registry.by_name(name("bob")), None);
    assert!(walk(&registry, Handle::START).is_none());
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
    reserve(&mut registry, who("b", 2, 0), limits).unwrap();
    assert_eq!(
        reserve(&mut registry, who("c", 3, 0), limits),
        refused(Refusal::TableFull, None)
    );
    registry.cancel(first.handle);
    assert!(reserve(&mut registry, who("c", 3, 0), limits).is_ok());
}

#[test]
fn one_that_is_dying_does_not_count_against_the_limit() {
    let mut registry = empty();
    let first = entry(1);
    register(&mut registry, who("a", 1, 0), &first);
    first.1.set(true);
    let limits = Limits { max: 1, dying: 1 };
    assert!(reserve(&mut registry, who("b", 2, 0), limits).is_ok());
    assert_eq!(
        reserve(&mut registry, who("c", 3, 0), limits),
        refused(Refusal::TableFull, None)
    );
}

#[test]
fn the_quota_is_asked_last_and_only_if_all_else_allows() {
    let mut registry = empty();
    let bob = register(&mut registry, who("bob", 1, 0), &entry(1));
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
    let mut registry = empty();
    let member = entry(1);
    let bob = register(&mut registry, who("bob", 1, 0), &member);
    member.1.set(true);
    assert_eq!(registry.by_name(name("bob")), None);
    assert_eq!(registry.by_owner(1), None);
    assert!(walk(&registry, Handle::START).is_none());
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
    assert_eq!(registry.remove(bob).unwrap().0, 1);
    assert!(!registry.holds(bob));
    assert!(registry.get(bob).is_none());
    assert!(registry.remove(bob).is_none());
    assert!(reserve(&mut registry, who("bob", 2, 0), WIDE).is_ok());
}

#[test]
fn as_another_user_a_process_replaces_its_registration() {
    for new_name in ["svc", "trusted"] {
        let mut registry = empty();
        let (old, new) = (entry(1), entry(2));
        let trusted = register(&mut registry, who("trusted", 1, 1000), &old);
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
        registry.install(reserved.handle, new);
        assert_eq!(registry.by_owner(1), Some(reserved.handle));
        assert_eq!(registry.by_name(name(new_name)), Some(reserved.handle));
        old.1.set(true);
        registry.remove(trusted);
        assert_eq!(registry.by_owner(1), Some(reserved.handle));
        assert_eq!(registry.by_name(name(new_name)), Some(reserved.handle));
        assert_eq!(registry.len(), 1);
    }
}

#[test]
fn what_was_to_be_replaced_stays_if_nothing_comes_of_it() {
    for new_name in ["svc", "trusted"] {
        let mut registry = empty();
        let trusted = register(&mut registry, who("trusted", 1, 1000), &entry(1));
        let reserved = reserve(&mut registry, who(new_name, 1, 0), WIDE).unwrap();
        registry.cancel(reserved.handle);
        assert_eq!(registry.by_owner(1), Some(trusted));
        assert_eq!(registry.by_name(name("trusted")), Some(trusted));
        assert_eq!(registry.len(), 1);
    }
}

#[test]
fn a_replacement_takes_nobody_else_s_name() {
    let mut registry = empty();
    register(&mut registry, who("trusted", 1, 1000), &entry(1));
    let bob = register(&mut registry, who("bob", 2, 0), &entry(2));
    assert_eq!(
        reserve(&mut registry, who("bob", 1, 0), WIDE),
        refused(Refusal::NameTaken, Some(bob))
    );
}

#[test]
fn a_walk_goes_on_where_its_place_is_gone() {
    let mut registry = empty();
    let handles: Vec<Handle> = (0..4)
        .map(|number| {
            let who = who(&format!("n{number}"), number, 0);
            register(&mut registry, who, &entry(number as u32))
        })
        .collect();
    let after = |registry: &Entries, place| walk(registry, place).map(|(_, at)| at);
    registry.remove(handles[1]);
    assert_eq!(after(&registry, handles[1]), Some(2));
    // The place is taken again by a later one, which the walk must not mistake for its own.
    let again = register(&mut registry, who("n1", 1, 0), &entry(9));
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
    let mut registry = empty();
    for number in 0..=ENDED {
        let member = entry(number);
        let who = who(&format!("n{number}"), number.into(), 0);
        register(&mut registry, who, &member);
        member.1.set(number < ENDED);
    }
    assert!(matches!(registry.walk(Handle::START, 0), Walk::Pause(_)));
    let arrived = walk(&registry, Handle::START).map(|(_, at)| at);
    assert_eq!(arrived, Some(ENDED));
}

#[test]
fn batches_hold_all_of_a_number_up_to_the_last_once_and_in_order() {
    const COUNT: u32 = 200;
    let mut registry = empty();
    for number in 0..COUNT {
        let member = entry(number);
        let who = who(&format!("n{number}"), number.into(), 0);
        register(&mut registry, who, &member);
        member.1.set(number % 7 < 3 || (60..130).contains(&number));
    }
    for last in [0, 1, 50, 150, u64::from(COUNT), 1000] {
        let mut found = Vec::new();
        let mut place = Handle::START;
        loop {
            let mut batch = [None; 8];
            let next = registry.batch(place, last, &mut batch);
            let handles = batch.iter().flatten();
            found.extend(handles.map(|&handle| registry.get(handle).unwrap().0));
            if next == place {
                break;
            }
            place = next;
        }
        let expected = (0..COUNT)
            .filter(|number| number % 7 >= 3 && !(60..130).contains(number))
            .filter(|&number| u64::from(number) < last);
        assert!(found.iter().copied().eq(expected), "{last}: {found:?}");
    }
}

/// Random histories of registering, ending, removing and growing, against a list.
#[test]
fn agrees_with_a_list_through_long_histories() {
    struct Row {
        handle: Handle,
        who: Applicant,
        member: Entry,
    }
    let mut random = 7_u64;
    let mut draw = |below: u64| {
        random = random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (random >> 33) % below
    };
    for _ in 0..30 {
        let mut registry = empty();
        let mut model: Vec<Row> = Vec::new();
        for step in 0..600 {
            let dying = model.iter().filter(|row| row.member.is_dying()).count();
            match draw(4) {
                0 | 1 => {
                    let who = who(&format!("n{}", draw(40)), draw(40), 0);
                    let clash = model
                        .iter()
                        .any(|row| row.who.name == who.name || row.who.owner == who.owner);
                    let reserved = reserve(&mut registry, who, Limits { max: 20, dying });
                    let expected = !clash && model.len() - dying < 20;
                    assert_eq!(reserved.is_ok(), expected, "{reserved:?}");
                    if let Ok(Reserved { handle, .. }) = reserved {
                        let member = entry(step);
                        registry.install(handle, member.clone());
                        model.push(Row {
                            handle,
                            who,
                            member,
                        });
                    }
                }
                2 if !model.is_empty() => {
                    let at = draw(model.len() as u64) as usize;
                    model[at].member.1.set(true);
                }
                _ if !model.is_empty() => {
                    let row = model.remove(draw(model.len() as u64) as usize);
                    assert_eq!(registry.remove(row.handle).unwrap().0, row.member.0);
                }
                _ => {}
            }
            assert_eq!(registry.len(), model.len());
            let mut walked = Vec::new();
            let mut place = Handle::START;
            while let Some((next, member)) = walk(&registry, place) {
                walked.push(member);
                place = next;
            }
            let live = || model.iter().filter(|row| !row.member.is_dying());
            assert!(walked.iter().copied().eq(live().map(|row| row.member.0)));
            for row in live() {
                assert_eq!(registry.by_name(row.who.name), Some(row.handle));
                assert_eq!(registry.by_owner(row.who.owner), Some(row.handle));
            }
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Host tests of the registry, among them random histories against a simple model.

use super::super::storage::Heap;
use super::*;
use std::{cell::Cell, rc::Rc};

#[derive(Clone)]
struct Entry(u32, Rc<Cell<bool>>);

impl Member for Entry {
    fn has_ended(&self) -> bool {
        self.1.get()
    }
}

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

fn room<T>(capacity: usize) -> Room<T, Heap> {
    Room::new(capacity, Spread::new(17, 0x9e37_79b9_7f4a_7c15)).unwrap()
}

fn registry(capacity: usize) -> Registry<Entry, Heap> {
    Registry::new(room(capacity))
}

/// The first registration after a place, with its number.
fn walk(registry: &Registry<Entry, Heap>, place: Ticket) -> Option<(Ticket, u32)> {
    let (mut near, mut order) = (place, place.order());
    loop {
        match registry.walk(near, order) {
            Walk::Found(ticket, member) => return Some((ticket, member.0)),
            Walk::Pause(ticket) => (near, order) = (ticket, order.max(ticket.order())),
            Walk::End => return None,
        }
    }
}

const WIDE: Limits = Limits {
    max: 1000,
    share: None,
    leaving: 0,
};

fn refused(refusal: Refusal) -> Result<Ticket, Denied> {
    Err(Denied {
        refusal,
        until_gone: None,
    })
}

#[test]
fn a_name_and_a_process_register_once() {
    let mut registry = registry(4);
    let bob = registry.admit(who("bob", 1, 0), WIDE).unwrap();
    registry.publish(bob, entry(1));
    assert_eq!(
        registry.admit(who("bob", 2, 0), WIDE),
        refused(Refusal::NameTaken)
    );
    assert_eq!(
        registry.admit(who("al", 1, 0), WIDE),
        refused(Refusal::AlreadyRegistered)
    );
    assert_eq!(registry.by_name(name("bob")).unwrap().0, 1);
    assert_eq!(registry.by_owner(1).unwrap().0, 1);
    assert!(registry.by_name(name("al")).is_none());
}

#[test]
fn what_is_not_published_is_not_found_but_holds_its_name() {
    let mut registry = registry(4);
    let bob = registry.admit(who("bob", 1, 0), WIDE).unwrap();
    assert!(registry.by_name(name("bob")).is_none());
    assert!(walk(&registry, Ticket::START).is_none());
    assert_eq!(
        registry.admit(who("bob", 2, 0), WIDE),
        refused(Refusal::NameTaken)
    );
    assert!(registry.remove(bob).is_none());
    assert!(registry.admit(who("bob", 2, 0), WIDE).is_ok());
}

#[test]
fn exactly_the_limit_fits() {
    let mut registry = registry(8);
    let limits = Limits { max: 2, ..WIDE };
    let first = registry.admit(who("a", 1, 0), limits).unwrap();
    registry.admit(who("b", 2, 0), limits).unwrap();
    assert_eq!(
        registry.admit(who("c", 3, 0), limits),
        refused(Refusal::TableFull)
    );
    registry.remove(first);
    assert!(registry.admit(who("c", 3, 0), limits).is_ok());
}

#[test]
fn one_that_is_leaving_does_not_count_against_the_limit() {
    let mut registry = registry(8);
    let limits = Limits { max: 1, ..WIDE };
    let first = registry.admit(who("a", 1, 0), limits).unwrap();
    let member = entry(1);
    registry.publish(first, member.clone());
    member.1.set(true);
    let limits = Limits {
        leaving: 1,
        ..limits
    };
    assert!(registry.admit(who("b", 2, 0), limits).is_ok());
    assert_eq!(
        registry.admit(who("c", 3, 0), limits),
        refused(Refusal::TableFull)
    );
}

#[test]
fn a_user_s_share_binds_that_user_alone() {
    let mut registry = registry(8);
    let limits = Limits {
        share: Some(1),
        ..WIDE
    };
    let first = registry.admit(who("a", 1, 500), limits).unwrap();
    assert_eq!(
        registry.admit(who("b", 2, 500), limits),
        refused(Refusal::ShareUsedUp)
    );
    assert!(registry.admit(who("b", 2, 500), WIDE).is_ok());
    assert!(registry.admit(who("c", 3, 501), limits).is_ok());
    registry.remove(first);
    assert_eq!(
        registry.admit(who("a", 1, 500), limits),
        refused(Refusal::ShareUsedUp)
    );
}

#[test]
fn an_ended_one_is_not_found_and_worth_waiting_for() {
    let mut registry = registry(4);
    let bob = registry.admit(who("bob", 1, 0), WIDE).unwrap();
    let member = entry(1);
    registry.publish(bob, member.clone());
    member.1.set(true);
    assert!(registry.by_name(name("bob")).is_none());
    assert!(registry.by_owner(1).is_none());
    assert!(walk(&registry, Ticket::START).is_none());
    let wait = |refusal| {
        Err(Denied {
            refusal,
            until_gone: Some(bob),
        })
    };
    assert_eq!(
        registry.admit(who("bob", 2, 0), WIDE),
        wait(Refusal::NameTaken)
    );
    assert_eq!(
        registry.admit(who("al", 1, 0), WIDE),
        wait(Refusal::AlreadyRegistered)
    );
    assert!(registry.holds(bob));
    assert_eq!(registry.remove(bob).unwrap().0, 1);
    assert!(!registry.holds(bob));
    assert!(registry.remove(bob).is_none());
    assert!(registry.admit(who("bob", 2, 0), WIDE).is_ok());
}

#[test]
fn a_walk_goes_on_where_its_place_is_gone() {
    let mut registry = registry(4);
    let tickets: Vec<Ticket> = (0..4)
        .map(|number| {
            let text = format!("n{number}");
            let ticket = registry.admit(who(&text, number, 0), WIDE).unwrap();
            registry.publish(ticket, entry(number as u32));
            ticket
        })
        .collect();
    let after = |registry: &Registry<Entry, Heap>, place| walk(registry, place).map(|(_, at)| at);
    registry.remove(tickets[1]);
    assert_eq!(after(&registry, tickets[1]), Some(2));
    // The slot is taken again by a later one, which the walk must not mistake for its place.
    let again = registry.admit(who("n1", 1, 0), WIDE).unwrap();
    registry.publish(again, entry(9));
    assert_eq!(after(&registry, tickets[1]), Some(2));
    assert_eq!(after(&registry, tickets[3]), Some(9));
    assert_eq!(after(&registry, again), None);
    let wrong_slot = Ticket::near(tickets[2].order(), tickets[0].slot());
    assert_eq!(after(&registry, wrong_slot), Some(3));
}

#[test]
fn a_walk_over_many_that_have_ended_pauses_and_arrives() {
    const ENDED: u32 = 500;
    let mut registry = registry(1024);
    for number in 0..=ENDED {
        let name = format!("n{number}");
        let ticket = registry.admit(who(&name, number.into(), 0), WIDE).unwrap();
        let member = entry(number);
        member.1.set(number < ENDED);
        registry.publish(ticket, member);
    }
    assert!(matches!(registry.walk(Ticket::START, 0), Walk::Pause(_)));
    assert_eq!(
        walk(&registry, Ticket::START).map(|(_, at)| at),
        Some(ENDED)
    );
}

/// Random histories of registering, ending, removing and growing, against a list.
#[test]
fn agrees_with_a_list_through_long_histories() {
    struct Row {
        ticket: Ticket,
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
        let mut registry = registry(1);
        let mut model: Vec<Row> = Vec::new();
        for step in 0..600 {
            if let Some(capacity) = registry.wants_room() {
                registry.grow(room(capacity));
            }
            let leaving = model.iter().filter(|row| row.member.has_ended()).count();
            match draw(4) {
                0 | 1 => {
                    let who = who(&format!("n{}", draw(40)), draw(40), draw(3));
                    let held = model.iter().filter(|row| row.who.user == who.user).count();
                    let clash = model
                        .iter()
                        .any(|row| row.who.name == who.name || row.who.owner == who.owner);
                    let admitted = registry.admit(
                        who,
                        Limits {
                            max: 20,
                            share: Some(9),
                            leaving,
                        },
                    );
                    let expected = !clash && model.len() - leaving < 20 && held < 9;
                    assert_eq!(admitted.is_ok(), expected, "{admitted:?}");
                    if let Ok(ticket) = admitted {
                        let member = entry(step);
                        registry.publish(ticket, member.clone());
                        model.push(Row {
                            ticket,
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
                    assert_eq!(registry.remove(row.ticket).unwrap().0, row.member.0);
                }
                _ => {}
            }
            assert_eq!(registry.len(), model.len());
            let mut walked = Vec::new();
            let mut place = Ticket::START;
            while let Some((next, member)) = walk(&registry, place) {
                walked.push(member);
                place = next;
            }
            let live = || model.iter().filter(|row| !row.member.has_ended());
            assert!(walked.iter().copied().eq(live().map(|row| row.member.0)));
            for row in live() {
                assert_eq!(registry.by_name(row.who.name).unwrap().0, row.member.0);
                assert_eq!(registry.by_owner(row.who.owner).unwrap().0, row.member.0);
            }
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! User namespaces and the ids in them: whoever makes a namespace answers for all that is in it, so
//! that subordinate user ids do not multiply a user's share.

use crate::{
    harness::Topic,
    listing,
    puppet::{Puppet, UserNamespace},
    sysfs,
};

pub const TESTS: Topic = &[
    (
        "subordinate user ids share their user's registrations",
        registrations,
    ),
    ("subordinate user ids share their user's bytes", bytes),
    ("so do those of a namespace in a namespace", nested),
    (
        "an id that its namespace does not map counts against the user, too",
        unmapped,
    ),
    (
        "the uid that is shown is the effective one",
        effective_is_shown,
    ),
    (
        "two namespaces of one user share, those of two users do not",
        two_namespaces,
    ),
    (
        "in a namespace that root made each user has its own",
        made_by_root,
    ),
];

const ROOT: u32 = 0;
const ALICE: u32 = 1000;
const BERT: u32 = 1001;

/// What `newuidmap` would write for a user with subordinate ids: root inside is the user.
fn map(uid: u32) -> UserNamespace {
    UserNamespace(format!("0 {uid} 1\n1 {} 100", uid * 100))
}

/// A process of `uid`'s that is root in a namespace of its own.
fn inside(uid: u32) -> Puppet {
    let puppet = Puppet::start(uid);
    puppet.enters(&map(uid));
    puppet
}

/// A process with the `number`th subordinate id of `uid`.
fn subordinate(uid: u32, number: u32) -> Puppet {
    let puppet = inside(uid);
    puppet.becomes(number);
    puppet
}

fn registrations() {
    sysfs::set("max_per_user", 3);
    let root_inside = inside(ALICE);
    assert_eq!(root_inside.register("r"), "ok");
    let first = subordinate(ALICE, 1);
    assert_eq!(first.register("s1"), "ok");
    let second = subordinate(ALICE, 2);
    assert_eq!(second.register("s2"), "ok");
    let others = [subordinate(ALICE, 3), Puppet::start(ALICE)];
    for other in &others {
        assert_eq!(other.register("more"), "EDQUOT");
    }
    first.kill();
    assert_eq!(others[0].register("s3"), "ok");
    assert_eq!(others[1].register("plain"), "EDQUOT");
    second.kill();
    assert_eq!(others[1].register("plain"), "ok");
}

fn bytes() {
    sysfs::set("queue_bytes", 65536);
    sysfs::set("max_bytes_per_user", 2 * 65536);
    let held = [subordinate(ALICE, 1), subordinate(ALICE, 2)];
    assert_eq!(
        (held[0].register("s1"), held[1].register("s2")),
        ("ok".into(), "ok".into())
    );
    assert_eq!(subordinate(ALICE, 3).register("s3"), "EDQUOT");
    assert_eq!(Puppet::start(ALICE).register("plain"), "EDQUOT");
    drop(held);
    assert_eq!(Puppet::start(ALICE).register("plain"), "ok");
}

fn nested() {
    sysfs::set("max_per_user", 1);
    let deep = subordinate(ALICE, 1);
    deep.enters(&UserNamespace::unmapped());
    assert_eq!(deep.register("deep"), "ok");
    assert_eq!(Puppet::start(ALICE).register("plain"), "EDQUOT");
    let other = subordinate(ALICE, 2);
    other.enters(&UserNamespace::unmapped());
    assert_eq!(other.register("other"), "EDQUOT");
    drop(deep);
    assert_eq!(other.register("other"), "ok");
}

fn unmapped() {
    sysfs::set("max_per_user", 1);
    let user = Puppet::start(ALICE);
    user.enters(&UserNamespace::unmapped());
    assert_eq!(user.register("inside"), "ok");
    assert_eq!(listing::of("inside").uid, ALICE);
    assert_eq!(Puppet::start(ALICE).register("plain"), "EDQUOT");
}

fn effective_is_shown() {
    let second = subordinate(ALICE, 2);
    assert_eq!(second.register("s2"), "ok");
    assert_eq!(listing::of("s2").uid, ALICE * 100 + 1);
    assert_eq!(
        sysfs::get("queues/s2/uid"),
        Some(u64::from(ALICE * 100 + 1))
    );
}

fn two_namespaces() {
    sysfs::set("max_per_user", 1);
    let (alice, bert) = (subordinate(ALICE, 1), subordinate(BERT, 1));
    assert_eq!(alice.register("alice"), "ok");
    assert_eq!(subordinate(ALICE, 1).register("more"), "EDQUOT");
    assert_eq!(bert.register("bert"), "ok");
}

fn made_by_root() {
    sysfs::set("max_per_user", 1);
    let container = |id: u32| {
        let puppet = Puppet::start(ROOT);
        puppet.enters(&UserNamespace("0 200000 1000".to_owned()));
        puppet.becomes(id);
        puppet
    };
    let (one, two) = (container(1), container(2));
    assert_eq!(one.register("one"), "ok");
    assert_eq!(container(1).register("more"), "EDQUOT");
    assert_eq!(two.register("two"), "ok");
    assert_eq!(listing::of("two").uid, 200002);
}

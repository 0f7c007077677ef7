// SPDX-License-Identifier: GPL-2.0

//! Files that change hands, and users: sockets, descriptors inherited by others, and the rule about
//! who acts for whom.

use nix::{errno::Errno, unistd::pause};

use crate::{
    child::{elsewhere, Child},
    device::{line, Device, EMPTY},
    harness::Topic,
    listing,
    puppet::become_user,
    sysfs,
};

pub const TESTS: Topic = &[
    ("a file passed over a socket acts for its opener", passed),
    (
        "a file passed to a process with its own registration uses that",
        passed_to_the_registered,
    ),
    (
        "a file passed on and on still acts for its opener",
        passed_on,
    ),
    ("another user: /reg is refused with EPERM", register_refused),
    (
        "another user: acts for the opener alone, though registered itself",
        opener_alone,
    ),
    (
        "another user: the opener's registration missing, its own is not used",
        own_not_used,
    ),
    (
        "another user: its own registration cannot be ended through the file",
        own_not_ended,
    ),
    ("another user: poll is the opener's", opener_s_poll),
    (
        "a set-user-id program with a file of its caller's acts for the caller",
        set_user_id,
    ),
    (
        "two processes of one user: the rule does not apply",
        same_user,
    ),
];

const ALICE: u32 = 1000;

/// A process that registers `name`, passes its file and stays.
fn opener(name: &'static str) -> (Child, Device) {
    let child = Child::start(move |link| {
        let device = Device::registered(name);
        link.pass(&device);
        pause();
    });
    let device = child.take();
    (child, device)
}

fn passed() {
    let (_bob, device) = opener("bob");
    device.send("bob", "through a socket");
    assert_eq!(device.read(), line("bob", "through a socket"));
    assert_eq!(listing::rows().len(), 1);
}

fn passed_to_the_registered() {
    let (_bob, device) = opener("bob");
    let own = Device::registered("carol");
    device.send("bob", "hello");
    device.send("carol", "hello");
    assert_eq!(device.read(), line("carol", "hello"));
    assert_eq!(own.command("/unr"), Ok(()));
    assert_eq!(device.read(), line("carol", "hello"), "now bob's queue");
}

fn passed_on() {
    let (_bob, device) = opener("bob");
    let carol = Child::start(|link| {
        let device: Device = link.take();
        Device::registered("carol");
        link.pass(&device);
        pause();
    });
    carol.pass(&device);
    drop(device);
    let device: Device = carol.take();
    device.send("carol", "hello");
    assert_eq!((listing::of("bob").sent, listing::of("carol").sent), (1, 0));
}

fn register_refused() {
    let device = Device::registered("bob");
    elsewhere(|| {
        become_user(ALICE);
        assert_eq!(device.command("/reg alice"), Err(Errno::EPERM));
        String::new()
    });
    assert_eq!(device.command("/unr"), Ok(()));
    elsewhere(|| {
        become_user(ALICE);
        assert_eq!(
            device.command("/reg alice"),
            Err(Errno::EPERM),
            "unregistered opener"
        );
        String::new()
    });
    assert_eq!(sysfs::registrations(), 0);
}

fn opener_alone() {
    let device = Device::registered("bob");
    device.send("bob", "for bob");
    let said = elsewhere(|| {
        become_user(ALICE);
        let own = Device::registered("alice");
        own.send("alice", "for alice");
        device.send("bob", "by alice");
        assert_eq!(device.command("/reg again"), Err(Errno::EPERM));
        assert_eq!((listing::of("bob").sent, listing::of("alice").sent), (2, 1));
        assert_eq!(own.read(), line("alice", "for alice"));
        device.read().expect("a message")
    });
    assert_eq!(said, "bob for bob\n");
    assert_eq!(device.drain(), ["bob by alice\n"]);
}

fn own_not_used() {
    let device = Device::open_nonblocking();
    elsewhere(|| {
        become_user(ALICE);
        let own = Device::registered("alice");
        own.send("alice", "secret");
        assert_eq!(device.read(), Err(Errno::ENOENT));
        assert_eq!(device.command("/msg alice x"), Err(Errno::EACCES));
        assert_eq!(device.command("/all x"), Err(Errno::EACCES));
        assert_eq!(own.drain(), ["alice secret\n"]);
        String::new()
    });
}

fn own_not_ended() {
    let device = Device::open_nonblocking();
    elsewhere(|| {
        become_user(ALICE);
        let own = Device::registered("alice");
        for command in ["/unr", "/unreg", "/unreg alice"] {
            assert_eq!(device.command(command), Err(Errno::ENOENT), "{command}");
        }
        own.send("alice", "still here");
        String::new()
    });
}

fn opener_s_poll() {
    use nix::poll::PollFlags;

    let device = Device::registered("bob");
    elsewhere(|| {
        become_user(ALICE);
        let own = Device::registered("alice");
        own.send("alice", "for alice");
        assert!(!device.events().contains(PollFlags::POLLIN));
        own.send("bob", "for bob");
        assert!(device.events().contains(PollFlags::POLLIN));
        String::new()
    });
}

/// The file is alice's, the caller is root and registered: what it is tricked into is alice's deed.
fn set_user_id() {
    let alice = Child::start(|link| {
        become_user(ALICE);
        let device = Device::registered("alice");
        link.pass(&device);
        pause();
    });
    let device: Device = alice.take();
    let own = Device::registered("root");
    assert_eq!(device.command("/reg more"), Err(Errno::EPERM));
    device.send("root", "an error message, say");
    assert_eq!(own.read(), line("alice", "an error message, say"));
    own.send("root", "for root's eyes");
    assert_eq!(device.read(), EMPTY);
    assert_eq!(own.read(), line("root", "for root's eyes"));
}

fn same_user() {
    elsewhere(|| {
        become_user(ALICE);
        let device = Device::open_nonblocking();
        elsewhere(|| {
            device.register("alice");
            device.send("alice", "hello");
            assert_eq!(device.read(), line("alice", "hello"));
            String::new()
        })
    });
}

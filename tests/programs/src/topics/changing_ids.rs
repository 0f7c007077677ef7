// SPDX-License-Identifier: GPL-2.0

//! Effective user ids that change, and files that are handed over: a file acts only for
//! registrations that were made with the effective user id of whoever opened it.

use nix::poll::PollFlags;

use crate::{
    child::Child,
    device::Device,
    harness::Topic,
    listing,
    puppet::{become_user, Puppet, IDLE},
    sysfs,
};

pub const TESTS: Topic = &[
    (
        "a program that gave up its user id for a while does nothing through its caller's file",
        given_up_for_a_while,
    ),
    (
        "through its caller's file it acts for the caller",
        given_up_beside_a_registered_caller,
    ),
    (
        "acting does not depend on the effective user id of the moment",
        whatever_the_moment,
    ),
    (
        "a daemon goes on after it has given up its rights for good",
        daemon,
    ),
    (
        "the file's user counts, not who its opener was when it registered",
        opener_under_another_id,
    ),
    (
        "a registration made with the opener's user id is acted for, whatever the process is now",
        made_with_the_opener_s,
    ),
    (
        "/reg is for the opener's user alone: EPERM for all others, root too",
        register_matrix,
    ),
];

const ROOT: u32 = 0;
const ALICE: u32 = 1000;
const BERT: u32 = 1001;

fn given_up_for_a_while() {
    let (caller, program) = (Puppet::start(ALICE), Puppet::start(ROOT));
    let bob = Device::registered("bob");
    let own = program.open();
    assert_eq!(program.does(own, "/reg svc"), "ok");
    assert_eq!(program.does(own, "/msg svc secret"), "ok");
    let handed = caller.give(caller.open(), &program);
    program.acts_for_nobody(handed, "svc", IDLE);
    assert_eq!(program.does(handed, "/reg more"), "EPERM");
    program.acts_as(ALICE);
    program.acts_for_nobody(handed, "svc", IDLE);
    assert_eq!(program.does(handed, "/msg bob in your name"), "EACCES");
    program.acts_as(ROOT);

    let row = listing::of("svc");
    assert_eq!((row.sent, row.received, row.depth), (1, 1, 1));
    assert_eq!(program.does(own, "<"), "svc secret\\n");
    assert_eq!(bob.drain(), [""; 0]);
}

fn given_up_beside_a_registered_caller() {
    let (caller, program) = (Puppet::start(ALICE), Puppet::start(ROOT));
    let own = program.open();
    assert_eq!(program.does(own, "/reg svc"), "ok");
    assert_eq!(program.does(own, "/msg svc secret"), "ok");
    let file = caller.open();
    assert_eq!(caller.does(file, "/reg caller"), "ok");
    let handed = caller.give(file, &program);
    for uid in [ROOT, ALICE] {
        program.acts_as(uid);
        assert_eq!(program.does(handed, "<"), "EAGAIN", "the caller's queue");
        assert_eq!(program.polls(handed), IDLE);
        assert_eq!(program.does(handed, "/msg caller an error message"), "ok");
        assert_eq!(program.does(handed, "<"), "caller an error message\\n");
    }
    assert_eq!(program.does(handed, "/unr"), "ok", "of the caller");
    assert_eq!(listing::only(), ("svc".to_owned(), ROOT));
    assert_eq!(listing::of("svc").sent, 1);
}

fn whatever_the_moment() {
    let program = Puppet::start(ROOT);
    let own = program.open();
    assert_eq!(program.does(own, "/reg svc"), "ok");
    program.acts_as(ALICE);
    assert_eq!(program.does(own, "/msg svc as alice"), "ok");
    assert!(program.polls(own).contains(PollFlags::POLLIN));
    assert_eq!(program.does(own, "<5"), "svc a");
    assert_eq!(program.does(own, "/reg more"), "EPERM");
    assert_eq!(program.does(own, "<"), "s alice\\n");
    let other = program.open();
    program.acts_for_nobody(other, "svc", IDLE);
    assert_eq!(program.does(own, "/unr"), "ok");
}

fn daemon() {
    let daemon = Child::start(|link| {
        let device = Device::registered("daemon");
        let late = Device::open_nonblocking();
        become_user(ALICE);
        link.say("ready");
        link.hear();
        link.say(device.read().expect("a message"));
        device.send("bob", "thank you");
        assert_eq!(device.command("/unr"), Ok(()));
        assert_eq!(late.command("/reg again"), Err(nix::errno::Errno::EPERM));
        Device::registered("alice").send("bob", "good bye");
    });
    assert_eq!(daemon.hear(), "ready");
    let bob = Device::registered("bob");
    bob.send("daemon", "hello");
    assert_eq!(listing::of("daemon").uid, ROOT);
    daemon.say("go on");
    assert_eq!(daemon.hear(), "bob hello\n");
    daemon.finish();
    assert_eq!(bob.drain(), ["daemon thank you\n", "alice good bye\n"]);
}

fn opener_under_another_id() {
    let (program, helper) = (Puppet::start(ROOT), Puppet::start(ROOT));
    let kept = program.give(program.open(), &helper);
    program.acts_as(ALICE);
    let own = program.open();
    assert_eq!(program.does(own, "/reg alice"), "ok");
    assert_eq!(listing::only(), ("alice".to_owned(), ALICE));
    helper.acts_for_nobody(kept, "alice", IDLE);
    let kept = program.give(own, &helper);
    assert_eq!(helper.does(kept, "/msg alice hello"), "ok");
    assert_eq!(program.does(own, "<"), "alice hello\\n");
}

fn made_with_the_opener_s() {
    let (other, program) = (Puppet::start(ALICE), Puppet::start(ROOT));
    let file = other.open();
    assert_eq!(other.does(file, "/reg other"), "ok");
    let handed = other.give(file, &program);
    let as_root = program.open();
    program.acts_as(ALICE);
    let as_alice = program.open();
    assert_eq!(program.does(as_alice, "/reg mine"), "ok");
    program.acts_as(ROOT);
    assert_eq!(program.does(handed, "/msg mine through your file"), "ok");
    assert_eq!(program.does(handed, "<"), "mine through your file\\n");
    program.acts_for_nobody(as_root, "mine", IDLE);
    assert_eq!(listing::of("other").sent, 0);
}

fn register_matrix() {
    for opener in [ROOT, ALICE, BERT] {
        for caller in [ROOT, ALICE, BERT] {
            let (opener_is, caller_is) = (Puppet::start(opener), Puppet::start(caller));
            let handed = opener_is.give(opener_is.open(), &caller_is);
            let expected = if caller == opener { "ok" } else { "EPERM" };
            assert_eq!(
                caller_is.does(handed, "/reg me"),
                expected,
                "caller {caller}, opener {opener}"
            );
            assert_eq!(sysfs::registrations(), u64::from(caller == opener));
            caller_is.kill();
        }
    }
}

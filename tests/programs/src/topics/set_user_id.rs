// SPDX-License-Identifier: GPL-2.0

//! Set-user-id programs, which a process becomes by `execve`: they are nobody that their caller
//! registered, and nobody that their caller's files act for.

use crate::{
    child::Child,
    device::{line, Device},
    harness::Topic,
    listing,
    puppet::{become_user, Program, Puppet, ENDED, IDLE},
    sysfs, wait,
};

pub const TESTS: Topic = &[
    (
        "a file left with a helper does not act for the set-user-id program of its opener",
        left_with_a_helper,
    ),
    (
        "nor does it where its opener had registered through it before",
        left_after_registering,
    ),
    ("nor does it for the rest of a message", left_with_a_rest),
    (
        "a set-user-id program is not its caller's registration, and registers",
        trusted_caller,
    ),
    (
        "a set-user-id program registers under the name of its caller's registration",
        same_name,
    ),
    (
        "where it cannot register, its caller's registration is as it was",
        refused_anew,
    ),
    (
        "it takes the place of its caller's registration in a full table",
        full_table,
    ),
    (
        "who waited for its caller's registration is told that it has ended",
        waiters_are_told,
    ),
    ("a set-user-id program of an ordinary user", ordinary_owner),
    (
        "a program that is not set-user-id goes on with its registration",
        ordinary_program,
    ),
];

const ROOT: u32 = 0;
const ALICE: u32 = 1000;
const BERT: u32 = 1001;

fn left_with_a_helper() {
    let program = Program::set_user_id(ROOT);
    let (user, helper) = (Puppet::start(ALICE), Puppet::start(ALICE));
    let file = user.open();
    let kept = user.give(file, &helper);
    user.executes(&program);
    let own = user.open();
    assert_eq!(user.does(own, "/reg svc"), "ok");
    assert_eq!(listing::only(), ("svc".to_owned(), ROOT));
    assert_eq!(user.does(own, "/msg svc secret"), "ok");

    helper.acts_for_nobody(kept, "svc", IDLE);
    // The program has it, too: it was open across `execve`.
    user.acts_for_nobody(file, "svc", IDLE);
    assert_eq!(user.does(file, "/reg other"), "EPERM");

    let row = listing::of("svc");
    assert_eq!((row.sent, row.received, row.depth), (1, 1, 1));
    assert_eq!(user.does(own, "<"), "svc secret\\n");
    assert_eq!(helper.does(kept, "/reg helper"), "ok", "for itself");
    assert_eq!(helper.does(kept, "/msg svc hello"), "ok");
    assert_eq!(user.does(own, "<"), "helper hello\\n");
    assert_eq!(user.does(own, "/unr"), "ok");
}

fn left_after_registering() {
    let program = Program::set_user_id(ROOT);
    let (user, helper) = (Puppet::start(ALICE), Puppet::start(ALICE));
    let file = user.open();
    assert_eq!(user.does(file, "/reg trusted"), "ok");
    let kept = user.give(file, &helper);
    assert_eq!(helper.does(kept, "/msg trusted queued"), "ok");
    user.executes(&program);
    assert_eq!(helper.does(kept, "<"), "trusted queued\\n", "still there");
    let own = user.open();
    assert_eq!(user.does(own, "/reg svc"), "ok");
    assert_eq!(user.does(own, "/msg svc secret"), "ok");
    helper.acts_for_nobody(kept, "svc", ENDED);
    user.acts_for_nobody(file, "svc", ENDED);
    assert_eq!(user.does(own, "/unr"), "ok");
    helper.acts_for_nobody(kept, "svc", ENDED);
}

fn left_with_a_rest() {
    let program = Program::set_user_id(ROOT);
    let (user, helper) = (Puppet::start(ALICE), Puppet::start(ALICE));
    let file = user.open();
    let kept = user.give(file, &helper);
    assert_eq!(user.does(file, "/reg trusted"), "ok");
    assert_eq!(user.does(file, "/msg trusted half read"), "ok");
    assert_eq!(helper.does(kept, "<10"), "trusted ha");
    user.executes(&program);
    let own = user.open();
    assert_eq!(user.does(own, "/reg svc"), "ok");
    assert_eq!(user.does(own, "/msg svc secret"), "ok");
    assert_eq!(user.does(own, "<6"), "svc se");
    assert_eq!(helper.does(kept, "<"), "lf read\\n", "the user's own");
    helper.acts_for_nobody(kept, "svc", ENDED);
    assert_eq!(user.does(own, "<"), "cret\\n");
}

fn trusted_caller() {
    let program = Program::set_user_id(ROOT);
    let user = Puppet::start(ALICE);
    let file = user.open();
    assert_eq!(user.does(file, "/reg trusted"), "ok");
    assert_eq!(user.does(file, "/msg trusted read me"), "ok");
    user.executes(&program);
    let own = user.open();
    user.acts_for_nobody(own, "trusted", IDLE);
    assert_eq!(listing::only(), ("trusted".to_owned(), ALICE));

    assert_eq!(user.does(own, "/reg svc"), "ok");
    assert_eq!(listing::only(), ("svc".to_owned(), ROOT));
    assert_eq!(listing::of("svc").pid, user.pid().as_raw());
    assert!(!sysfs::is_registered("trusted"));
    assert_eq!(sysfs::registrations(), 1);
    assert_eq!(user.does(own, "/msg trusted x"), "ENOENT");
    assert_eq!(user.does(own, "<"), "EAGAIN", "not what trusted was sent");
    let bob = Device::registered("bob");
    assert_eq!(user.does(own, "/msg bob hello"), "ok");
    assert_eq!(bob.read(), line("svc", "hello"));
    let again = user.open();
    assert_eq!(user.does(again, "/reg more"), "EEXIST");
}

fn same_name() {
    let program = Program::set_user_id(ROOT);
    let (user, helper) = (Puppet::start(ALICE), Puppet::start(ALICE));
    let file = user.open();
    let kept = user.give(file, &helper);
    assert_eq!(user.does(file, "/reg trusted"), "ok");
    assert_eq!(user.does(file, "/msg trusted for the user"), "ok");
    user.executes(&program);
    let own = user.open();
    assert_eq!(user.does(own, "/reg trusted"), "ok");
    assert_eq!(listing::only(), ("trusted".to_owned(), ROOT));
    let row = listing::of("trusted");
    assert_eq!((row.sent, row.received, row.depth), (0, 0, 0));
    assert_eq!(sysfs::get("queues/trusted/uid"), Some(0));
    helper.acts_for_nobody(kept, "trusted", ENDED);
    assert_eq!(user.does(own, "/msg trusted hello"), "ok");
    assert_eq!(user.does(own, "<"), "trusted hello\\n");
}

fn refused_anew() {
    let program = Program::set_user_id(ROOT);
    let _bob = Device::registered("bob");
    let (user, helper) = (Puppet::start(ALICE), Puppet::start(ALICE));
    let file = user.open();
    let kept = user.give(file, &helper);
    assert_eq!(user.does(file, "/reg trusted"), "ok");
    assert_eq!(user.does(file, "/msg trusted one"), "ok");
    assert_eq!(user.does(file, "/msg trusted two"), "ok");
    let before = listing::of("trusted");
    user.executes(&program);
    let own = user.open();
    for (command, error) in [
        ("/reg bob", "EEXIST"),
        ("/reg .svc", "EINVAL"),
        ("/reg", "EINVAL"),
        ("/reg ninebytes", "EINVAL"),
    ] {
        assert_eq!(user.does(own, command), error, "{command}");
        assert_eq!(listing::of("trusted"), before, "after {command}");
    }
    assert_eq!(user.does(own, "<"), "ENOENT");
    assert_eq!(helper.does(kept, "<"), "trusted one\\n");
    assert_eq!(helper.does(kept, "/msg trusted three"), "ok");
    assert_eq!(
        user.does(file, "<"),
        "trusted two\\n",
        "through its caller's file"
    );
    assert_eq!(helper.does(kept, "/unr"), "ok");
    assert_eq!(user.does(own, "/reg svc"), "ok");
}

fn full_table() {
    let program = Program::set_user_id(ROOT);
    let _bob = Device::registered("bob");
    sysfs::set("max_devices", 2);
    let user = Puppet::start(ALICE);
    let file = user.open();
    assert_eq!(user.does(file, "/reg trusted"), "ok");
    user.executes(&program);
    let own = user.open();
    assert_eq!(user.does(own, "/reg svc"), "ok");
    assert_eq!(sysfs::registrations(), 2);
    assert_eq!(Puppet::start(ROOT).register("more"), "ENOSPC");
}

fn waiters_are_told() {
    let program = Program::set_user_id(ROOT);
    let user = Puppet::start(ALICE);
    let file = user.open();
    assert_eq!(user.does(file, "/reg trusted"), "ok");
    let reader = Child::start(|link| {
        become_user(ALICE);
        let file: Device = link.take();
        file.wait(true);
        link.say("ready");
        link.say(format!("{:?}", file.read()));
    });
    user.pass(file, &reader);
    assert_eq!(reader.hear(), "ready");
    reader.until_reading();
    user.executes(&program);
    std::thread::sleep(wait::MOMENT);
    assert_eq!(reader.heard(), None, "`execve` alone ends nothing");
    let own = user.open();
    assert_eq!(user.does(own, "/reg svc"), "ok");
    assert_eq!(reader.hear(), "Ok(\"\")", "end of file");
    reader.finish();
}

fn ordinary_owner() {
    let program = Program::set_user_id(BERT);
    let (user, helper) = (Puppet::start(ALICE), Puppet::start(ALICE));
    let file = user.open();
    assert_eq!(user.does(file, "/reg trusted"), "ok");
    let kept = user.give(file, &helper);
    user.executes(&program);
    let own = user.open();
    user.acts_for_nobody(own, "trusted", IDLE);
    assert_eq!(user.does(own, "/reg svc"), "ok");
    assert_eq!(listing::only(), ("svc".to_owned(), BERT));
    helper.acts_for_nobody(kept, "svc", ENDED);
}

fn ordinary_program() {
    let program = Program::ordinary();
    let user = Puppet::start(ALICE);
    let file = user.open();
    assert_eq!(user.does(file, "/reg bob"), "ok");
    assert_eq!(user.does(file, "/msg bob before"), "ok");
    user.executes(&program);
    let own = user.open();
    assert_eq!(user.does(own, "/msg bob after"), "ok");
    assert_eq!(user.does(own, "<"), "bob before\\n");
    assert_eq!(user.does(file, "<"), "bob after\\n");
    assert_eq!(user.does(own, "/reg rob"), "EEXIST");
}

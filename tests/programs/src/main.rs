// SPDX-License-Identifier: GPL-2.0

//! `mq-test`: what the guest tests need beside a shell.
//!
//! It has primitives for the shell scripts (`do`, `hold`, `put`, …), topics of tests that print TAP
//! (`topic NAME`), and a bounded stress run. It is written against the contract alone: names,
//! numbers and limits are spelt out in the tests and nothing is taken from the driver's sources.

mod cgroup;
mod cheap;
mod child;
mod device;
mod faults;
mod fuzz;
mod harness;
mod listing;
mod mishaps;
mod model;
mod module;
mod primitives;
mod puppet;
mod records;
mod stress;
mod sys;
mod sysfs;
mod topics;
mod wait;

use std::process::ExitCode;

const USAGE: &str = "\
usage: mq-test try [--fd N] STEP…    writes each STEP as a command, `<` reads; prints the results
       mq-test hold NAME             registers NAME and stays until it is killed
       mq-test put FILE VALUE        writes VALUE to FILE by one write; prints the result
       mq-test as UID COMMAND…       runs COMMAND as another user, without rights
       mq-test flood NAME COUNT      sends COUNT messages to NAME, whatever comes of it
       mq-test noise SECONDS         registers, sends, reads and ends, again and again
       mq-test unload                unloads the module; prints the result
       mq-test obey                  does what a test says over its standard input
       mq-test topic NAME [PATTERN]  runs the tests of a topic
       mq-test stress SECONDS [PATTERN]  load of every kind, and what must be true of it
       mq-test execute               what the stress of `execve` executes
       mq-test play                  goes on with its part in a sequence of the model
       mq-test model COUNT[s] SEED   compares driver and model, for so many operations or seconds
       mq-test fuzz SECONDS [SEED]   sequences of system calls, led by what of the driver they reach
       mq-test replay SEQUENCE…      those that the fuzzer has printed, again and again";

fn main() -> ExitCode {
    harness::report_panics();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let passed = match args[..] {
        ["try", "--fd", fd, ref steps @ ..] => primitives::steps_on(fd, steps),
        ["try", ref steps @ ..] => primitives::steps(steps),
        ["hold", name] => primitives::hold(name),
        ["put", file, value] => primitives::put(file, value),
        ["as", uid, program, ref args @ ..] => primitives::run_as(uid, program, args),
        ["flood", name, count] => primitives::flood(name, count),
        ["noise", seconds] => primitives::noise(seconds),
        ["unload"] => primitives::unload(),
        ["obey"] => puppet::go_on(),
        ["topic", name] => topics::run(name, ""),
        ["topic", name, pattern] => topics::run(name, pattern),
        ["stress", seconds] => stress::run(seconds, ""),
        ["stress", seconds, pattern] => stress::run(seconds, pattern),
        ["execute"] => stress::go_on(),
        ["play"] => model::player::go_on(),
        ["model", count, seed] => model::run(count, seed),
        ["fuzz", seconds] => fuzz::run(seconds, None),
        ["fuzz", seconds, seed] => fuzz::run(seconds, Some(seed)),
        ["replay", ref sequences @ ..] => fuzz::run_again(sequences),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

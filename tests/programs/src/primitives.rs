// SPDX-License-Identifier: GPL-2.0

//! The subcommands that shell scripts build their tests of: they do one thing and print what came
//! of it, an error by its name.

use std::{
    os::{fd::AsFd, unix::process::CommandExt},
    process::Command,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    kmod::{delete_module, DeleteModuleFlags},
    sys::wait::{waitpid, WaitStatus},
    unistd::{self, pause, setgroups, setresgid, setresuid, Gid, Pid, Uid},
};

use crate::{child::Child, device::Device, listing, sys, sysfs, wait};

/// Does the steps on a file of its own and prints their results.
pub fn steps(steps: &[&str]) -> bool {
    print_results(Device::open_nonblocking(), steps)
}

/// Does the steps on the inherited file descriptor `fd`.
pub fn steps_on(fd: &str, steps: &[&str]) -> bool {
    print_results(
        sys::inherited(fd.parse().expect("a file descriptor")),
        steps,
    )
}

fn print_results(device: impl AsFd, steps: &[&str]) -> bool {
    let results: Vec<String> = steps.iter().map(|step| result_of(&device, step)).collect();
    println!("{}", results.join(" | "));
    true
}

/// What comes of a step: `<` reads a message, `<N` up to N bytes, `wait` stays until it is killed;
/// anything else is written, its escapes resolved.
pub fn result_of(device: &impl AsFd, step: &str) -> String {
    if let Some(len) = step.strip_prefix('<') {
        let mut buffer = vec![0; len.parse().unwrap_or(70_000)];
        return match unistd::read(device, &mut buffer) {
            Ok(len) => buffer[..len]
                .escape_ascii()
                .to_string()
                .replace("\\'", "'")
                .replace("\\\"", "\""),
            Err(error) => named(error),
        };
    }
    if step == "wait" {
        loop {
            pause();
        }
    }
    let bytes = resolve_escapes(step);
    match unistd::write(device, &bytes) {
        Ok(len) if len == bytes.len() => "ok".to_owned(),
        Ok(len) => format!("{len} of {}", bytes.len()),
        Err(error) => named(error),
    }
}

fn named(error: Errno) -> String {
    format!("{error:?}")
}

/// `\n`, `\t`, `\r`, `\0`, `\\`, `\xHH` and, for long texts, `\*N;`: the byte before it N times in all.
fn resolve_escapes(step: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = step.chars();
    while let Some(char) = rest.next() {
        if char != '\\' {
            bytes.extend(char.to_string().as_bytes());
            continue;
        }
        match rest.next() {
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('r') => bytes.push(b'\r'),
            Some('0') => bytes.push(0),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits"));
            }
            Some('*') => {
                let digits: String = rest.by_ref().take_while(char::is_ascii_digit).collect();
                let times: usize = digits.parse().expect("a number");
                let byte = *bytes.last().expect("a byte to repeat");
                bytes.resize(bytes.len() + times - 1, byte);
            }
            other => panic!("unknown escape {other:?} in {step:?}"),
        }
    }
    bytes
}

/// Registers and stays.
pub fn hold(name: &str) -> bool {
    let _device = Device::registered(name);
    loop {
        pause();
    }
}

/// Writes one attribute.
pub fn put(file: &str, value: &str) -> bool {
    let result = sysfs::write_once(file, value);
    println!("{}", result.map_or_else(named, |()| "ok".to_owned()));
    result.is_ok()
}

/// Runs a program as the user `uid`, without groups and capabilities.
pub fn run_as(uid: &str, program: &str, args: &[&str]) -> bool {
    let id = uid.parse().expect("a user id");
    let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
    setgroups(&[]).expect("setgroups");
    setresgid(group, group, group).expect("setresgid");
    setresuid(user, user, user).expect("setresuid");
    let error = Command::new(program).args(args).exec();
    eprintln!("mq-test: {program}: {error}");
    false
}

/// Sends as many messages as asked for.
pub fn flood(name: &str, count: &str) -> bool {
    let device = Device::registered("flood");
    for _ in 0..count.parse().expect("a count") {
        // Refused or not: what is tested is what the log says about it.
        let _ = device.command(format!("/msg {name} x"));
    }
    true
}

/// Uses the device from several processes for a while, wherever it is there.
pub fn noise(seconds: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(seconds.parse().expect("a number of seconds"));
    let makers = [0, 1, 2].map(|number| {
        Child::start(|_| {
            while Instant::now() < until {
                must_end_well(one_life(number))
            }
        })
    });
    while Instant::now() < until {
        makers.iter().for_each(Child::must_be_well);
        std::thread::sleep(wait::MOMENT);
    }
    makers.into_iter().for_each(Child::finish);
    true
}

/// Waits for a process, for as long as it takes.
pub fn must_end_well(process: Pid) {
    assert_eq!(
        waitpid(process, None),
        Ok(WaitStatus::Exited(process, 0)),
        "how the process ended"
    );
}

/// A process that registers, talks a little and ends, some of it without saying so.
pub fn one_life(number: usize) -> Pid {
    sys::fork(|| {
        let Ok(file) = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/mq")
        else {
            return;
        };
        let device = Device::from(std::os::fd::OwnedFd::from(file));
        device.wait(false);
        if device.command(format!("/reg n{number}")).is_ok() {
            for to in 0..3 {
                // The others come and go.
                let _ = device.command(format!("/msg n{to} hello"));
            }
            let _ = device.command("/all hello");
            device.drain();
            if number == 0 {
                // Registered, and without a file: nothing holds the module.
                drop(device);
                let _ = std::fs::read(listing::PATH);
            }
        }
    })
}

/// Unloads the module as `rmmod` does.
pub fn unload() -> bool {
    let result = delete_module(c"mq_driver", DeleteModuleFlags::O_NONBLOCK);
    println!("{}", result.map_or_else(named, |()| "ok".to_owned()));
    result.is_ok()
}

#[cfg(test)]
mod tests {
    use super::resolve_escapes;

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(resolve_escapes(r"/reg bob\n\0"), b"/reg bob\n\0");
        assert_eq!(resolve_escapes(r"\t\r\\\x1b\xff"), b"\t\r\\\x1b\xff");
        assert_eq!(resolve_escapes(r"a\*3;b"), b"aaab");
        assert_eq!(resolve_escapes("ä"), "ä".as_bytes());
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Publish and subscribe: each line that the publisher reads goes to all who have asked for it.
//!
//! A line is sent to all subscribers by one system call. A subscriber that has gone is forgotten
//! when a line does not reach it. One that is slow loses its oldest lines, is told how many, and
//! holds up nobody.
//!
//!     publish_subscribe publish NAME <LINES
//!     publish_subscribe subscribe NAME

use std::collections::BTreeSet;
use std::env;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mq_client::{Buffer, Device, Error, Name, Outgoing, Registration, Result};

const SUBSCRIBE: &[u8] = b"subscribe";

type Subscribers = Mutex<BTreeSet<Name>>;

fn publish(name: Name) -> Result {
    let registration = Arc::new(Device::open()?.register(name)?);
    let subscribers = Arc::new(Subscribers::default());
    let (listens, admits) = (Arc::clone(&registration), Arc::clone(&subscribers));
    // It ends with the process.
    thread::spawn(move || admit(&listens, &admits));
    for line in io::stdin().lines() {
        let line = line.map_err(Error::System)?;
        let all = subscribers.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = send_to_all(&registration, all.clone(), &line)?;
        drop(all);
        forget(&subscribers, &gone);
    }
    Ok(())
}

/// Adds everybody who asks for it.
fn admit(registration: &Registration, subscribers: &Subscribers) {
    for message in registration.messages().map_while(Result::ok) {
        if *message.text == *SUBSCRIBE {
            let mut all = subscribers.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(message.from);
        }
    }
}

/// Sends a line, and gives those who are gone.
fn send_to_all(
    registration: &Registration,
    subscribers: BTreeSet<Name>,
    line: &str,
) -> Result<Vec<Name>> {
    let messages: Vec<Outgoing> = subscribers
        .into_iter()
        .map(|name| Outgoing::to(name, line))
        .collect();
    let mut gone = Vec::new();
    let mut left = &messages[..];
    while !left.is_empty() {
        left = match registration.post_many(left) {
            Ok(sent) => &left[sent..],
            Err(Error::NoSuchName(name)) => {
                gone.push(name);
                &left[1..]
            }
            Err(error) => return Err(error),
        };
    }
    Ok(gone)
}

fn forget(subscribers: &Subscribers, gone: &[Name]) {
    let mut all = subscribers.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|name| !gone.contains(name));
}

fn subscribe(publisher: Name) -> Result {
    let registration = Device::open()?.register_sender()?;
    registration.send(publisher, SUBSCRIBE)?;
    let mut buffer = Buffer::new();
    loop {
        let message = registration.receive(&mut buffer)?;
        if message.lost > 0 {
            println!("({} lines were lost)", message.lost);
        }
        if message.from == publisher {
            println!("{}", String::from_utf8_lossy(&message.text));
        }
    }
}

fn run(arguments: &[&str]) -> Result {
    match arguments {
        ["publish", name] => publish(name.parse()?),
        ["subscribe", name] => subscribe(name.parse()?),
        _ => {
            println!("usage: publish_subscribe publish NAME | subscribe NAME");
            Ok(())
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("publish_subscribe: {error}");
            ExitCode::FAILURE
        }
    }
}

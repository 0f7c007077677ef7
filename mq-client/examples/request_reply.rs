// SPDX-License-Identifier: GPL-2.0

//! Request and reply: a server that turns texts round, and who asks it.
//!
//! The client waits for the answer of this server, whatever else may come, and no longer than a
//! second. The server waits for room, so that no answer pushes another message out, but not for a
//! client that takes none.
//!
//!     request_reply serve NAME
//!     request_reply ask NAME TEXT

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use mq_client::{Buffer, Device, Error, Name, Outgoing, Result, Wanted};

const LIMIT: Duration = Duration::from_secs(1);

fn serve(name: Name) -> Result {
    let registration = Device::open()?.register(name)?;
    let mut buffer = Buffer::new();
    loop {
        let request = registration.receive(&mut buffer)?;
        let reply: String = String::from_utf8_lossy(&request.text)
            .chars()
            .rev()
            .collect();
        let reply = Outgoing::to(request.from, &reply).wait_for_room_within(LIMIT);
        match registration.post(&reply) {
            // The server goes on without clients that have gone, or sleep.
            Err(error @ (Error::NoSuchName(_) | Error::NoRoom(_))) => eprintln!("{error}"),
            result => result?,
        }
    }
}

fn ask(server: Name, text: &str) -> Result<Option<String>> {
    let registration = Device::open()?.register_sender()?;
    registration.send(server, text)?;
    let mut buffer = Buffer::new();
    let wanted = Wanted::next().from(server).within(LIMIT);
    let reply = registration.take(&wanted, &mut buffer)?;
    Ok(reply.map(|reply| String::from_utf8_lossy(&reply.text).into_owned()))
}

fn run(arguments: &[&str]) -> Result {
    match arguments {
        ["serve", name] => serve(name.parse()?)?,
        ["ask", name, text] => match ask(name.parse()?, text)? {
            Some(reply) => println!("{reply}"),
            None => println!("no answer"),
        },
        _ => println!("usage: request_reply serve NAME | ask NAME TEXT"),
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("request_reply: {error}");
            ExitCode::FAILURE
        }
    }
}

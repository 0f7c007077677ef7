// SPDX-License-Identifier: GPL-2.0

//! `trace`: what the driver does, one line an event, as it happens.

use std::io;
use std::os::unix::net::UnixStream;

use mq_client::wait::{wait, PollFd, PollFlags};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::error::{Error, Result, Status};
use crate::output;
use crate::system::tracefs::Trace;
use crate::system::System;
use crate::text::printable;

pub fn run(system: &System) -> Result {
    let end = signals().map_err(|error| {
        Error::new(
            Status::Failed,
            format!("signals cannot be received: {error}"),
        )
    })?;
    let mut trace = Trace::start(system)?;
    let mut chunk = vec![0; 64 * 1024];
    let mut pending = Vec::new();
    while wait_for_events(&trace, &end)? {
        let length = trace.read(&mut chunk)?;
        pending.extend_from_slice(&chunk[..length]);
        let complete = pending.iter().rposition(|&byte| byte == b'\n');
        let lines: Vec<u8> = pending.drain(..complete.map_or(0, |at| at + 1)).collect();
        output::print(|out| {
            String::from_utf8_lossy(&lines)
                .lines()
                .try_for_each(|line| writeln!(out, "{}", readable(line)))
        })?;
    }
    Ok(())
}

/// A socket that can be read as soon as somebody wants this to end.
fn signals() -> io::Result<UnixStream> {
    let (end, sender) = UnixStream::pair()?;
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        pipe::register(signal, sender.try_clone()?)?;
    }
    Ok(end)
}

/// Waits for the next events; false if it is time to end.
fn wait_for_events(trace: &Trace, end: &UnixStream) -> Result<bool> {
    let stdout = io::stdout();
    let mut files = [
        PollFd::new(trace, PollFlags::IN),
        PollFd::new(end, PollFlags::IN),
        PollFd::new(&stdout, PollFlags::empty()),
    ];
    wait(&mut files, None)?;
    // A reader that went away must not leave the tracepoints on.
    Ok(files[1].revents().is_empty() && !files[2].revents().contains(PollFlags::ERR))
}

/// A line of the trace for people: when, what, the details, and which task did it.
fn readable(line: &str) -> String {
    let line = printable(line.as_bytes(), false);
    parse(&line).unwrap_or_else(|| line.trim().to_owned())
}

/// Lines look like `sh-71  [000] .....  3.456789: mq_send: name=value…`.
fn parse(line: &str) -> Option<String> {
    let (head, event) = line.split_once(": mq_")?;
    let (head, time) = head.trim().rsplit_once(char::is_whitespace)?;
    time.parse::<f64>().ok()?;
    let (task, _) = head.rsplit_once(" [")?;
    let (event, details) = event.split_once(':')?;
    Some(format!(
        "{time:>12}  {event:<10}  {}  ({})",
        details.trim(),
        task.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn an_event_is_put_in_order() {
        assert_eq!(
            readable(
                "           <...>-71      [000] .....     3.456789: mq_send: from=a to=b size=5"
            ),
            "    3.456789  send        from=a to=b size=5  (<...>-71)"
        );
        assert_eq!(
            readable("   my prog-71      [001] d..1. 12345.456789: mq_unregister: name=a pid=71"),
            "12345.456789  unregister  name=a pid=71  (my prog-71)"
        );
    }

    #[test]
    fn what_is_no_event_of_the_driver_s_stays_as_it_is() {
        assert_eq!(readable("CPU:0 [LOST 12 EVENTS]"), "CPU:0 [LOST 12 EVENTS]");
        assert_eq!(
            readable("x: mq_y-1 [0] 1.0: other: z"),
            "x: mq_y-1 [0] 1.0: other: z"
        );
        assert_eq!(readable("\x1b[2J"), "\\x1b[2J");
    }
}

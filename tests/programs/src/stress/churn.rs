// SPDX-License-Identifier: GPL-2.0

//! Registrations that come and go, most of them by SIGKILL.

use std::time::{Duration, Instant};

use nix::{errno::Errno, sys::signal::Signal};

use super::{text, RECEIVERS};
use crate::{child::Child, device::Device};

/// Starts a process that brings up one registration after the other under the same name, and ends
/// each in one of the ways that there are.
pub fn start(number: usize, until: Instant) -> Child {
    Child::start(move |_| {
        let name = format!("c{number}");
        for life in 0_u64.. {
            if Instant::now() > until {
                break;
            }
            let child = Child::start(|_| live(&name, life));
            // Every third life may come to its own end.
            if life.is_multiple_of(3) {
                child.finish();
            } else {
                std::thread::sleep(Duration::from_micros(life % 7 * 500));
                child.signal(Signal::SIGKILL);
                child.kill();
            }
        }
    })
}

/// One life: registers, which must succeed as the one before is known to be dead; talks; reads.
fn live(name: &str, life: u64) {
    let device = Device::registered(name);
    for turn in 0..20 {
        let (to, _) = RECEIVERS[turn as usize % RECEIVERS.len()];
        let text = text(name, life * 100 + turn);
        let command = if turn % 5 == 0 {
            format!("/all {text}")
        } else {
            format!("/msg {to} {text}")
        };
        match device.command(command) {
            Ok(()) => {}
            // Evicted.
            Err(Errno::EACCES) => return,
            Err(error) => panic!("{name}: {error}"),
        }
        match device.read() {
            Ok(_) | Err(Errno::EAGAIN) => {}
            Err(Errno::ENOENT) => return,
            Err(error) => panic!("{name}: {error}"),
        }
    }
    if life.is_multiple_of(2) {
        match device.command("/unr") {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Case B: a process sends to another, which sends back. Each message wakes a sleeper.

use nix::{
    sched::{sched_setaffinity, CpuSet},
    sys::eventfd::EventFd,
    unistd::{self, Pid},
};

use super::Meter;
use crate::{
    figure::{Figure, Samples},
    peers::{Peer, ROOM},
    sys,
};

const SIZE: usize = 64;

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    vec![one_pair(meter, peer, [0, 0]).figure('B', "one CPU", peer.name(), meter.unit())]
}

/// The round trips of one pair of processes, which are on these processors.
fn one_pair(meter: &Meter, peer: &dyn Peer, processors: [usize; 2]) -> Samples {
    let [here, there] = peer.pair();
    let ready = EventFd::new().expect("eventfd");
    let _partner = sys::fork(|| {
        stay_on(processors[1]);
        let end = there();
        let frame = end.frame(&[b'x'; SIZE]);
        let mut buffer = vec![0; ROOM];
        ready.write(1).expect("write to an eventfd");
        loop {
            end.receive(&mut buffer);
            end.send(&frame);
        }
    });
    stay_on(processors[0]);
    let end = here();
    let frame = end.frame(&[b'x'; SIZE]);
    let mut buffer = vec![0; ROOM];
    unistd::read(&ready, &mut [0; 8]).expect("read from an eventfd");
    meter.sample(40, 50, || {
        end.send(&frame);
        end.receive(&mut buffer);
    })
}

fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor).expect("a processor of few");
    sched_setaffinity(Pid::from_raw(0), &set).expect("sched_setaffinity");
}

// SPDX-License-Identifier: GPL-2.0

//! Case E: what operations cost among few registrations and among many, with queues of the default
//! length.

use std::{fs::File, io::Read, os::fd::AsFd};

use nix::unistd;

use super::Meter;
use crate::{
    clock::Clock,
    crowd::{self, Crowd},
    driver,
    figure::{Figure, Samples},
    peers::{
        mq::{Device, Registered},
        End, Peer,
    },
    sys,
};

const SIZE: usize = 64;

/// How many registrations there are, the one that is measured among them.
const REGISTRATIONS: [usize; 4] = [8, 100, 1000, 10_000];

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    let mut figures = Vec::new();
    // The others know no registrations.
    if peer.name() != "mq" {
        return figures;
    }
    driver::set_queue_len(driver::DEFAULT_QUEUE_LEN);
    let common = Device::open("");
    let mut crowd = Crowd::new();
    let mut others = 0;
    for registrations in REGISTRATIONS {
        let before = others;
        others = registrations - 1;
        crowd.grow(others, |number| {
            let file = common.as_fd().try_clone_to_owned().expect("dup");
            Box::new(move || {
                unistd::write(&file, format!("/reg r{number}").as_bytes()).expect("/reg") as u64
            })
        });
        crowd.turn_from(before);
        let mut add = |what: &str, samples| {
            let what = format!("{what}, {registrations}");
            figures.push(meter.figure("E", what, peer.name(), samples));
        };
        add("send and receive", send_and_receive(meter));
        add("/reg and /unr", register_and_unregister(meter));
        add("row of /proc/mq", row_of_listing(meter));
    }
    driver::set_queue_len(driver::QUEUE_LEN);
    figures.sort_by_key(|figure| figure.what.split(',').next().map(str::len));
    figures
}

/// By many processes under many names: how far a look-up has to go differs from one to the other.
fn send_and_receive(meter: &Meter) -> Samples {
    let (results, report) = unistd::pipe().expect("pipe");
    let mut samples = Samples::default();
    for name in 'a'..='p' {
        let _child = sys::fork(|| {
            let device = Registered::new(&name.to_string(), format!("/msg {name} "));
            let frame = device.frame(&[b'x'; SIZE]);
            let mut buffer = vec![0; device.room(SIZE)];
            let taken = meter.sample(|| {
                device.send(&frame);
                device.receive(&mut buffer);
            });
            let value = meter.figure("E", "", "mq", taken).value;
            unistd::write(&report, &value.to_bits().to_ne_bytes()).expect("write to a pipe");
        });
        samples.add(f64::from_bits(crowd::hear(&results)));
    }
    Samples::one(samples.median())
}

fn register_and_unregister(meter: &Meter) -> Samples {
    let device = Device::open("");
    meter.sample(|| {
        device.send(b"/reg a");
        device.send(b"/unr");
    })
}

fn row_of_listing(meter: &Meter) -> Samples {
    let _device = Registered::new("a", "");
    let mut text = Vec::with_capacity(4 << 20);
    let mut samples = Samples::default();
    let rounds = match meter.clock {
        Clock::Instructions => 5,
        Clock::Time => 50,
    };
    for _ in meter.rounds(rounds) {
        text.clear();
        let start = meter.clock.now();
        let mut file = File::open("/proc/mq").expect("open /proc/mq");
        file.read_to_end(&mut text).expect("read /proc/mq");
        let taken = meter.clock.now() - start;
        let lines = text.iter().filter(|&&byte| byte == b'\n').count();
        let rows = lines - 1;
        samples.add(taken as f64 / rows as f64);
    }
    samples
}

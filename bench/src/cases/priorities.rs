// SPDX-License-Identifier: GPL-2.0

//! Case H: what a message with a priority costs, in an empty queue and among messages of all other
//! priorities.

use mq_policy::{records, uapi::PRIORITY_MAX};

use super::Meter;
use crate::{
    driver,
    figure::Figure,
    peers::{
        mq::{Form, Registered},
        End, Peer,
    },
};

const SIZE: usize = 64;

/// How many priorities there are in the queue beside that which is measured.
const OTHERS: [u32; 2] = [0, PRIORITY_MAX];

pub fn run(meter: &Meter, peer: &dyn Peer) -> Vec<Figure> {
    let mut figures = Vec::new();
    // Lines have no priority, and the others have fewer.
    if peer.name() != "mq-records" {
        return figures;
    }
    driver::set_queue_len(OTHERS[1] as usize + 1);
    let text = [b'x'; SIZE];
    for others in OTHERS {
        // The highest, so that it is received whatever else there is.
        let device = Registered::new("a", Form::record("a", PRIORITY_MAX));
        for priority in 0..others {
            device.send(&Form::record("a", priority).frame(&text));
        }
        let frame = device.frame(&text);
        let mut buffer = vec![0; records::received_size(SIZE)];
        let samples = meter.sample(|| {
            device.send(&frame);
            device.receive(&mut buffer);
        });
        let what = format!("send and receive, {others} other priorities");
        figures.push(meter.figure("H", what, peer.name(), samples));
    }
    driver::set_queue_len(driver::QUEUE_LEN);
    figures
}

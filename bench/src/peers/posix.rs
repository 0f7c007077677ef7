// SPDX-License-Identifier: GPL-2.0

//! A POSIX message queue.

use nix::{
    mqueue::{mq_open, mq_receive, mq_send, mq_unlink, MQ_OFlag, MqAttr, MqdT},
    sys::stat::Mode,
};

/// Room for the largest message that is measured here; at most what `mq_overview(7)` gives everybody.
const ROOM: i64 = 8192;

pub struct Queue(MqdT);

impl super::Queue for Queue {
    fn new() -> Self {
        const NAME: &str = "/mq-bench";
        let flags = MQ_OFlag::O_RDWR | MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL;
        let room = MqAttr::new(0, 8, ROOM, 0);
        let queue = mq_open(NAME, flags, Mode::S_IRUSR | Mode::S_IWUSR, Some(&room));
        let queue = queue.expect("mq_open");
        mq_unlink(NAME).expect("mq_unlink");
        Self(queue)
    }

    #[inline]
    fn send(&self, frame: &[u8]) {
        mq_send(&self.0, frame, 0).expect("mq_send");
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> usize {
        let mut priority = 0;
        mq_receive(&self.0, buffer, &mut priority).expect("mq_receive")
    }
}

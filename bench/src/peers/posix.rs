// SPDX-License-Identifier: GPL-2.0

//! A POSIX message queue.

use nix::{
    mqueue::{mq_open, mq_receive, mq_send, mq_unlink, MQ_OFlag, MqAttr, MqdT},
    sys::stat::Mode,
    unistd::getpid,
};

/// What a queue holds, and the bytes of a message: at most what `mq_overview(7)` gives everybody.
const MESSAGES: i64 = 8;
const LARGEST: i64 = 8192;

pub struct Queue(MqdT);

impl super::Queue for Queue {
    fn new() -> Self {
        // Others may be about to make one, too.
        let name = format!("/mq-bench-{}", getpid());
        let flags = MQ_OFlag::O_RDWR | MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL;
        let room = MqAttr::new(0, MESSAGES, LARGEST, 0);
        let queue = mq_open(
            name.as_str(),
            flags,
            Mode::S_IRUSR | Mode::S_IWUSR,
            Some(&room),
        );
        let queue = queue.expect("mq_open");
        mq_unlink(name.as_str()).expect("mq_unlink");
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

    fn holds(size: usize) -> usize {
        if size > LARGEST as usize {
            return 0;
        }
        MESSAGES as usize
    }
}

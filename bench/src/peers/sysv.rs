// SPDX-License-Identifier: GPL-2.0

//! A System V message queue.

use crate::sys::{SysvQueue, SYSV_HEADER};

pub struct Queue(SysvQueue);

impl super::Queue for Queue {
    fn new() -> Self {
        Self(SysvQueue::new())
    }

    fn frame(text: &[u8]) -> Vec<u8> {
        // The message's type, which must not be zero.
        let mut frame = 1_u64.to_ne_bytes().to_vec();
        assert_eq!(frame.len(), SYSV_HEADER);
        frame.extend(text);
        frame
    }

    #[inline]
    fn send(&self, frame: &[u8]) {
        self.0.send(frame);
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> usize {
        self.0.receive(buffer)
    }
}

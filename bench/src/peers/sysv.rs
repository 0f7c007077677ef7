// SPDX-License-Identifier: GPL-2.0

//! A System V message queue.

use crate::sys::{SysvQueue, SYSV_HEADER};

/// The bytes of a message and of a queue, as `msgctl(2)` says they are unless somebody changes it.
const LARGEST: usize = 8192;
const CAPACITY: usize = 16_384;

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

    fn holds(size: usize) -> usize {
        if size > LARGEST {
            return 0;
        }
        CAPACITY / size
    }
}

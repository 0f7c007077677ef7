// SPDX-License-Identifier: GPL-2.0

//! Records: whatever is written, as many as are valid lie one behind the other within it, and none
//! that is refused has been valid by what the header says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mq_policy::{
    records::{Receivers, Sent, Wanted},
    uapi::{Receive, SendHeader, ALIGN, PRIORITY_MAX, SEND_BROADCAST, SEND_WAIT},
};

const TEXT_MAX: usize = 300;

fuzz_target!(|written: &[u8]| {
    let mut rest = written;
    while let Some(header) = rest.first_chunk() {
        let header = SendHeader::from_bytes(header);
        assert_eq!(header.to_bytes()[..], rest[..SendHeader::SIZE]);
        let Ok(sent) = Sent::new(&header, rest.len(), TEXT_MAX) else {
            break;
        };
        assert!((1..=TEXT_MAX).contains(&sent.text) && sent.padding < ALIGN);
        assert_eq!(sent.text, header.text_size as usize);
        assert!(header.priority <= PRIORITY_MAX && u32::from(sent.priority) == header.priority);
        assert!(sent.size() <= rest.len() && sent.size() <= header.size as usize);
        assert!(header.size as usize == sent.size() || sent.size() == rest.len());
        match sent.to {
            Receivers::All => assert_eq!(header.flags, SEND_BROADCAST),
            Receivers::One { wait, .. } => {
                assert_eq!(header.flags & SEND_WAIT != 0, wait.is_some());
                assert_eq!(wait.unwrap_or(0), header.timeout);
            }
        }
        rest = &rest[sent.size()..];
    }
    if let Some(asked) = written.first_chunk() {
        let asked = Receive::from_bytes(asked);
        if let Ok(wanted) = Wanted::new(&asked) {
            assert!(asked.flags < 8);
            assert_eq!(
                (wanted.peek, !wanted.waits),
                (asked.flags & 1 != 0, asked.flags & 4 != 0)
            );
            assert_eq!(wanted.from.is_some(), asked.flags & 2 != 0);
        }
    }
});

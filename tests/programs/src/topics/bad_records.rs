// SPDX-License-Identifier: GPL-2.0

//! Records that are none: what is refused, and that nothing of it is sent.

use mq_policy::uapi::{SendHeader, PRIORITY_MAX, SEND_BROADCAST, SEND_WAIT};
use nix::errno::Errno;

use crate::{
    device::Device,
    harness::Topic,
    records::{self, header, lines, read, to, with_header, write},
};

pub const TESTS: Topic = &[
    ("every field of a header at its limits and beyond", fields),
    ("lengths that lie: EINVAL, and nothing is sent", lengths),
    (
        "a record that ends outside of what is written: EINVAL",
        outside,
    ),
    ("a longer header", longer),
    ("random bytes", random),
];

/// A record of "text" to bob whose header has been changed.
fn changed(change: impl FnOnce(&mut SendHeader)) -> Vec<u8> {
    let mut header = header("bob", 4);
    change(&mut header);
    with_header(header, "text")
}

#[track_caller]
fn is_refused(bob: &Device, record: &[u8], why: Errno) {
    assert_eq!(write(bob, record), Err(why));
    // Behind one that is sent it is what ends the write.
    let both = [to("bob", "one"), record.to_vec()].concat();
    assert_eq!(write(bob, &both), Ok(40));
    assert_eq!(lines(bob), ["bob one"], "and nothing else");
}

fn fields() {
    let bob = records::registered("bob");
    for flags in [4, 1 << 15, u16::MAX, SEND_BROADCAST | SEND_WAIT] {
        let record = changed(|header| header.flags = flags);
        is_refused(&bob, &record, Errno::EINVAL);
    }
    for priority in [PRIORITY_MAX + 1, u32::MAX] {
        let record = changed(|header| header.priority = priority);
        is_refused(&bob, &record, Errno::EINVAL);
    }
    for priority in [0, 1, PRIORITY_MAX] {
        let record = changed(|header| header.priority = priority);
        assert_eq!(write(&bob, &record), Ok(40));
        let read = read(&bob).expect("a record");
        assert_eq!(read[0].header.priority, priority);
    }
    for timeout in [1, u64::MAX] {
        let record = changed(|header| header.timeout = timeout);
        is_refused(&bob, &record, Errno::EINVAL);
    }
    let to_nobody = changed(|header| header.to = [0; 8]);
    is_refused(&bob, &to_nobody, Errno::EINVAL);
    let all_and_one = changed(|header| header.flags = SEND_BROADCAST);
    is_refused(&bob, &all_and_one, Errno::EINVAL);
    for name in [
        b"bobb\0\0\0\0",
        b"bob\0bob\0",
        b"\0bob\0\0\0\0",
        b"bob/\xff\0\0\0",
    ] {
        let record = changed(|header| header.to = *name);
        is_refused(&bob, &record, Errno::ENOENT);
    }
}

fn lengths() {
    let bob = records::registered("bob");
    for size in [0, 1, 8, 31, 32, 33, 36, 39, 41, 44, 48, 1 << 31, u32::MAX] {
        let record = changed(|header| header.size = size);
        is_refused(&bob, &record, Errno::EINVAL);
    }
    for size in [0, 1, 31, 33, 36, 48, 40, u16::MAX] {
        let record = changed(|header| header.header_size = size);
        is_refused(&bob, &record, Errno::EINVAL);
    }
    for size in [0, 9, 16, 257, 1 << 31, u32::MAX] {
        let record = changed(|header| header.text_size = size);
        is_refused(&bob, &record, Errno::EINVAL);
    }
}

fn outside() {
    let bob = records::registered("bob");
    let record = to("bob", "0123456789");
    for len in [1, 8, 31, 32, 33, 41] {
        is_refused(&bob, &record[..len], Errno::EINVAL);
    }
    assert_eq!(
        write(&bob, &record[..42]),
        Ok(42),
        "its padding may be missing"
    );
    assert_eq!(write(&bob, &record[..45]), Ok(45), "or be there in part");
    assert_eq!(lines(&bob), ["bob 0123456789"; 2]);
}

fn longer() {
    let bob = records::registered("bob");
    for more in [8_u16, 16, 64] {
        let mut header = header("bob", 4);
        header.header_size += more;
        header.size += u32::from(more);
        let mut record = header.to_bytes().to_vec();
        record.resize(record.len() + usize::from(more), 0);
        record.extend(b"text\0\0\0\0");
        assert_eq!(write(&bob, &record), Ok(record.len()));
        assert_eq!(lines(&bob), ["bob text"]);
        record[usize::from(header.header_size) - 1] = 1;
        is_refused(&bob, &record, Errno::E2BIG);
    }
}

/// Bytes that look random, and are the same each time: xorshift.
fn random() {
    let bob = records::registered("bob");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut taken = 0;
    for _ in 0..20_000 {
        let mut record = to("bob", "some text of a record");
        for _ in 0..draw() % 4 {
            let at = draw() as usize % record.len();
            record[at] = draw() as u8;
        }
        record.truncate(draw() as usize % (record.len() + 1));
        match write(&bob, &record) {
            Ok(0) => assert!(record.is_empty()),
            Ok(count) => {
                assert_eq!(count, record.len());
                assert_eq!(read(&bob).map(|records| records.len()), Ok(1));
                taken += 1;
            }
            Err(errno) => {
                let known = [Errno::EINVAL, Errno::ENOENT, Errno::EMSGSIZE, Errno::E2BIG];
                assert!(known.contains(&errno), "{errno}");
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

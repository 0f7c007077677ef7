// SPDX-License-Identifier: GPL-2.0

//! The load parameters: their names, defaults and ranges, and the limits that follow from them.
//!
//! This is the only place where they are written down: the driver registers its parameters from
//! them, `mq-admin` builds its help and its checks from it. It does not hold the values
//! in force; those are the driver's.

use super::{
    command,
    message,
    segments, //
};

/// One load parameter of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name on the command line of `modprobe`.
    pub name: &'static str,
    /// Its name as an attribute of the device in sysfs.
    pub attribute: &'static str,
    /// The value where none is given.
    pub default: u32,
    /// The smallest value allowed.
    pub min: u32,
    /// The largest value allowed.
    pub max: u32,
    /// What it sets, for people.
    pub help: &'static str,
}

/// Registrations that may exist at once.
pub const MAX_DEVICES: Parameter = Parameter {
    name: "MAX_DEVICES",
    attribute: "max_devices",
    default: 8,
    min: 1,
    max: 65536,
    help: "registrations that may exist at once",
};

/// Messages that a queue holds.
pub const QUEUE_LEN: Parameter = Parameter {
    name: "QUEUE_LEN",
    attribute: "queue_len",
    default: 8,
    min: 1,
    max: 65536,
    help: "messages a queue holds",
};

/// Bytes that one written command may have, its command word included.
pub const CMD_BUF_SIZE: Parameter = Parameter {
    name: "CMD_BUF_SIZE",
    attribute: "cmd_buf_size",
    default: 256,
    min: 16,
    max: 65536,
    help: "bytes one written command may have, its command word included",
};

/// Registrations that one user may hold; 0 stands for three quarters of [`MAX_DEVICES`].
pub const MAX_PER_USER: Parameter = Parameter {
    name: "MAX_PER_USER",
    attribute: "max_per_user",
    default: 0,
    min: 0,
    max: 65536,
    help: "registrations one user may hold; 0: three quarters of MAX_DEVICES",
};

/// Bytes of kernel memory that the messages of one queue may take; 0 stands for what
/// [`QUEUE_LEN`] commands of [`CMD_BUF_SIZE`] bytes take.
pub const QUEUE_BYTES: Parameter = Parameter {
    name: "QUEUE_BYTES",
    attribute: "queue_bytes",
    default: 0,
    min: 0,
    max: i32::MAX as u32,
    help: "bytes of kernel memory the messages of one queue may take; \
           0: what QUEUE_LEN commands of CMD_BUF_SIZE bytes take",
};

/// Bytes that the queues of one user may have together; 0 stands for a thirty-second of memory.
pub const MAX_BYTES_PER_USER: Parameter = Parameter {
    name: "MAX_BYTES_PER_USER",
    attribute: "max_bytes_per_user",
    default: 0,
    min: 0,
    max: i32::MAX as u32,
    help: "bytes the queues of one user may have together; \
           0: a thirty-second of the machine's memory",
};

/// All load parameters.
pub const PARAMETERS: [Parameter; 6] = [
    MAX_DEVICES,
    QUEUE_LEN,
    CMD_BUF_SIZE,
    MAX_PER_USER,
    QUEUE_BYTES,
    MAX_BYTES_PER_USER,
];

/// Bytes of kernel memory that a registration takes beside its messages: itself, what watches its
/// process, and its folder in sysfs. Measured, and rounded up.
pub const REGISTRATION_MEMORY: u64 = 2560;

/// Bytes that the sum of a user's queues may always have, where the parameter leaves it open.
const USER_BYTES_MIN: u64 = 64 << 10;

/// A value that a [`Parameter`] does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl Parameter {
    /// Parses a decimal value as written by a person: blanks and a newline around it are allowed.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] for anything but decimal digits and for a number outside
    /// `self.min..=self.max`.
    ///
    /// ```
    /// use mq_policy::limits::{OutOfRange, QUEUE_LEN};
    /// assert_eq!(QUEUE_LEN.parse(b"64\n"), Ok(64));
    /// assert_eq!(QUEUE_LEN.parse(b"0x40"), Err(OutOfRange));
    /// assert_eq!(QUEUE_LEN.parse(b"65537"), Err(OutOfRange));
    /// ```
    pub fn parse(&self, text: &[u8]) -> Result<u32, OutOfRange> {
        let digits = text.trim_ascii();
        if digits.is_empty() {
            return Err(OutOfRange);
        }
        let mut value: u32 = 0;
        for byte in digits {
            if !byte.is_ascii_digit() {
                return Err(OutOfRange);
            }
            value = value
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(u32::from(byte - b'0')))
                .ok_or(OutOfRange)?;
        }
        if (self.min..=self.max).contains(&value) {
            Ok(value)
        } else {
            Err(OutOfRange)
        }
    }
}

/// Registrations that one user may hold, given the two parameters in force.
pub fn user_registrations(max_devices: u32, max_per_user: u32) -> u32 {
    if max_per_user != 0 {
        return max_per_user;
    }
    let three_quarters = u64::from(max_devices) * 3 / 4;
    // The range of MAX_DEVICES keeps three quarters of it within `u32`.
    (three_quarters as u32).max(1)
}

/// Bytes of kernel memory that a command of `len` bytes takes as a message.
pub fn command_memory(len: usize) -> usize {
    segments::memory(message::BEFORE + len + command::TRAILER_MAX + message::AFTER)
}

/// Bytes that the messages of one queue may take, given the three parameters in force: never less
/// than one command of the largest size takes.
pub fn queue_bytes(queue_bytes: u32, queue_len: u32, cmd_buf_size: u32) -> usize {
    let largest = command_memory(cmd_buf_size as usize);
    match queue_bytes as usize {
        0 => largest.saturating_mul(queue_len as usize),
        bytes => bytes.max(largest),
    }
}

/// Bytes that a place in the ring of a queue takes.
pub const SLOT: usize = 16;

/// Places that the ring of a queue needs: the smallest message there is bounds them, too.
pub fn slots(queue_len: u32, queue_bytes: usize) -> usize {
    (queue_len as usize).min(queue_bytes / segments::PIECE_MIN)
}

/// Bytes that a registration reserves of its user's: those of its queue, or what it takes without
/// a single message, if that is more.
pub fn reservation(queue_bytes: usize, slots: usize) -> u64 {
    let slots = slots as u64 * SLOT as u64;
    (queue_bytes as u64).max(REGISTRATION_MEMORY + slots)
}

/// Bytes that the queues of one user may have together, given the parameter in force and the
/// bytes of memory that the machine has.
pub fn user_bytes(max_bytes_per_user: u32, machine: u64) -> u64 {
    match max_bytes_per_user {
        0 => (machine / 32).max(USER_BYTES_MIN),
        bytes => bytes.into(),
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_limits))]
mod tests {
    use super::*;

    /// Each parameter with the values at the ends of its range, and those just outside.
    const RANGES: [(Parameter, [&str; 2], [&str; 2]); 6] = [
        (MAX_DEVICES, ["1", "65536"], ["0", "65537"]),
        (QUEUE_LEN, ["1", "65536"], ["0", "65537"]),
        (CMD_BUF_SIZE, ["16", "65536"], ["15", "65537"]),
        (MAX_PER_USER, ["0", "65536"], ["-1", "65537"]),
        (QUEUE_BYTES, ["0", "2147483647"], ["-1", "2147483648"]),
        (
            MAX_BYTES_PER_USER,
            ["0", "2147483647"],
            ["-1", "2147483648"],
        ),
    ];

    #[test]
    fn values_at_both_ends_of_the_range() {
        assert_eq!(RANGES.map(|(parameter, ..)| parameter), PARAMETERS);
        for (parameter, [min, max], outside) in RANGES {
            assert_eq!(parameter.parse(min.as_bytes()), Ok(parameter.min));
            assert_eq!(parameter.parse(max.as_bytes()), Ok(parameter.max));
            assert!((parameter.min..=parameter.max).contains(&parameter.default));
            for value in outside {
                assert_eq!(parameter.parse(value.as_bytes()), Err(OutOfRange));
            }
        }
    }

    #[test]
    fn what_is_not_a_decimal_number_is_refused() {
        for text in [
            "",
            " ",
            "-1",
            "+8",
            "8x",
            "0x10",
            "8 8",
            "4294967304",
            "99999999999999999999",
        ] {
            assert_eq!(MAX_DEVICES.parse(text.as_bytes()), Err(OutOfRange));
        }
        assert_eq!(MAX_DEVICES.parse(b" 12\n"), Ok(12));
    }

    #[test]
    fn a_user_may_hold_three_quarters_and_at_least_one() {
        assert_eq!(user_registrations(8, 0), 6);
        assert_eq!(user_registrations(1, 0), 1);
        assert_eq!(user_registrations(2, 0), 1);
        assert_eq!(user_registrations(3, 0), 2);
        assert_eq!(user_registrations(65536, 0), 49152);
        assert_eq!(user_registrations(8, 3), 3);
    }

    #[test]
    fn where_bytes_are_left_open_the_number_of_messages_decides() {
        for (len, size) in [(1, 16), (8, 256), (65536, 65536)] {
            let bytes = queue_bytes(0, len, size);
            assert_eq!(bytes, len as usize * command_memory(size as usize));
            assert_eq!(slots(len, bytes), len as usize);
        }
    }

    #[test]
    fn a_queue_holds_at_least_one_command() {
        assert_eq!(queue_bytes(1, 8, 256), command_memory(256));
        assert_eq!(queue_bytes(100_000, 8, 256), 100_000);
        assert!(slots(65536, queue_bytes(1, 65536, 16)) >= 1);
    }

    #[test]
    fn what_a_queue_of_many_tiny_messages_takes_is_reserved() {
        let bytes = queue_bytes(4096, 65536, 16);
        assert_eq!(reservation(bytes, slots(65536, bytes)), 4096);
        assert!(reservation(64, 1) >= REGISTRATION_MEMORY);
        assert_eq!(reservation(2800, 43), REGISTRATION_MEMORY + 43 * 16);
        // Never more than a quarter for places.
        assert_eq!(reservation(1 << 20, slots(65536, 1 << 20)), 1 << 20);
    }

    #[test]
    fn a_command_takes_what_is_copied_in_with_both_bytes_at_its_end() {
        // The smallest piece has 24 bytes: 9 before a command, 2 at its end, 1 behind it.
        assert_eq!((command_memory(12), command_memory(13)), (64, 128));
    }

    #[test]
    fn a_user_has_a_part_of_the_machine() {
        assert_eq!(user_bytes(0, 32 << 30), 1 << 30);
        assert_eq!(user_bytes(0, 1 << 20), 64 << 10);
        assert_eq!(user_bytes(5, 32 << 30), 5);
    }
}

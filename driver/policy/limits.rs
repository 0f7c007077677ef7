// SPDX-License-Identifier: GPL-2.0

//! The load parameters: their names, defaults and ranges, and the arithmetic that hangs on them.
//!
//! This is the only place where they are written down: the driver registers its parameters from
//! [`PARAMETERS`], `mq-admin` builds its help and its checks from it. It does not hold the values
//! in force; those are the driver's.

/// The longest name, in bytes.
pub const NAME_MAX: usize = 8;

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

/// All load parameters.
pub const PARAMETERS: [Parameter; 4] = [MAX_DEVICES, QUEUE_LEN, CMD_BUF_SIZE, MAX_PER_USER];

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
pub fn user_share(max_devices: u32, max_per_user: u32) -> u32 {
    if max_per_user != 0 {
        return max_per_user;
    }
    let three_quarters = u64::from(max_devices) * 3 / 4;
    // The range of MAX_DEVICES keeps three quarters of it within `u32`.
    (three_quarters as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_both_ends_of_the_range() {
        for parameter in PARAMETERS {
            let at = |value: i64| parameter.parse(value.to_string().as_bytes());
            assert_eq!(at(i64::from(parameter.min)), Ok(parameter.min));
            assert_eq!(at(i64::from(parameter.max)), Ok(parameter.max));
            assert_eq!(at(i64::from(parameter.min) - 1), Err(OutOfRange));
            assert_eq!(at(i64::from(parameter.max) + 1), Err(OutOfRange));
            assert_eq!(at(i64::from(parameter.default)), Ok(parameter.default));
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
            assert_eq!(
                MAX_DEVICES.parse(text.as_bytes()),
                Err(OutOfRange),
                "{text:?}"
            );
        }
        assert_eq!(MAX_DEVICES.parse(b" 12\n"), Ok(12));
    }

    #[test]
    fn the_share_of_a_user_is_three_quarters_and_at_least_one() {
        assert_eq!(user_share(8, 0), 6);
        assert_eq!(user_share(1, 0), 1);
        assert_eq!(user_share(2, 0), 1);
        assert_eq!(user_share(3, 0), 2);
        assert_eq!(user_share(65536, 0), 49152);
        assert_eq!(user_share(8, 3), 3);
    }
}

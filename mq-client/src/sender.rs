// SPDX-License-Identifier: GPL-2.0

//! Names for those who have to be registered and do not mind the name.

use crate::error::{Error, Result};
use crate::name::Name;

/// Registers, by `register`, a name made of the process number, the first that is not taken.
///
/// The number makes a name unique within a PID namespace. The letter helps where several namespaces
/// share the device, and where a process needs several names.
pub(crate) fn register_free(register: impl Fn(Name) -> Result) -> Result<Name> {
    first_free(std::process::id(), register)
}

fn first_free(pid: u32, register: impl Fn(Name) -> Result) -> Result<Name> {
    let number = base36(pid);
    let mut taken = Err(Error::BadName);
    for letter in 'a'..='z' {
        let name = Name::new(format!("{letter}{number}"))?;
        match register(name) {
            Err(error @ Error::NameTaken(_)) => taken = Err(error),
            result => return result.map(|()| name),
        }
    }
    taken
}

/// `number` in digits and small letters: the PIDs of Linux, up to 2^22, take five of them at most.
fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(number % 36, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// The names asked for where the first `taken` are taken, and what comes of it.
    fn tried(taken: usize, otherwise: fn() -> Result) -> (Vec<String>, Result<Name>) {
        let names = RefCell::new(Vec::new());
        let result = first_free(37, |name| {
            names.borrow_mut().push(name.to_string());
            match names.borrow().len() <= taken {
                true => Err(Error::NameTaken(name)),
                false => otherwise(),
            }
        });
        (names.into_inner(), result)
    }

    #[test]
    fn a_sender_takes_the_first_name_that_is_free() {
        let (names, result) = tried(0, || Ok(()));
        assert_eq!(names, ["a11"]);
        assert_eq!(result.unwrap().as_str(), "a11");
        let (names, result) = tried(2, || Ok(()));
        assert_eq!(names, ["a11", "b11", "c11"]);
        assert_eq!(result.unwrap().as_str(), "c11");
    }

    #[test]
    fn a_sender_gives_up_where_no_other_name_would_help() {
        let (names, result) = tried(1, || Err(Error::TableFull));
        assert_eq!(names.len(), 2);
        assert!(matches!(result, Err(Error::TableFull)));
        let (names, result) = tried(99, || Ok(()));
        assert_eq!(names.len(), 26);
        assert!(result.unwrap_err().to_string().contains("z11 is taken"));
    }

    #[test]
    fn the_name_of_a_sender_fits_for_every_pid() {
        for pid in [1, 35, 36, 1 << 22, u32::MAX] {
            assert_eq!(u32::from_str_radix(&base36(pid), 36), Ok(pid));
            assert!(Name::new(format!("a{}", base36(pid))).is_ok());
        }
    }
}

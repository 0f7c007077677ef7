// SPDX-License-Identifier: GPL-2.0

//! The name of a registration: what it may look like, and its form as a number for look-ups.
//!
//! Whether a name is taken is the registry's business, not this file's.

use super::limits::NAME_MAX;

/// A valid name: 1 to 8 bytes of `A-Z a-z 0-9 . _ -`, not starting with `.` or `-`.
///
/// Unused bytes at the end are zero, which no name contains, so two names are equal exactly if
/// their keys are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name([u8; NAME_MAX]);

/// The bytes do not make a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadName;

impl Name {
    /// Checks `bytes` and makes a name of them.
    ///
    /// # Errors
    ///
    /// [`BadName`] if they are none, more than [`NAME_MAX`], or not of the alphabet.
    pub fn new(bytes: &[u8]) -> Result<Self, BadName> {
        let first = *bytes.first().ok_or(BadName)?;
        if bytes.len() > NAME_MAX || matches!(first, b'.' | b'-') {
            return Err(BadName);
        }
        let mut name = [0; NAME_MAX];
        for (to, &from) in name.iter_mut().zip(bytes) {
            if !(from.is_ascii_alphanumeric() || matches!(from, b'.' | b'_' | b'-')) {
                return Err(BadName);
            }
            *to = from;
        }
        Ok(Self(name))
    }

    /// The name's bytes, without padding.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|&byte| byte == 0).next().unwrap_or(&[])
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        // Never the default: a name is ASCII.
        core::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    /// The name as one number: the key of look-ups.
    pub fn key(&self) -> u64 {
        u64::from_ne_bytes(self.0)
    }
}

impl core::fmt::Debug for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_the_contract_s() {
        for byte in 0..=255_u8 {
            let listed = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
                .contains(&byte);
            assert_eq!(Name::new(&[b'x', byte]).is_ok(), listed, "{byte:#x} inside");
            assert_eq!(
                Name::new(&[byte]).is_ok(),
                listed && byte != b'.' && byte != b'-',
                "{byte:#x} first"
            );
        }
    }

    #[test]
    fn one_to_eight_bytes() {
        assert_eq!(Name::new(b""), Err(BadName));
        assert_eq!(Name::new(b"a").unwrap().as_bytes(), b"a");
        assert_eq!(Name::new(b"abcdefgh").unwrap().as_str(), "abcdefgh");
        assert_eq!(Name::new(b"abcdefghi"), Err(BadName));
    }

    #[test]
    fn keys_tell_names_apart() {
        let key = |text: &str| Name::new(text.as_bytes()).unwrap().key();
        assert_ne!(key("bob"), key("Bob"));
        assert_ne!(key("bob"), key("bobb"));
        assert_eq!(key("bob"), key("bob"));
    }
}

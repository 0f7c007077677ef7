// SPDX-License-Identifier: GPL-2.0

//! The name of a registration: what it may look like, and its form as a number for look-ups.
//!
//! Whether a name is taken is the registry's business, not this file's.

/// The longest name, in bytes.
pub const NAME_MAX: usize = 8;

/// A valid name: 1 to 8 bytes of `A-Z a-z 0-9 . _ -`, not starting with `.` or `-`.
///
/// Unused bytes at the end are zero, which no name contains, so two names are equal exactly if
/// their keys are.
///
/// ```
/// use mq_policy::name::Name;
/// assert_eq!(Name::new(b"bob").unwrap().as_str(), "bob");
/// assert!(Name::new(b"-bob").is_err());
/// assert!(Name::new(b"ninebytes").is_err());
/// ```
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
    #[inline]
    pub fn new(bytes: &[u8]) -> Result<Self, BadName> {
        let mut padded = [0; NAME_MAX];
        padded
            .get_mut(..bytes.len())
            .ok_or(BadName)?
            .copy_from_slice(bytes);
        Self::from_padded(padded, bytes.len())
    }

    /// Makes a name of the first `len` bytes; the rest are zero.
    ///
    /// # Errors
    ///
    /// [`BadName`], as [`Name::new`].
    pub fn from_padded(padded: [u8; NAME_MAX], len: usize) -> Result<Self, BadName> {
        let valid = padded.iter().take(len).all(|&byte| is_allowed(byte));
        if len == 0 || !valid || matches!(padded[0], b'.' | b'-') {
            return Err(BadName);
        }
        Ok(Self(padded))
    }

    /// Bytes of the name.
    #[inline]
    pub fn len(&self) -> usize {
        NAME_MAX - (u64::from_le_bytes(self.0).leading_zeros() / u8::BITS) as usize
    }

    /// Never: a name has at least one byte.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The name's bytes, without padding.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0[..self.len()]
    }

    /// The name's bytes, with the padding in front of them.
    #[inline]
    pub fn padded_before(&self) -> [u8; NAME_MAX] {
        let word = u64::from_le_bytes(self.0);
        (word << (word.leading_zeros() / u8::BITS * u8::BITS)).to_le_bytes()
    }

    /// The name's bytes, with the padding behind them.
    #[inline(always)]
    pub fn padded(&self) -> [u8; NAME_MAX] {
        self.0
    }

    /// The name as a string of C: its bytes, and zeros.
    pub fn with_zero(&self) -> [u8; NAME_MAX + 1] {
        let mut padded = [0; NAME_MAX + 1];
        padded[..NAME_MAX].copy_from_slice(&self.0);
        padded
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

/// A name, and what each message needs of it, which is worked out once.
#[derive(Clone, Copy)]
pub struct Label {
    name: Name,
    padded_before: [u8; NAME_MAX],
    len: usize,
}

impl Label {
    /// The name.
    #[inline(always)]
    pub fn name(&self) -> Name {
        self.name
    }

    /// Its bytes, with the padding in front of them.
    #[inline(always)]
    pub fn padded_before(&self) -> [u8; NAME_MAX] {
        self.padded_before
    }

    /// How many they are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never: a name has at least one byte.
    pub fn is_empty(&self) -> bool {
        false
    }
}

impl From<Name> for Label {
    fn from(name: Name) -> Self {
        Self {
            name,
            padded_before: name.padded_before(),
            len: name.len(),
        }
    }
}

/// What stands where a name belongs: up to 8 bytes, which may make none.
///
/// Comparing it with a name that is known costs less than finding out whether it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    padded: [u8; NAME_MAX],
    len: usize,
}

impl Word {
    /// What is no name.
    pub const NONE: Word = Word {
        padded: [0; NAME_MAX],
        len: 0,
    };

    /// The first `len` bytes, of which there is at least one; the rest are zero.
    #[inline(always)]
    pub fn new(padded: [u8; NAME_MAX], len: usize) -> Self {
        Self { padded, len }
    }

    /// The bytes up to the zero bytes at the end.
    #[inline(always)]
    pub fn padded(padded: [u8; NAME_MAX]) -> Self {
        let zeros = u64::from_le_bytes(padded).leading_zeros() / u8::BITS;
        Self::new(padded, NAME_MAX - zeros as usize)
    }

    /// Whether it is this name.
    #[inline(always)]
    pub fn is(&self, label: &Label) -> bool {
        // The word may end with zero bytes of its own.
        self.padded == label.name.0 && self.len == label.len
    }

    /// The bytes as one number, much like [`Name::key`].
    #[inline(always)]
    pub fn key(&self) -> u64 {
        u64::from_ne_bytes(self.padded)
    }

    /// The name that it is.
    pub fn name(&self) -> Option<Name> {
        Name::from_padded(self.padded, self.len).ok()
    }
}

impl From<Name> for Word {
    fn from(name: Name) -> Self {
        Self::new(name.0, name.len())
    }
}

/// The bytes that a name may have, a bit each.
const ALLOWED: [u64; 2] = {
    let mut allowed = [0; 2];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') {
            allowed[byte as usize / 64] |= 1 << (byte % 64);
        }
        byte += 1;
    }
    allowed
};

#[inline(always)]
fn is_allowed(byte: u8) -> bool {
    byte < 128 && ALLOWED[byte as usize / 64] >> (byte % 64) & 1 != 0
}

impl core::fmt::Debug for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_name))]
mod tests {
    use super::super::testing::name;
    use super::*;

    #[test]
    fn the_alphabet_is_the_contract_s() {
        for byte in 0..=255_u8 {
            let listed = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
                .contains(&byte);
            assert_eq!(Name::new(&[b'x', byte]).is_ok(), listed);
            let first = listed && byte != b'.' && byte != b'-';
            assert_eq!(Name::new(&[byte]).is_ok(), first);
        }
    }

    #[test]
    fn one_to_eight_bytes() {
        assert_eq!(Name::new(b""), Err(BadName));
        assert_eq!(name("a").as_bytes(), b"a");
        assert_eq!(name("abcdefgh").as_str(), "abcdefgh");
        assert_eq!(Name::new(b"abcdefghi"), Err(BadName));
    }

    #[test]
    fn the_padding_can_stand_on_either_side() {
        for text in ["a", "bob", "abcdefgh"] {
            let name = name(text);
            assert_eq!(name.len(), text.len());
            assert_eq!(name.as_str(), text);
            let with_zero = name.with_zero();
            let (bytes, zeros) = with_zero.split_at(text.len());
            assert_eq!(bytes, text.as_bytes());
            assert!(!zeros.is_empty() && zeros.iter().all(|&byte| byte == 0));
            let padded = name.padded_before();
            let (zeros, bytes) = padded.split_at(NAME_MAX - text.len());
            assert_eq!(bytes, text.as_bytes());
            assert!(zeros.iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn a_word_is_a_name_only_byte_by_byte() {
        let bob = name("bob");
        let word = |padded: &[u8; 8], len| Word::new(*padded, len);
        assert!(word(b"bob\0\0\0\0\0", 3).is(&bob.into()));
        assert!(!word(b"bob\0\0\0\0\0", 4).is(&bob.into()));
        assert!(!word(b"bobb\0\0\0\0", 4).is(&bob.into()));
        assert_eq!(word(b"bob\0\0\0\0\0", 3).name(), Some(bob));
        assert_eq!(word(b"bob\0\0\0\0\0", 4).name(), None);
        assert_eq!(word(b"b!b\0\0\0\0\0", 3).name(), None);
    }

    #[test]
    fn zero_bytes_make_no_name() {
        for bytes in [&b"a\0"[..], b"\0a", b"a\0b", b"\0"] {
            assert_eq!(Name::new(bytes), Err(BadName));
        }
    }

    #[test]
    fn keys_tell_names_apart() {
        assert!(name("bob").key() != name("Bob").key());
        assert!(name("bob").key() != name("bobb").key());
        assert_eq!(name("bob").key(), name("bob").key());
    }
}

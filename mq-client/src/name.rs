// SPDX-License-Identifier: GPL-2.0

//! The name of a registration. What makes one is decided by the driver's policy, not here.

use std::fmt;
use std::str::FromStr;

use mq_policy::name::{Name as Valid, NAME_MAX};

use crate::error::Error;

/// A name that a registration can have: 1 to 8 of `A-Z a-z 0-9 . _ -`, and neither `.` nor `-`
/// stands first.
///
/// ```
/// use mq_client::Name;
///
/// let bob: Name = "bob".parse()?;
/// assert_eq!(bob.to_string(), "bob");
/// assert!("a blank".parse::<Name>().is_err());
/// # Ok::<(), mq_client::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name(Valid);

impl Name {
    /// The name that these bytes make.
    ///
    /// # Errors
    ///
    /// [`Error::BadName`].
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, Error> {
        Valid::new(bytes.as_ref())
            .map(Self)
            .map_err(|_| Error::BadName)
    }

    /// The name with zero bytes behind it, as records have it.
    pub(crate) fn padded(self) -> [u8; NAME_MAX] {
        self.0.key().to_ne_bytes()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<Valid> for Name {
    fn from(name: Valid) -> Self {
        Self(name)
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.key().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_sorted_as_text_and_told_apart() {
        let mut names = ["b", "a", "ab", "B", "a"].map(|name| Name::new(name).unwrap());
        names.sort();
        assert_eq!(
            names.map(|name| name.to_string()),
            ["B", "a", "a", "ab", "b"]
        );
        assert_eq!(HashSet::from(names).len(), 4);
    }

    #[test]
    fn a_name_is_shown_in_the_width_asked_for() {
        let bob = Name::new("bob").unwrap();
        assert_eq!(format!("{bob:<5}|{bob:?}"), "bob  |\"bob\"");
    }
}

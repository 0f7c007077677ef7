// SPDX-License-Identifier: GPL-2.0

//! The error numbers that user space sees for the reasons that policy tells apart.

use crate::{
    ffi::compat::edquot,
    policy::refusal::Refusal, //
};
use kernel::prelude::*;

/// The number for a reason.
pub(crate) fn number(refusal: Refusal) -> Error {
    match refusal {
        Refusal::TooLong | Refusal::TooLarge | Refusal::NoRoom => EMSGSIZE,
        Refusal::NoCommand | Refusal::BadName => EINVAL,
        Refusal::BadRecord | Refusal::BadRequest => EINVAL,
        Refusal::NoRequest => ENOTTY,
        Refusal::HalfRead => EBUSY,
        Refusal::AlreadyRegistered | Refusal::NameTaken => EEXIST,
        Refusal::TableFull => ENOSPC,
        Refusal::RegistrationsExceeded | Refusal::BytesExceeded => edquot(),
        Refusal::NotRegistered | Refusal::NoSuchName => ENOENT,
        Refusal::SenderNotRegistered => EACCES,
        Refusal::NotYours | Refusal::ForeignFile => EPERM,
    }
}

/// Why an operation failed: refused by policy, or for want of something.
pub(crate) enum Failure {
    /// Policy says no.
    Refused(Refusal),
    /// Something else went wrong: no memory, bad memory, a signal.
    Failed(Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

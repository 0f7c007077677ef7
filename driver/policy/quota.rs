// SPDX-License-Identifier: GPL-2.0

//! What one user holds, and whether more is allowed.
//!
//! Who the user is that something counts against is decided elsewhere (`ffi/credentials.rs`), and
//! so is whether the limits bind that user at all.

/// What one user holds.
///
/// ```
/// use mq_policy::quota::{Exceeded, Quota, QuotaLimits};
/// let limits = Some(QuotaLimits { registrations: 2, bytes: 1000 });
/// let mut quota = Quota::default();
/// assert_eq!(quota.register(600, limits), Ok(()));
/// assert_eq!(quota.register(600, limits), Err(Exceeded::Bytes));
/// assert_eq!(quota.register(400, limits), Ok(()));
/// assert_eq!(quota.register(0, limits), Err(Exceeded::Registrations));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Registrations.
    registrations: u32,
    /// Bytes that the queues of these registrations have reserved.
    reserved: u64,
    /// Bytes of messages that have been read in part.
    half_read: u64,
}

/// What one user may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLimits {
    /// Registrations.
    pub registrations: u32,
    /// Bytes that queues may reserve; and as many again for messages that have been read in part.
    pub bytes: u64,
}

/// What there would be too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// Registrations.
    Registrations,
    /// Bytes.
    Bytes,
}

impl Quota {
    /// Counts a registration whose queue reserves `bytes`; without limits always.
    ///
    /// # Errors
    ///
    /// [`Exceeded`]; nothing is counted then.
    pub fn register(&mut self, bytes: u64, limits: Option<QuotaLimits>) -> Result<(), Exceeded> {
        let reserved = self.reserved.saturating_add(bytes);
        if let Some(limits) = limits {
            if self.registrations >= limits.registrations {
                return Err(Exceeded::Registrations);
            }
            if reserved > limits.bytes {
                return Err(Exceeded::Bytes);
            }
        }
        self.registrations += 1;
        self.reserved = reserved;
        Ok(())
    }

    /// Counts a registration off that [`Quota::register`] has counted with as many bytes.
    pub fn unregister(&mut self, bytes: u64) {
        self.registrations = self.registrations.saturating_sub(1);
        self.reserved = self.reserved.saturating_sub(bytes);
    }

    /// Counts a message of `bytes` that has been read in part. The first is always allowed, so
    /// that no limit keeps a message from being read byte by byte.
    ///
    /// # Errors
    ///
    /// [`Exceeded::Bytes`]; nothing is counted then.
    pub fn hold(&mut self, bytes: u64, limits: Option<QuotaLimits>) -> Result<(), Exceeded> {
        let half_read = self.half_read.saturating_add(bytes);
        if self.half_read > 0 && limits.is_some_and(|limits| half_read > limits.bytes) {
            return Err(Exceeded::Bytes);
        }
        self.half_read = half_read;
        Ok(())
    }

    /// Counts a message off that [`Quota::hold`] has counted with as many bytes.
    pub fn release(&mut self, bytes: u64) {
        self.half_read = self.half_read.saturating_sub(bytes);
    }
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_quota))]
mod tests {
    use super::*;

    const LIMITS: Option<QuotaLimits> = Some(QuotaLimits {
        registrations: 3,
        bytes: 100,
    });

    #[test]
    fn exactly_the_limits_fit() {
        let mut quota = Quota::default();
        assert_eq!(quota.register(50, LIMITS), Ok(()));
        assert_eq!(quota.register(51, LIMITS), Err(Exceeded::Bytes));
        assert_eq!(quota.register(50, LIMITS), Ok(()));
        assert_eq!(quota.register(0, LIMITS), Ok(()));
        assert_eq!(quota.register(0, LIMITS), Err(Exceeded::Registrations));
        quota.unregister(50);
        assert_eq!(quota.register(50, LIMITS), Ok(()));
    }

    #[test]
    fn a_refusal_counts_nothing() {
        let mut quota = Quota::default();
        assert_eq!(quota.register(100, LIMITS), Ok(()));
        let before = quota;
        assert!(quota.register(1, LIMITS).is_err());
        assert_eq!(quota, before);
        assert_eq!(quota.hold(100, LIMITS), Ok(()));
        let before = quota;
        assert!(quota.hold(1, LIMITS).is_err());
        assert_eq!(quota, before);
    }

    #[test]
    fn whom_no_limits_bind_is_counted_all_the_same() {
        let mut quota = Quota::default();
        assert_eq!(quota.register(u64::MAX, None), Ok(()));
        assert_eq!(quota.register(u64::MAX, None), Ok(()));
        assert_eq!(quota.register(1, LIMITS), Err(Exceeded::Bytes));
        assert_eq!(quota.hold(u64::MAX, None), Ok(()));
        assert_eq!(quota.hold(1, None), Ok(()));
    }

    #[test]
    fn one_message_can_always_be_read_in_part() {
        let mut quota = Quota::default();
        assert_eq!(quota.hold(1000, LIMITS), Ok(()));
        assert_eq!(quota.hold(1, LIMITS), Err(Exceeded::Bytes));
        quota.release(1000);
        assert_eq!(quota, Quota::default());
        assert_eq!(quota.hold(60, LIMITS), Ok(()));
        assert_eq!(quota.hold(40, LIMITS), Ok(()));
        assert_eq!(quota.hold(1, LIMITS), Err(Exceeded::Bytes));
    }
}

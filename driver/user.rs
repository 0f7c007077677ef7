// SPDX-License-Identifier: GPL-2.0

//! A user and what counts against its quota.
//!
//! How much that may be is policy's (`policy/quota.rs`).

use crate::{
    ffi::{
        compat::edquot,
        credentials, //
    },
    interned::{
        Interned,
        Interner,
        Keyed,
        Uses, //
    },
    policy::quota::{
        Exceeded,
        Quota,
        QuotaLimits, //
    }, //
};
use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    }, //
};

/// All users who hold anything.
pub(crate) type Users = Interner<User>;

/// A use of one.
pub(crate) type UserRef = Interned<User>;

/// A user.
#[pin_data]
pub(crate) struct User {
    key: u64,
    uses: Uses,
    #[pin]
    quota: SpinLock<Quota>,
}

impl Keyed for User {
    fn key(&self) -> u64 {
        self.key
    }

    fn uses(&self) -> &Uses {
        &self.uses
    }
}

impl User {
    /// The user whose quota the caller's is.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn current(users: &Arc<Users>) -> Result<UserRef> {
        let key = credentials::key(credentials::quota_user());
        Interner::get_or_make(users, key, || {
            Arc::pin_init(
                pin_init!(Self {
                    key,
                    uses: Uses::new(),
                    quota <- new_spinlock!(Quota::default(), "mq_quota"),
                }),
                GFP_KERNEL_ACCOUNT,
            )
        })
    }

    /// Counts a registration whose queue reserves `bytes`; it is to become a [`Charge`] then.
    ///
    /// # Errors
    ///
    /// [`Exceeded`].
    pub(crate) fn register(&self, bytes: u64, limits: Option<QuotaLimits>) -> Result<(), Exceeded> {
        self.quota.lock().register(bytes, limits)
    }

    /// Counts a message of `bytes` that is read in part. Whoever has `CAP_SYS_RESOURCE` is not
    /// bound by the limits.
    ///
    /// # Errors
    ///
    /// `EDQUOT`.
    pub(crate) fn charge_half_read(
        this: &UserRef,
        bytes: u64,
        limits: QuotaLimits,
    ) -> Result<Charge> {
        let held = this.quota.lock().hold(bytes, Some(limits));
        if held.is_err() {
            if !credentials::may_exceed_quota() {
                return Err(edquot());
            }
            // Never refused without limits.
            let _ = this.quota.lock().hold(bytes, None);
        }
        Ok(Charge {
            user: this.clone(),
            bytes,
            off: Quota::release,
        })
    }
}

/// Something that counts against a user's quota, until it is dropped.
pub(crate) struct Charge {
    user: UserRef,
    bytes: u64,
    /// How it is counted off.
    off: fn(&mut Quota, u64),
}

impl Charge {
    /// That of a registration which [`User::register`] has counted with as many bytes.
    pub(crate) fn registration(user: UserRef, bytes: u64) -> Self {
        Self {
            user,
            bytes,
            off: Quota::unregister,
        }
    }

    /// Bytes that it counts.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        (self.off)(&mut self.user.quota.lock(), self.bytes);
    }
}

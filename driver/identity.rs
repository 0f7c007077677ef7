// SPDX-License-Identifier: GPL-2.0

//! Whose registration an open file acts for.
//!
//! The rule is that of section "Who is acting" of the README: only for registrations made by the
//! user who opened the file; among these for that of the calling process, or else for that of the
//! process that opened the file. Which user id the caller happens to have does not matter.

use crate::{
    directory::{
        Directory,
        Hint, //
    },
    ffi::{
        credentials,
        process_id::ProcessId, //
    },
    process::ProcessRef,
    registration::Registration, //
};
use kernel::{
    sync::{
        rcu,
        ArcBorrow, //
    },
    task::Kuid, //
};

/// Who opened a file.
pub(crate) struct Identity {
    opener: ProcessRef,
    user: Kuid,
    /// Registrations of the opener that had ended before it opened the file.
    ended_before: u64,
    caller_hint: Hint,
    opener_hint: Hint,
}

impl Identity {
    /// Of a file that `opener` opened with the effective user id `user`.
    pub(crate) fn new(opener: ProcessRef, user: Kuid) -> Self {
        Self {
            ended_before: opener.ended(),
            opener,
            user,
            caller_hint: Hint::new(),
            opener_hint: Hint::new(),
        }
    }

    /// The process that opened the file.
    pub(crate) fn opener(&self) -> &ProcessRef {
        &self.opener
    }

    /// The user who opened the file.
    pub(crate) fn user(&self) -> Kuid {
        self.user
    }

    /// The key of that user.
    pub(crate) fn user_key(&self) -> u64 {
        credentials::key(self.user)
    }

    /// Whether a registration of the opener that the file might have acted for has ended.
    pub(crate) fn opener_has_ended(&self) -> bool {
        self.opener.ended() > self.ended_before && self.opener.was_registered_as(self.user_key())
    }

    /// The processes that may be acted for, by their keys: the caller, or else the opener.
    pub(crate) fn processes(&self) -> [usize; 2] {
        [ProcessId::current_key(), self.opener.pid().key()]
    }

    /// The registration that is acted for.
    #[inline]
    pub(crate) fn acting<'a, A: Send>(
        &self,
        directory: &'a Directory<A>,
        guard: &'a rcu::Guard,
    ) -> Option<ArcBorrow<'a, Registration>> {
        let [caller, opener] = self.processes();
        let own = |found: &ArcBorrow<'a, Registration>| found.user() == self.user;
        directory
            .by_owner(caller, &self.caller_hint, guard)
            .filter(own)
            .or_else(|| {
                if caller == opener {
                    return None;
                }
                directory
                    .by_owner(opener, &self.opener_hint, guard)
                    .filter(own)
            })
    }

    /// The registration of the opener, if the file may act for it.
    pub(crate) fn of_opener<'a, A: Send>(
        &self,
        directory: &'a Directory<A>,
        guard: &'a rcu::Guard,
    ) -> Option<ArcBorrow<'a, Registration>> {
        directory
            .by_owner(self.opener.pid().key(), &self.opener_hint, guard)
            .filter(|found| found.user() == self.user)
    }
}

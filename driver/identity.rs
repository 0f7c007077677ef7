// SPDX-License-Identifier: GPL-2.0

//! Whose registration an open file acts for.
//!
//! A file that has registered acts for itself, from then on. For others the rule is that of section
//! "Who is acting" of the README: only for registrations made by the user who opened the file; among
//! these for that of the calling process, or else for that of the process that opened the file. Which
//! user id the caller happens to have does not matter.

use crate::{
    directory::{
        Directory,
        Hint, //
    },
    ffi::{
        credentials,
        once::read_once,
        process_id::ProcessId, //
    },
    process::ProcessRef,
    registration::Registration, //
};
use kernel::{
    sync::{
        atomic::{
            Atomic,
            Release, //
        },
        rcu,
        ArcBorrow,
        SetOnce, //
    },
    task::Kuid, //
};

/// The key of no user.
const ITSELF: u64 = u64::MAX;

/// Who opened a file.
pub(crate) struct Identity {
    opener: ProcessRef,
    opener_key: usize,
    user: Kuid,
    user_key: u64,
    /// The same, or [`ITSELF`]: a comparison with it also tells of a file that acts for itself.
    hint_user: Atomic<u64>,
    /// Registrations of the opener that had ended before it opened the file.
    ended_before: u64,
    /// The file itself, once it has registered.
    itself: SetOnce<ProcessRef>,
    caller_hint: Hint,
    opener_hint: Hint,
}

impl Identity {
    /// Of a file that `opener` opened with the effective user id `user`.
    pub(crate) fn new(opener: ProcessRef, user: Kuid) -> Self {
        Self {
            ended_before: opener.ended(),
            opener_key: opener.key(),
            opener,
            user,
            user_key: credentials::key(user),
            hint_user: Atomic::new(credentials::key(user)),
            itself: SetOnce::new(),
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
        self.user_key
    }

    /// Whether a registration of the opener that the file might have acted for has ended.
    pub(crate) fn opener_has_ended(&self) -> bool {
        let user = self.user_key();
        let opener = &self.opener;
        let has_ended = opener.ended() > self.ended_before && opener.has_ended_as(user);
        // What is left of one that has exited goes a moment later.
        has_ended || (opener.is_registered_as(user) && opener.has_exited())
    }

    /// A number for the file that no process has, and no other file as long as this is open.
    pub(crate) fn file_key(&self) -> usize {
        // The addresses that are the keys of processes are even.
        core::ptr::from_ref(self).addr() | 1
    }

    /// The file itself, if it acts for itself.
    #[inline(always)]
    pub(crate) fn itself(&self) -> Option<&ProcessRef> {
        self.itself.as_ref()
    }

    /// Has the file act for itself from now on.
    pub(crate) fn act_for_itself(&self, file: ProcessRef) {
        // Where that is so already, it is the same file.
        let _ = self.itself.populate(file);
        self.hint_user.store(ITSELF, Release);
    }

    /// Who may be acted for, by their keys: the file itself, or the caller, or else the opener.
    pub(crate) fn processes(&self) -> [usize; 2] {
        self.processes_for(ProcessId::current_key())
    }

    /// The same for a process that need not be the calling one.
    pub(crate) fn processes_for(&self, caller: usize) -> [usize; 2] {
        match self.itself() {
            Some(file) => [file.key(); 2],
            None => [caller, self.opener_key],
        }
    }

    /// The registration that is acted for.
    #[inline(always)]
    pub(crate) fn acting<'a, A: Send>(
        &self,
        directory: &'a Directory<A>,
        guard: &'a rcu::Guard,
    ) -> Option<ArcBorrow<'a, Registration>> {
        let caller = ProcessId::current_key();
        match directory.at(self.caller_hint.get(), guard) {
            Some(found)
                if found.owner() == caller && found.user_key() == read_once(&self.hint_user) =>
            {
                Some(found)
            }
            _ => self.acting_for(caller, directory, guard),
        }
    }

    /// The same for a process that need not be the calling one.
    #[inline(never)]
    pub(crate) fn acting_for<'a, A: Send>(
        &self,
        caller: usize,
        directory: &'a Directory<A>,
        guard: &'a rcu::Guard,
    ) -> Option<ArcBorrow<'a, Registration>> {
        let [first, second] = self.processes_for(caller);
        let found = directory
            .by_owner(first, &self.caller_hint, guard)
            .filter(|found| found.user_key() == self.user_key);
        if found.is_some() || first == second {
            return found;
        }
        directory
            .by_owner(second, &self.opener_hint, guard)
            .filter(|found| found.user_key() == self.user_key)
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Who can own a registration: a process that has to do with the device, because it has opened it,
//! is registered, or has polled; or an open file that acts for itself.
//!
//! It is what readers sleep on, because it outlives registrations.

use crate::{
    ffi::{
        process_id::ProcessId,
        wait_queue::WaitQueue, //
    },
    interned::{
        Interned,
        Interner,
        Keyed,
        Uses, //
    }, //
};
use kernel::{
    c_str,
    prelude::*,
    static_lock_class,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc, //
    }, //
};

/// All of them.
pub(crate) type Processes = Interner<Process>;

/// A use of one.
pub(crate) type ProcessRef = Interned<Process>;

/// A process, or an open file.
pub(crate) struct Process {
    key: usize,
    /// `None` for an open file.
    pid: Option<ProcessId>,
    uses: Uses,
    waiters: Arc<WaitQueue>,
    /// The user as whom it is registered now; `NOBODY` if it is not.
    registered_as: Atomic<u64>,
    /// The user as whom it was registered when that ended last; `NOBODY` if it never has.
    ended_as: Atomic<u64>,
    /// Registrations of it that have ended.
    ended: Atomic<u64>,
}

const NOBODY: u64 = u64::MAX;

impl Keyed for Process {
    fn key(&self) -> u64 {
        self.key as u64
    }

    fn uses(&self) -> &Uses {
        &self.uses
    }
}

impl Process {
    /// The calling process.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn current(processes: &Arc<Processes>) -> Result<ProcessRef> {
        let pid = ProcessId::current()?;
        Self::get_or_make(processes, pid.key(), Some(pid))
    }

    /// The open file with this key, which no process has.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn of_file(processes: &Arc<Processes>, key: usize) -> Result<ProcessRef> {
        Self::get_or_make(processes, key, None)
    }

    fn get_or_make(
        processes: &Arc<Processes>,
        key: usize,
        pid: Option<ProcessId>,
    ) -> Result<ProcessRef> {
        Interner::get_or_make(processes, key as u64, || {
            let waiters = WaitQueue::new_shared(
                c_str!("mq_waiters"),
                static_lock_class!(),
                GFP_KERNEL_ACCOUNT,
            )?;
            Ok(Arc::new(
                Self {
                    key,
                    pid,
                    uses: Uses::new(),
                    waiters,
                    registered_as: Atomic::new(NOBODY),
                    ended_as: Atomic::new(NOBODY),
                    ended: Atomic::new(0),
                },
                GFP_KERNEL_ACCOUNT,
            )?)
        })
    }

    /// A number that no other has as long as this one is there.
    #[inline(always)]
    pub(crate) fn key(&self) -> usize {
        self.key
    }

    /// The process itself; an open file is none.
    pub(crate) fn pid(&self) -> Option<&ProcessId> {
        self.pid.as_ref()
    }

    /// Whether the process has exited; an open file never does.
    pub(crate) fn has_exited(&self) -> bool {
        self.pid.as_ref().is_some_and(ProcessId::has_exited)
    }

    /// Those who wait for a message to the process, or for the end of its registration.
    pub(crate) fn waiters(&self) -> &Arc<WaitQueue> {
        &self.waiters
    }

    /// Notes that the process is registered as the user with this key.
    pub(crate) fn set_registered(&self, user: u64) {
        self.registered_as.store(user, Release);
    }

    /// Notes that the process is not registered any more.
    pub(crate) fn set_unregistered(&self) {
        self.ended_as
            .store(self.registered_as.load(Acquire), Release);
        self.ended.fetch_add(1, Release);
        // Last, so that who finds the process not registered any more finds the end.
        self.registered_as.store(NOBODY, Release);
    }

    /// Registrations of the process that have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load(Acquire)
    }

    /// Whether the process is registered as the user with this key.
    pub(crate) fn is_registered_as(&self, user: u64) -> bool {
        self.registered_as.load(Acquire) == user
    }

    /// Whether it was as the user with this key that the process was registered when that ended last.
    pub(crate) fn has_ended_as(&self, user: u64) -> bool {
        self.ended_as.load(Acquire) == user
    }
}

// SPDX-License-Identifier: GPL-2.0

//! A process that has to do with the device: it has opened it, is registered, or has polled.
//!
//! There is one `Process` for each, from the first of these until the last is over. It is what
//! sleepers sleep on, because it outlives registrations: a file that is polled before its process
//! registers is woken by what comes after.

use crate::ffi::{
    pid::Pid,
    wait_queue::{
        Polled,
        WaitQueue, //
    }, //
};
use kernel::{
    c_str,
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    static_lock_class,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc,
        SpinLock, //
    }, //
};

/// A process.
#[pin_data]
pub(crate) struct Process {
    pid: Pid,
    #[pin]
    waiters: WaitQueue,
    was_registered: Atomic<bool>,
}

impl Process {
    /// The process itself.
    pub(crate) fn pid(&self) -> &Pid {
        &self.pid
    }

    /// Those who wait for a message to the process, or for the end of its registration.
    pub(crate) fn waiters(&self) -> &WaitQueue {
        &self.waiters
    }

    /// Notes that the process has been registered.
    pub(crate) fn note_registered(&self) {
        self.was_registered.store(true, Release);
    }

    /// Whether the process is or has been registered.
    pub(crate) fn was_registered(&self) -> bool {
        self.was_registered.load(Acquire)
    }
}

struct Entry {
    process: Arc<Process>,
    users: usize,
}

/// All processes that anybody has to do with, found by [`Pid::key`].
///
/// The lock is held for a look-up or a change in the tree, and no other is taken under it.
#[pin_data]
pub(crate) struct Processes {
    #[pin]
    tree: SpinLock<RBTree<usize, Entry>>,
}

impl Processes {
    /// No processes.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self { tree <- new_spinlock!(RBTree::new(), "mq_processes") }),
            GFP_KERNEL,
        )
    }

    /// The calling process.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn current(this: &Arc<Self>) -> Result<ProcessRef> {
        let pid = Pid::current()?;
        let key = pid.key();
        if let Some(process) = Self::find(this, key) {
            return Ok(process);
        }
        let process = Arc::pin_init(
            pin_init!(Process {
                pid,
                waiters <- WaitQueue::new(c_str!("mq_waiters"), static_lock_class!()),
                was_registered: Atomic::new(false),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        let entry = Entry {
            process: process.clone(),
            users: 1,
        };
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?.into_node(key, entry);
        // Another thread of the process may have been faster; what it inserted is used then, and
        // what was made here goes once the lock is dropped.
        let spare = {
            let mut tree = this.tree.lock();
            match tree.get_mut(&key) {
                None => {
                    tree.insert(node);
                    None
                }
                Some(entry) => {
                    entry.users += 1;
                    Some((node, entry.process.clone()))
                }
            }
        };
        Ok(ProcessRef {
            process: spare.map_or(process, |(_, earlier)| earlier),
            processes: this.clone(),
        })
    }

    /// The process with this [`Pid::key`], if anybody has to do with it.
    pub(crate) fn find(this: &Arc<Self>, key: usize) -> Option<ProcessRef> {
        let mut tree = this.tree.lock();
        let entry = tree.get_mut(&key)?;
        entry.users += 1;
        Some(ProcessRef {
            process: entry.process.clone(),
            processes: this.clone(),
        })
    }
}

/// A share in a [`Process`], which is kept in the tree as long as anybody has one.
pub(crate) struct ProcessRef {
    process: Arc<Process>,
    processes: Arc<Processes>,
}

impl core::ops::Deref for ProcessRef {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Clone for ProcessRef {
    fn clone(&self) -> Self {
        if let Some(entry) = self.processes.tree.lock().get_mut(&self.pid.key()) {
            entry.users += 1;
        }
        Self {
            process: self.process.clone(),
            processes: self.processes.clone(),
        }
    }
}

impl PartialEq for ProcessRef {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.process, &other.process)
    }
}

impl Polled for ProcessRef {
    fn wait_queue(&self) -> &WaitQueue {
        &self.waiters
    }
}

impl Drop for ProcessRef {
    fn drop(&mut self) {
        let key = self.process.pid.key();
        let mut tree = self.processes.tree.lock();
        let last = tree.get_mut(&key).is_some_and(|entry| {
            entry.users -= 1;
            entry.users == 0
        });
        let node = if last { tree.remove_node(&key) } else { None };
        drop(tree);
        drop(node);
    }
}

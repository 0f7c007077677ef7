// SPDX-License-Identifier: GPL-2.0

//! The locks: who protects what, in what order, and the races that they decide.
//!
//! | lock | protects | taken under it | held while |
//! |---|---|---|---|
//! | `Registrar::parents` (mutex) | kobjects above others | the kernel's | a kobject is added |
//! | `Pollers::links` (mutex) | a file's links | `Interner::tree`, wait queues | one is made |
//! | `Directory::registry` (spin) | names, owners, order | `User::quota` | some steps |
//! | `PartialReads::partials` (spin) | what a file has half read | `Registration::queue` | one claim |
//! | `Registration::queue` (spin) | a queue, its waiters, its counters | `Stats::folded` | one push or pop |
//! | `User::quota` (spin) | what a user holds | none | one count |
//! | `Stats::folded` (spin) | what ended registrations have left | none | one count |
//! | `Interner::tree` (spin) | which processes and users are known | none | a look-up or a change |
//! | `Process::waiters` (interrupts off) | sleeping readers | `Pollers::hub`, scheduler's | one wake-up |
//! | `Pollers::hub` (interrupts off) | the links behind it | poll queues | one wake-up |
//! | a poll queue (interrupts off) | who polls | that of epoll, and the like | one wake-up |
//!
//! `Pollers::links`, `Pollers::hub` and `PartialReads::partials` are each open file's own.
//!
//! Under a spin lock nothing is allocated, freed, logged, copied from or to user space, or woken;
//! what falls out under one is carried out and dropped after it. User memory is touched under no
//! lock at all. None is held for a time that grows with the number of registrations. One read of
//! records takes up to 16 messages in a turn of the lock. Where a message is received out of turn
//! (`MQ_RECEIVE_FROM`), those before it move up under the lock, a move of 16 bytes for each: as many
//! as `QUEUE_LEN` allows, which is an administrator's to say. The mutexes may sleep for memory.
//!
//! Registrations are found without a lock: `Directory::published` is an array of pointers, read
//! under RCU (`rcu_read_lock()`). What has been found may have ended, so whoever uses it looks at its
//! mark, or takes the lock of its queue, which is closed at the end. What has been taken out of the
//! array is freed a grace period later.
//!
//! # Races
//!
//! **A wake-up against falling asleep.** The sender looks for sleepers without the lock of the wait
//! queue, so that sending to somebody who does not sleep costs nothing:
//!
//! ```text
//! sender, or who ends a registration      reader, or poller
//! push the message, or mark the end       queue the entry, or arm the link (wait queue lock)
//! smp_mb(), in order()                    smp_mb(), in set_current_state(), or WakeChain::arm
//! is the wait queue empty?                is there a message, or an end?
//! ```
//!
//! Without the barriers each could miss what the other did last: the reader would sleep with a
//! message in its queue, or the poller with a registration that has ended. With them at least one
//! sees the other. For messages the lock of the queue, which both take, would do as well; the mark of
//! the end is looked at without a lock. A broadcast pushes to up to 64 queues, then has one barrier
//! for all of them, and then looks at each wait queue.
//!
//! **Room in a queue against a sender who waits for it.** Whoever makes room puts the messages of
//! those who wait into the queue, under its lock, in the order in which they came; who waits only
//! looks for what became of its message:
//!
//! ```text
//! sender                                  reader, flush, end, or a sender who gives up
//! is there room, and nobody waits? no (queue lock)
//!                                         take a message: nobody waits (queue lock)
//! join the line (queue lock)
//! settle: there is room now (queue lock)
//! ```
//!
//! A sender settles the line itself after it has joined, so room that came before that is not missed;
//! for room that comes after it, whoever makes it sees the line, under the same lock, and settles it.
//! The outcome is noted under the lock, and the wake-up comes after it, with the barriers of the race
//! above; the sender leaves the line under the lock, too, so a signal or a time limit finds the
//! message either still waiting, and takes it back, or put into the queue, and then it was in vain.
//! So as many are woken as there is room for, and nobody who comes later can be faster. A read does
//! not wake under `PartialReads::partials`: it is told that others wait, and settles the line once
//! that lock is dropped.
//!
//! **A link that leaves against a new poller.** A link takes itself out of a wait queue when it
//! finds nobody behind it, so that a process whose file was polled once does not pay for ever:
//!
//! ```text
//! wake-up (waiters lock)                  poller
//! is the poll queue empty?                poll_wait(): queue the entry
//! take the link out                       arm the link (waiters lock)
//!                                         is there a message? (queue lock)
//! ```
//!
//! Both change the link under the lock of the queue that it stands in. If the wake-up comes first,
//! the poller puts the link back, and looks for the message after that. If the poller comes first,
//! the wake-up finds its entry.
//!
//! **An exit against a delivery.** Whoever has found a registration can deliver to it after its
//! process has exited:
//!
//! ```text
//! exit (interrupts off), then work        sender
//!                                         find it; it is not dying
//! mark it as dying
//! close the queue (queue lock)
//!                                         push: refused, as if it were not there (queue lock)
//! discard what is queued
//! ```
//!
//! Either the push comes before the close, and what was pushed is discarded and counted; or it is
//! refused. In no case does a message stay in a queue that nobody will read.
//!
//! **An exit against a registration of the same name.** `exit_notify()` makes the end visible to a
//! pidfd before it wakes those who watch, of whom the driver is one:
//!
//! ```text
//! exit                                    who registers anew
//! set the exit state
//!                                         a pidfd polls readable; /reg: the name is taken
//! wake: queue the work, mark as dying     the holder has exited: end it here, or
//!                                         wait until it is removed
//! work: tear down, remove
//! ```
//!
//! The mark decides by one `cmpxchg` who tears down, the work or who met the name. The work is
//! queued before the mark is set, so whoever sees the mark can wait for the work by flushing it.
//!
//! **A read against the end.** A reader that has taken a message may fail to copy it out, after the
//! registration has ended:
//!
//! ```text
//! reader                                  tear down
//! take the message, counted as read
//!                                         close, discard, add the counters to the totals
//! copy out: EFAULT
//! give it back: the queue is closed
//! count it as lost to the end
//! ```
//!
//! Whether the counters have been added is noted under the lock of the queue, together with adding
//! them, so the message is counted in the queue or in the totals, and never below zero.
//!
//! **The last close against a new file.** A file that acts for itself is known by a number made from
//! its address, which the next file can have. The last close ends its registration before the memory
//! is freed; where somebody else (`evict`) is still about to, a look-up finds it dying, and whoever
//! registers waits until it is removed, as with a name.
//!
//! **An unload against an open.** A module whose loading fails is freed without regard to who is
//! just opening its device, so the device is registered last, and nothing fails after that. When a
//! module is removed, the kernel lets nobody open the device any more before `MqModule` is dropped.
//!
//! # Barriers
//!
//! What a weakly ordered CPU, such as one of aarch64, needs beside the locks:
//!
//! | what | order | so that |
//! |---|---|---|
//! | a wake-up | `smp_mb()` on both sides | it is not missed |
//! | `Published`, a place | `Release`; the address depends on it | a registration is seen whole |
//! | `Published`, a chunk | full `cmpxchg`; the address depends on it | its places are seen empty |
//! | `Identity::itself` | `Release`; `Acquire` to look | the file that acts for itself is seen whole |
//! | `Directory::latest` | `Release`; `Acquire` to look | a broadcast finds who was there before |
//! | `Registration::state` | full `cmpxchg`; `Acquire` to wait | who sees it finds the work queued |
//! | `Process::ended` | `Release`, last; `Acquire`, first | who sees an end sees whose it was |
//! | users of `Bytes`, `Uses` | `Release` or full to give up; `Acquire` | who frees is the last |
//! | exit state (`shim.c`) | `smp_rmb()` | an old leader does not pass for the process |
//!
//! The rest is relaxed. `Directory::owners` counts a registration before the `Release` that publishes
//! it, so that nobody finds one that is not counted, and uncounts it after it is gone; a count too
//! high costs a look-up. Other counters are added up at leisure. Hints are tried before they are
//! believed.
//!
//! The guest tests do not prove this on aarch64 either: an emulator keeps to the order of the
//! machine that it runs on, which is a strong one on x86. So `tests/interleavings` has these races in
//! miniature, and runs each in all orders that a weak one allows, with its barriers and without.

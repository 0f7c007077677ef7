// SPDX-License-Identifier: GPL-2.0

//! Putting messages into the queue of a registration so that nothing is lost: where it is full, the
//! sender waits its turn.
//!
//! Whoever makes room does not leave it to those who wait to take it: it puts their messages into
//! the queue itself, in the order in which they came, and wakes whom it has served. So as many are
//! woken as there is room for, and none of them finds that another was faster.

use super::Registration;
use crate::{
    errors::Failure,
    ffi::wait_queue::{
        Deadline,
        PollMask,
        WaitQueue,
        Wake, //
    },
    message::Message,
    policy::{
        line::{
            Growth,
            Outcome,
            Ticket, //
        },
        queue::{
            Pushed,
            Settled, //
        },
        refusal::Refusal, //
    }, //
};
use kernel::{
    c_str,
    prelude::*,
    static_lock_class,
    sync::Arc, //
};

/// Those who are woken in one turn of the lock.
const BATCH: usize = 16;

impl Registration {
    /// Puts a message of `sender` into the queue once there is room for it and all who came before
    /// have been served: within `timeout` nanoseconds, where that is not 0, and only now if not
    /// `waits`. Nothing is lost. Leaves it to the caller to count it as sent.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchName`] where the registration has ended, [`Refusal::TooLarge`]; `EAGAIN`
    /// where it does not wait; `ETIMEDOUT`; `ERESTARTSYS` where a signal came first, or `EINTR` if
    /// there is a limit; `ENOMEM`. It has not been sent then.
    pub(crate) fn deliver_in_turn(
        &self,
        sender: &Self,
        message: Message,
        timeout: u64,
        waits: bool,
    ) -> Result<(), Failure> {
        let bytes = message.len();
        let pushed = self.queue.lock().queue.push_in_turn(message);
        let message = match pushed {
            Ok(()) => {
                self.waiters().wake(Wake::OneSync, PollMask::READABLE);
                self.trace_send(sender, || bytes);
                return Ok(());
            }
            Err(Pushed::NoRoom(_)) if !waits => return Err(EAGAIN.into()),
            Err(Pushed::NoRoom(message) | Pushed::Displaced(message)) => message,
            Err(Pushed::TooLarge(_)) => return Err(Refusal::TooLarge.into()),
            Err(Pushed::Closed(_)) => return Err(Refusal::NoSuchName.into()),
        };
        let deadline = (timeout > 0).then(|| Deadline::after(timeout));
        let sleeper = WaitQueue::new_shared(
            c_str!("mq_senders"),
            static_lock_class!(),
            GFP_KERNEL_ACCOUNT,
        )?;
        let ticket = self.join_line(message, &sleeper)?;
        // There may have been room just before, which nobody had to be told of.
        self.settle_waiting();
        let is_settled = || self.queue.lock().queue.line().is_settled(&ticket);
        let waited = sleeper.wait_until(false, deadline, || is_settled().then_some(()));
        let left = self.queue.lock().queue.leave(ticket);
        match left {
            Err(Outcome::Sent) => {
                self.trace_send(sender, || bytes);
                Ok(())
            }
            Err(Outcome::Closed) => Err(Refusal::NoSuchName.into()),
            Ok(_) => {
                // Those behind may have room now.
                self.settle_waiting();
                Err(match waited {
                    Err(ERESTARTSYS) if deadline.is_some() => EINTR.into(),
                    Err(error) => error.into(),
                    Ok(_) => EINTR.into(),
                })
            }
        }
    }

    fn join_line(&self, message: Message, sleeper: &Arc<WaitQueue>) -> Result<Ticket> {
        loop {
            let mut inner = self.queue.lock();
            let Some(chunk) = inner.queue.line().needs_growth() else {
                let joined = inner.queue.wait(message, sleeper.clone());
                drop(inner);
                return joined.map_err(|_| ENOMEM);
            };
            drop(inner);
            let growth = Growth::new(chunk)?;
            let spare = self.queue.lock().queue.line().grow(growth);
            drop(spare);
        }
    }

    /// Gives room that there is to those who wait for it, and tells them. Not to be called under a
    /// lock.
    pub(crate) fn settle_waiting(&self) {
        loop {
            let mut settled = [const { None }; BATCH];
            self.queue.lock().queue.settle(&mut settled);
            for place in settled {
                let Some(Settled { who, refused }) = place else {
                    return;
                };
                if refused.is_none() {
                    self.waiters().wake(Wake::One, PollMask::READABLE);
                }
                who.wake(Wake::All, PollMask::NONE);
            }
        }
    }
}

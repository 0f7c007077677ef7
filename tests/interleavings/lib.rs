// SPDX-License-Identifier: GPL-2.0

//! The races that `driver/locking.rs` tells of, each as a miniature that [loom] runs in every order
//! that the memory model of C11 allows, of steps and of what one thread sees of another.
//!
//! They are miniatures because the driver's code stands on the kernel's wait queues, work queues and
//! RCU, which no library for user space has. Each has the steps of the driver in their order, with the
//! same atomic operations. A model whose steps are reversed, or whose barrier is left out, must fail:
//! else it would not show that they are needed.
//!
//! What is not modelled: the order of what is reached through an address that was loaded, for which
//! C11 has no cheap word (here it is `Acquire`), and grace periods.
//!
//! [loom]: https://docs.rs/loom

#[cfg(test)]
mod broadcast;
#[cfg(test)]
mod end;
#[cfg(test)]
mod exit;
#[cfg(test)]
mod places;
#[cfg(test)]
mod wake_up;

#[cfg(test)]
mod explore {
    use std::panic::{catch_unwind, AssertUnwindSafe};

    /// The model holds in every order.
    pub(crate) fn holds(model: impl Fn() + Send + Sync + 'static) {
        loom::model(model);
    }

    /// There is an order in which the model does not hold.
    pub(crate) fn breaks(model: impl Fn() + Send + Sync + 'static) {
        let all = catch_unwind(AssertUnwindSafe(|| loom::model(model)));
        assert!(all.is_err(), "holds in every order");
    }
}

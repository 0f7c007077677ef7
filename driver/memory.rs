// SPDX-License-Identifier: GPL-2.0

//! The arrays that policy works on: kernel memory, and who is charged for it.
//!
//! The memory of messages is another matter: `ffi/buffer.rs`.

use crate::policy::storage::Storage;
use kernel::{
    alloc::flags::__GFP_NOWARN,
    prelude::*, //
};

/// Memory from the kernel.
pub(crate) struct Kernel<const CHARGED: bool>;

/// Memory that is charged to the memory cgroup of the caller.
pub(crate) type Charged = Kernel<true>;

/// Memory of the system's own, which serves all users.
pub(crate) type System = Kernel<false>;

impl<const CHARGED: bool> Storage for Kernel<CHARGED> {
    type Array<E> = KVVec<E>;
    type Error = Error;

    fn array<E>(len: usize, mut fill: impl FnMut() -> E) -> Result<KVVec<E>> {
        // A user can ask for much; a failure is an answer, not something to warn of.
        let flags = __GFP_NOWARN
            | if CHARGED {
                GFP_KERNEL_ACCOUNT
            } else {
                GFP_KERNEL
            };
        let mut array = KVVec::with_capacity(len, flags)?;
        for _ in 0..len {
            array.push(fill(), flags)?;
        }
        Ok(array)
    }
}

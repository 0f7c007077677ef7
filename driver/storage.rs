// SPDX-License-Identifier: GPL-2.0

//! The arrays that policy works on: kernel memory, charged to the calling user.

use crate::policy::storage::Storage;
use kernel::{
    alloc::flags::__GFP_NOWARN,
    prelude::*, //
};

/// Memory from the kernel, charged to the memory cgroup of the caller.
pub(crate) struct Charged;

impl Storage for Charged {
    type Array<E> = KVVec<E>;
    type Error = Error;

    fn array<E>(len: usize, mut fill: impl FnMut() -> E) -> Result<KVVec<E>> {
        // A user can ask for much; a failure is an answer, not something to warn of.
        let flags = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
        let mut array = KVVec::with_capacity(len, flags)?;
        for _ in 0..len {
            array.push(fill(), flags)?;
        }
        Ok(array)
    }
}

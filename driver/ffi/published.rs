// SPDX-License-Identifier: GPL-2.0

//! Shared objects by number, found without a lock or a reference count.
//!
//! Readers hold off the end of a grace period of RCU while they look. So what is taken out of the
//! array keeps its reference until every reader who may have found it is done.

use super::{
    once::read_once,
    shim,
    work_queue::WorkQueue, //
};
use crate::policy::chunks::{
    chunk_len,
    locate,
    CHUNKS, //
};
use core::{
    mem::ManuallyDrop,
    ptr, //
};
use kernel::{
    alloc::flags::__GFP_NOWARN,
    bindings,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed,
            Release, //
        },
        rcu,
        Arc,
        ArcBorrow, //
    },
    types::Opaque, //
};

type Slot<T> = Atomic<*mut T>;

/// An array of places, each with an object or without.
///
/// # Invariants
///
/// - A chunk is null, or an array of `chunk_len` places that lives as long as `self`. The first one
///   is null: its places are `first`.
/// - A place is null, or owns a reference that came from `Arc::into_raw`. Once such a pointer has
///   left its place, the reference is given up no earlier than a grace period later.
pub(crate) struct Published<T: Send + Sync + 'static> {
    /// Here, since most systems need no others, and these are found by fewer steps.
    first: [Slot<T>; chunk_len(0)],
    chunks: [Atomic<*mut Slot<T>>; CHUNKS],
}

// SAFETY: The places own references to `T`, which is `Send` and `Sync`.
unsafe impl<T: Send + Sync> Send for Published<T> {}
// SAFETY: All access to the places is atomic.
unsafe impl<T: Send + Sync> Sync for Published<T> {}

/// A reference that was taken out of an array.
///
/// # Invariants
///
/// The pointer owns a reference that came from `Arc::into_raw`.
pub(crate) struct Retired<T: Send + Sync + 'static>(*const T);

// SAFETY: It is a reference to `T`, which is `Send` and `Sync`.
unsafe impl<T: Send + Sync> Send for Retired<T> {}

impl<T: Send + Sync> Published<T> {
    /// An array with the places of the first chunk.
    pub(crate) fn new() -> Self {
        // INVARIANT: All chunks and places are null.
        Self {
            first: [const { Atomic::new(ptr::null_mut()) }; chunk_len(0)],
            chunks: [const { Atomic::new(ptr::null_mut()) }; CHUNKS],
        }
    }

    /// Makes the places of a chunk, if they are not there.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn add_chunk(&self, chunk: usize) -> Result {
        let place = self.chunks.get(chunk).ok_or(ENOMEM)?;
        if chunk == 0 || !place.load(Relaxed).is_null() {
            return Ok(());
        }
        let len = chunk_len(chunk);
        let mut slots = KVVec::<Slot<T>>::with_capacity(len, GFP_KERNEL | __GFP_NOWARN)?;
        for _ in 0..len {
            slots.push(Atomic::new(ptr::null_mut()), GFP_KERNEL)?;
        }
        let (slots, len, capacity) = slots.into_raw_parts();
        // INVARIANT: The array has `chunk_len` places, all null, and is freed by `drop` alone.
        if place.cmpxchg(ptr::null_mut(), slots, Full).is_err() {
            // SAFETY: The parts are those of the vector above, which nobody else has seen.
            drop(unsafe { KVVec::from_raw_parts(slots, len, capacity) });
        }
        Ok(())
    }

    #[inline(always)]
    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        if let Some(slot) = self.first.get(index as usize) {
            return Some(slot);
        }
        let (chunk, at) = locate(index as usize);
        let slots = read_once(self.chunks.get(chunk)?);
        if slots.is_null() {
            return None;
        }
        // SAFETY: By the type invariants the chunk has `chunk_len` places, which is more than `at`.
        let slot = unsafe { slots.add(at) };
        // SAFETY: By the type invariants the chunk lives as long as `self`.
        Some(unsafe { &*slot })
    }

    /// The object at a place.
    #[inline(always)]
    pub(crate) fn get<'a>(&'a self, index: u32, _: &'a rcu::Guard) -> Option<ArcBorrow<'a, T>> {
        // With the `Release` in `publish` the object is seen as it was published.
        let object = read_once(self.slot(index)?);
        if object.is_null() {
            return None;
        }
        // SAFETY: By the type invariants the place owned a reference when it was read, which is not
        // given up before the guard is dropped, even if the place has lost it since.
        Some(unsafe { ArcBorrow::from_raw(object) })
    }

    /// Puts an object into a place. Callers exclude each other.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where the place has not been made, or is taken.
    pub(crate) fn publish(&self, index: u32, object: Arc<T>) -> Result {
        let slot = self.slot(index).ok_or(ENOMEM)?;
        if !slot.load(Relaxed).is_null() {
            return Err(ENOMEM);
        }
        // INVARIANT: The place owns the reference that `object` was.
        slot.store(Arc::into_raw(object).cast_mut(), Release);
        Ok(())
    }

    /// Takes out what is at a place.
    pub(crate) fn retract(&self, index: u32) -> Option<Retired<T>> {
        Retired::from_slot(self.slot(index)?)
    }
}

impl<T: Send + Sync> Drop for Published<T> {
    fn drop(&mut self) {
        // Nobody looks any more, but somebody may have found what is in there before.
        let retire = |slot: &Slot<T>| drop(Retired::from_slot(slot));
        self.first.iter().for_each(retire);
        for (chunk, place) in self.chunks.iter().enumerate() {
            let slots = place.load(Relaxed);
            if slots.is_null() {
                continue;
            }
            let len = chunk_len(chunk);
            // SAFETY: By the type invariants this is an array of as many places; it was made from a
            // vector without spare capacity, and nobody uses it any more.
            let slots = unsafe { KVVec::from_raw_parts(slots, len, len) };
            slots.iter().for_each(retire);
        }
    }
}

impl<T: Send + Sync> Retired<T> {
    fn from_slot(slot: &Slot<T>) -> Option<Self> {
        let object = slot.xchg(ptr::null_mut(), Full);
        // INVARIANT: The reference that the place owned belongs to the new value, which gives it up
        // after a grace period.
        (!object.is_null()).then(|| Self(object.cast_const()))
    }

    /// Gives the reference up after a grace period, in the work queue.
    pub(crate) fn drop_deferred(self, deferral: Pin<KBox<Deferral<T>>>, queue: &WorkQueue) {
        let object = ManuallyDrop::new(self).0;
        // SAFETY: The box stays pinned behind the raw pointer.
        let deferral = KBox::into_raw(unsafe { Pin::into_inner_unchecked(deferral) });
        // SAFETY: By the type invariants `object` owns a reference that came from `Arc::into_raw`.
        let object = unsafe { Arc::from_raw(object) };
        // SAFETY: The deferral is ours.
        unsafe { (*deferral).object = Some(object) };
        // SAFETY: The deferral is ours.
        let work = unsafe { &(*deferral).work }.get();
        // SAFETY: The work is initialised, and not queued before; `run` frees it.
        unsafe { bindings::queue_rcu_work(queue.as_ptr(), work) };
    }
}

impl<T: Send + Sync> Drop for Retired<T> {
    fn drop(&mut self) {
        rcu::synchronize_rcu();
        // SAFETY: By the type invariants the reference is ours, and a grace period is over.
        drop(unsafe { Arc::from_raw(self.0) });
    }
}

/// Memory by which a reference is given up later, made when there is time to wait for it.
///
/// # Invariants
///
/// `work` is initialised, with `run` as its function.
#[pin_data]
#[repr(C)]
pub(crate) struct Deferral<T: Send + Sync + 'static> {
    #[pin]
    work: Opaque<bindings::rcu_work>,
    object: Option<Arc<T>>,
}

// SAFETY: Work may be queued by any thread; the object is `Send` and `Sync`.
unsafe impl<T: Send + Sync> Send for Deferral<T> {}

impl<T: Send + Sync> Deferral<T> {
    /// Unused memory.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            pin_init!(Self {
                // INVARIANT: The work is initialised here.
                work <- Opaque::ffi_init(|work| {
                    // SAFETY: `work` points at memory for an `rcu_work`.
                    unsafe { shim::mq_rcu_work_init(work, Some(Self::run)) }
                }),
                object: None,
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// # Safety
    ///
    /// `work` is the work of a deferral that was queued by `drop_deferred`.
    unsafe extern "C" fn run(work: *mut bindings::work_struct) {
        // The work is the first field of the `rcu_work`, and that of the deferral.
        let deferral = work.cast::<Self>();
        // SAFETY: `drop_deferred` gave the box up to here, and the work is not queued any more.
        let deferral = unsafe { KBox::from_raw(deferral) };
        // SAFETY: The deferral was pinned, and is not moved on its way to be dropped.
        drop(unsafe { Pin::new_unchecked(deferral) });
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Shared objects by number, found without a lock or a reference count.
//!
//! Readers hold off the end of a grace period of RCU while they look. So what is taken out of the
//! array keeps its reference until every reader who may have found it is done.

use super::{
    compat,
    growing::Growing,
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
/// A place is null, or owns a reference that came from `Arc::into_raw`. Once such a pointer has left
/// its place, the reference is given up no earlier than a grace period later.
pub(crate) struct Published<T: Send + Sync + 'static> {
    /// The first chunk. Here, since most systems need no others, and these are found by fewer steps.
    first: [Slot<T>; chunk_len(0)],
    /// The chunks after the first.
    slots: Growing<Slot<T>, 1>,
    /// A bit for each place, set while something is there: a walk passes over the others.
    taken: Growing<Atomic<u64>, WORD>,
    /// Objects in each chunk. Used by `publish` and `retract` alone.
    counts: [Atomic<u32>; CHUNKS],
    /// A bit for each chunk, set while anything is there: a walk passes over the others.
    in_use: Atomic<u32>,
}

const WORD: usize = u64::BITS as usize;

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

/// How far a walk over all places has come.
#[derive(Default)]
pub(crate) struct Walked {
    chunk: usize,
    /// Words of the chunk.
    words: usize,
}

/// The objects at some places that are next to each other.
///
/// # Invariants
///
/// - A reader of the array is in a critical section for `'a`.
/// - Of `slots` there is one for each bit of `taken`.
pub(crate) struct Batch<'a, T: Send + Sync + 'static> {
    slots: &'a [Slot<T>],
    taken: u64,
}

impl<T: Send + Sync> Published<T> {
    /// An array with the places of the first chunk, and without a bit for them.
    pub(crate) fn new() -> Self {
        // INVARIANT: All places are null.
        Self {
            first: [const { Atomic::new(ptr::null_mut()) }; chunk_len(0)],
            slots: Growing::new(),
            taken: Growing::new(),
            counts: [const { Atomic::new(0) }; CHUNKS],
            in_use: Atomic::new(0),
        }
    }

    /// Makes the places of a chunk, if they are not there.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn add_chunk(&self, chunk: usize) -> Result {
        self.taken.add_chunk(chunk, || Atomic::new(0))?;
        if chunk == 0 {
            return Ok(());
        }
        // INVARIANT: All places are null.
        self.slots.add_chunk(chunk, || Atomic::new(ptr::null_mut()))
    }

    #[inline(always)]
    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        match self.first.get(index as usize) {
            None => self.slots.get(index),
            slot => slot,
        }
    }

    fn chunk(&self, chunk: usize) -> Option<&[Slot<T>]> {
        match chunk {
            0 => Some(&self.first),
            _ => self.slots.chunk(chunk),
        }
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

    /// The objects at the next places, up to 64 of them, after those that have been walked over,
    /// without the one at the place `but`. Who is published or retracted meanwhile may be among them
    /// or not.
    #[inline]
    pub(crate) fn batch<'a>(
        &'a self,
        walked: &mut Walked,
        but: u32,
        _: &'a rcu::Guard,
    ) -> Option<Batch<'a, T>> {
        let (chunk, at) = locate(but as usize);
        loop {
            let Some(word) = self.taken.chunk(walked.chunk)?.get(walked.words) else {
                walked.chunk += 1;
                walked.words = 0;
                // There are fewer chunks than bits.
                walked.chunk += (read_once(&self.in_use) >> walked.chunk).trailing_zeros() as usize;
                continue;
            };
            let mut taken = read_once(word);
            if walked.chunk == chunk && walked.words == at / WORD {
                taken &= !bit(but);
            }
            let from = walked.words * WORD;
            walked.words += 1;
            if taken != 0 {
                let slots = self.chunk(walked.chunk)?.get(from..)?;
                if slots.len() < WORD {
                    taken &= (1 << slots.len()) - 1;
                }
                // INVARIANT: The guard lives for `'a`, and no more bits are left than places.
                return Some(Batch { slots, taken });
            }
        }
    }

    /// Puts an object into a place. Callers exclude each other, and those of `retract`.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where the place has not been made, or is taken.
    pub(crate) fn publish(&self, index: u32, object: Arc<T>) -> Result {
        let slot = self.slot(index).ok_or(ENOMEM)?;
        let taken = self.taken.get(index).ok_or(ENOMEM)?;
        if !slot.load(Relaxed).is_null() {
            return Err(ENOMEM);
        }
        self.count(index, |count| count + 1);
        // INVARIANT: The place owns the reference that `object` was.
        slot.store(Arc::into_raw(object).cast_mut(), Release);
        taken.fetch_add(bit(index), Relaxed);
        Ok(())
    }

    /// Counts the objects of the chunk that a place is in.
    fn count(&self, index: u32, change: impl FnOnce(u32) -> u32) {
        let (chunk, _) = locate(index as usize);
        let Some(count) = self.counts.get(chunk) else {
            return;
        };
        let new = change(count.load(Relaxed));
        count.store(new, Relaxed);
        let others = self.in_use.load(Relaxed) & !(1 << chunk);
        self.in_use
            .store(others | u32::from(new > 0) << chunk, Relaxed);
    }

    /// Takes out what is at a place. Callers exclude each other, and those of `publish`.
    pub(crate) fn retract(&self, index: u32) -> Option<Retired<T>> {
        let retired = Retired::from_slot(self.slot(index)?)?;
        if let Some(taken) = self.taken.get(index) {
            taken.fetch_sub(bit(index), Relaxed);
        }
        self.count(index, |count| count - 1);
        Some(retired)
    }
}

/// The bit of a place in its word.
fn bit(index: u32) -> u64 {
    let (_, at) = locate(index as usize);
    1 << (at % WORD)
}

impl<T: Send + Sync> Batch<'_, T> {
    /// Hands every object to `keep`, and forgets about those for which that says false.
    #[inline(always)]
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let mut left = self.taken;
        while left != 0 {
            let place = left.trailing_zeros();
            left &= left - 1;
            // SAFETY: The bit of the place was set.
            if !unsafe { self.at(place) }.is_some_and(&mut keep) {
                self.forget(place);
            }
        }
    }

    /// Not inlined, so that the loop that calls it has the processor's registers to itself.
    #[cold]
    #[inline(never)]
    fn forget(&mut self, place: u32) {
        self.taken &= !(1 << place);
    }

    /// Hands every object to `body`.
    #[inline(always)]
    pub(crate) fn for_each(self, mut body: impl FnMut(&T)) {
        let mut left = self.taken;
        while left != 0 {
            let place = left.trailing_zeros();
            left &= left - 1;
            // SAFETY: The bit of the place was set.
            unsafe { self.at(place) }.map(&mut body);
        }
    }

    /// # Safety
    ///
    /// The bit of the place is, or was, one of `taken`.
    #[inline(always)]
    unsafe fn at(&self, place: u32) -> Option<&T> {
        // SAFETY: By the type invariants there is such a place.
        let slot = unsafe { self.slots.get_unchecked(place as usize) };
        let object = read_once(slot);
        // SAFETY: By the invariants of the array the place is null, or owned a reference when it was
        // read, which by those of this type is not given up as long as `self` is there, even if the
        // place has lost it since.
        unsafe { object.as_ref() }
    }
}

impl<T: Send + Sync> Drop for Published<T> {
    fn drop(&mut self) {
        // Nobody looks any more, but somebody may have found what is in there before.
        let slots = (0..CHUNKS).filter_map(|chunk| self.chunk(chunk));
        slots
            .flatten()
            .for_each(|slot| drop(Retired::from_slot(slot)));
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
        compat::synchronize_rcu();
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

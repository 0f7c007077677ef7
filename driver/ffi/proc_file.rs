// SPDX-License-Identifier: GPL-2.0

//! A file in `/proc` that lists records, one a line, however many there are.
//!
//! No lock is held from one record to the next, nor while anything is copied to user space.

use super::shim;
use core::{
    ffi::c_void,
    mem,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    }, //
};

/// A list of records, each with a number larger than that of the one before it.
pub(crate) trait List: Send + Sync + 'static {
    /// A record.
    type Record: Send + Sync + 'static;
    /// A line, its end included.
    type Line: AsRef<[u8]>;

    /// The first record whose number is at least `number`, which is at least 1; `near` is what
    /// [`List::near`] said of the record shown last, or anything.
    fn first_from(&self, number: u64, near: u32) -> Option<(u64, Arc<Self::Record>)>;

    /// Something from which to find the record, or the next one, sooner.
    fn near(&self, record: &Self::Record) -> u32;

    /// The record that follows `record`, even if that has left the list.
    fn after(&self, record: &Self::Record) -> Option<(u64, Arc<Self::Record>)>;

    /// The header line.
    fn header(&self) -> Self::Line;

    /// The line of a record.
    fn line(&self, record: &Self::Record) -> Self::Line;
}

/// A file in `/proc`. Dropping it removes it, and waits for those who are just reading it.
///
/// # Invariants
///
/// `entry` is an entry whose data pointer is that of `list`.
pub(crate) struct ProcFile<L: List> {
    entry: NonNull<bindings::proc_dir_entry>,
    _list: Arc<L>,
}

// SAFETY: An entry can be removed by any thread.
unsafe impl<L: List> Send for ProcFile<L> {}
// SAFETY: There are no methods by shared reference.
unsafe impl<L: List> Sync for ProcFile<L> {}

/// Stands for the header among the records: `SEQ_START_TOKEN`.
const HEADER: *mut c_void = ptr::without_provenance_mut(1);

impl<L: List> ProcFile<L> {
    /// Creates `/proc/NAME`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, also if there is a file of this name.
    pub(crate) fn new(name: &'static CStr, mode: u16, list: Arc<L>) -> Result<Self> {
        let data = Arc::as_ptr(&list).cast_mut().cast();
        // SAFETY: The operations are static, and the list lives as long as the entry.
        let entry = unsafe {
            shim::proc_create_seq_private(
                name.as_char_ptr(),
                mode,
                ptr::null_mut(),
                &Self::OPERATIONS,
                mem::size_of::<u32>() as c_uint,
                data,
            )
        };
        // INVARIANT: The entry was just created, with the pointer of `list`.
        Ok(Self {
            entry: NonNull::new(entry).ok_or(ENOMEM)?,
            _list: list,
        })
    }

    // A position is 0 for the header and a record's number for the record. What is handed from one
    // operation to the next is `HEADER` or an `Arc` turned into a pointer.
    const OPERATIONS: bindings::seq_operations = bindings::seq_operations {
        start: Some(Self::start),
        stop: Some(Self::stop),
        next: Some(Self::next),
        show: Some(Self::show),
    };

    /// # Safety
    ///
    /// `m` belongs to an open file of this entry.
    unsafe fn list<'a>(m: *mut bindings::seq_file) -> &'a L {
        // SAFETY: `m` belongs to an open file of an entry.
        let data = unsafe { shim::mq_proc_data(m) };
        // SAFETY: By the type invariants it is that of `list`, which lives as long as the entry;
        // removing that waits for the operations under way.
        unsafe { &*data.cast::<L>() }
    }

    /// What is kept from one read to the next.
    ///
    /// # Safety
    ///
    /// `m` belongs to an open file of this entry, and this is the only use of what is returned.
    unsafe fn near<'a>(m: *mut bindings::seq_file) -> &'a mut u32 {
        // SAFETY: `m` is valid, and its pointer does not change while the file is open.
        let private = unsafe { (*m).private };
        // SAFETY: The entry was created with room for a number, zeroed, which nobody else uses.
        unsafe { &mut *private.cast::<u32>() }
    }

    /// # Safety
    ///
    /// `m` belongs to an open file of this entry, in no other operation; `position` points at a
    /// number that nobody else uses.
    unsafe extern "C" fn start(m: *mut bindings::seq_file, position: *mut i64) -> *mut c_void {
        // SAFETY: `m` belongs to an open file of this entry.
        let list = unsafe { Self::list(m) };
        // SAFETY: `position` points at a number that nobody else uses.
        let position = unsafe { &mut *position };
        match *position {
            0 => HEADER,
            number => {
                // SAFETY: `m` is in no other operation, and this one uses it here alone.
                let near = unsafe { Self::near(m) };
                match list.first_from(number.unsigned_abs(), *near) {
                    None => ptr::null_mut(),
                    record => Self::hand_on(record, position),
                }
            }
        }
    }

    /// # Safety
    ///
    /// `m` belongs to an open file of this entry, in no other operation; `at` is what `start` or
    /// `next` returned for it last, and not null; `position` points at a number that nobody else
    /// uses.
    unsafe extern "C" fn next(
        m: *mut bindings::seq_file,
        at: *mut c_void,
        position: *mut i64,
    ) -> *mut c_void {
        // SAFETY: `m` belongs to an open file of this entry.
        let list = unsafe { Self::list(m) };
        // SAFETY: `position` points at a number that nobody else uses.
        let position = unsafe { &mut *position };
        let next = if at == HEADER {
            list.first_from(1, 0)
        } else {
            // SAFETY: `at` came from `hand_on`, and is not used again.
            let record = unsafe { Arc::from_raw(at.cast::<L::Record>()) };
            // SAFETY: `m` is in no other operation, and this one uses it here alone.
            *unsafe { Self::near(m) } = list.near(&record);
            list.after(&record)
        };
        Self::hand_on(next, position)
    }

    /// # Safety
    ///
    /// `at` is what `start` or `next` returned last for this file, and is not used any more.
    unsafe extern "C" fn stop(_: *mut bindings::seq_file, at: *mut c_void) {
        if !at.is_null() && at != HEADER {
            // SAFETY: `at` came from `hand_on`, and is not used again.
            drop(unsafe { Arc::from_raw(at.cast::<L::Record>()) });
        }
    }

    /// # Safety
    ///
    /// `m` belongs to an open file of this entry; `at` is what `start` or `next` returned for it
    /// last, and not null.
    unsafe extern "C" fn show(m: *mut bindings::seq_file, at: *mut c_void) -> c_int {
        // SAFETY: `m` belongs to an open file of this entry.
        let list = unsafe { Self::list(m) };
        let line = if at == HEADER {
            list.header()
        } else {
            // SAFETY: `at` came from `hand_on`, and is kept until `next` or `stop`.
            let record = unsafe { ArcBorrow::from_raw(at.cast::<L::Record>()) };
            list.line(&record)
        };
        let line = line.as_ref();
        // What does not fit is not written, and asked for again with a larger buffer.
        //
        // SAFETY: `m` is valid during the call, and the line has as many bytes.
        unsafe { bindings::seq_write(m, line.as_ptr().cast(), line.len()) };
        0
    }

    fn hand_on(record: Option<(u64, Arc<L::Record>)>, position: &mut i64) -> *mut c_void {
        match record {
            Some((number, record)) => {
                *position = number as i64;
                Arc::into_raw(record).cast_mut().cast()
            }
            None => {
                // seq_file insists that every step moves on, the last one included.
                *position += 1;
                ptr::null_mut()
            }
        }
    }
}

impl<L: List> Drop for ProcFile<L> {
    fn drop(&mut self) {
        // SAFETY: The entry exists by the type invariants.
        unsafe { shim::proc_remove(self.entry.as_ptr()) };
    }
}

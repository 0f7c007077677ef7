// SPDX-License-Identifier: GPL-2.0

//! Whether an open file is read and written as text or as records.

use crate::{
    ffi::once::read_once,
    partial_reads::PartialReads,
    policy::{
        refusal::Refusal,
        uapi::{
            self,
            Format, //
        }, //
    },
    registrar::Registrar, //
};
use kernel::sync::{
    atomic::{
        Atomic,
        Full, //
    },
    Arc, //
};

/// The format of an open file: text at first.
pub(crate) struct FileFormat {
    records: Atomic<u32>,
    registrar: Arc<Registrar>,
}

impl FileFormat {
    /// Text.
    pub(crate) fn new(registrar: Arc<Registrar>) -> Self {
        Self {
            records: Atomic::new(uapi::FORMAT_TEXT),
            registrar,
        }
    }

    /// Whether it is records.
    #[inline(always)]
    pub(crate) fn is_records(&self) -> bool {
        read_once(&self.records) != uapi::FORMAT_TEXT
    }

    /// Changes it. Who is reading or writing meanwhile goes on as before.
    ///
    /// # Errors
    ///
    /// [`Refusal::BadRequest`]; [`Refusal::HalfRead`] where a line would be left half read.
    pub(crate) fn set(&self, format: Format, reads: &PartialReads) -> Result<(), Refusal> {
        let known = matches!(format.format, uapi::FORMAT_TEXT | uapi::FORMAT_RECORDS);
        if !known || format.flags != 0 {
            return Err(Refusal::BadRequest);
        }
        if format.format != uapi::FORMAT_TEXT && !reads.is_empty() {
            return Err(Refusal::HalfRead);
        }
        let timing = &self.registrar.timing;
        match (self.records.xchg(format.format, Full), format.format) {
            (uapi::FORMAT_TEXT, uapi::FORMAT_RECORDS) => timing.begin(),
            (uapi::FORMAT_RECORDS, uapi::FORMAT_TEXT) => timing.end(),
            _ => {}
        }
        Ok(())
    }
}

impl Drop for FileFormat {
    fn drop(&mut self) {
        if self.is_records() {
            self.registrar.timing.end();
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Files in sysfs: one row of a table each, with what it shows and what it takes.
//!
//! Where the files stand is the business of `device.rs` and `kobject.rs`.

use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*,
    str::Formatter, //
};

/// A NUL-terminated copy of a string constant, or of two together.
macro_rules! c_name {
    ($name:expr) => {
        $crate::ffi::attribute::c_name!("", $name)
    };
    ($prefix:expr, $name:expr) => {{
        const PREFIX: &[u8] = $prefix.as_bytes();
        const NAME: &[u8] = $name.as_bytes();
        const LEN: usize = PREFIX.len() + NAME.len() + 1;
        const BYTES: [u8; LEN] = {
            let mut bytes = [0; LEN];
            let mut at = 0;
            while at < LEN - 1 {
                bytes[at] = if at < PREFIX.len() {
                    PREFIX[at]
                } else {
                    NAME[at - PREFIX.len()]
                };
                at += 1;
            }
            bytes
        };
        const C_NAME: &::core::ffi::CStr = match ::core::ffi::CStr::from_bytes_with_nul(&BYTES) {
            Ok(name) => name,
            Err(_) => panic!("a zero byte within a name"),
        };
        C_NAME
    }};
}
pub(crate) use c_name;

/// Writes the contents of a file, up to a page.
pub(crate) type Show<T> = fn(&T, &mut Formatter<'_>) -> Result;

/// Takes what was written to a file.
pub(crate) type Store<T> = fn(&T, &[u8]) -> Result;

/// One file of a `T`.
pub(crate) struct Attribute<T: 'static> {
    pub(super) raw: bindings::attribute,
    show: Option<Show<T>>,
    store: Option<Store<T>>,
}

// SAFETY: The contents are constant: a static name, a mode, a key for lockdep of which only the
// address is used, and two functions.
unsafe impl<T> Sync for Attribute<T> {}

impl<T> Attribute<T> {
    /// A file that everybody may read (0444).
    pub(crate) const fn read_only(name: &'static CStr, show: Show<T>) -> Self {
        Self::new(name, 0o444, Some(show), None)
    }

    /// A file that everybody may read and root may write (0644).
    pub(crate) const fn read_write(name: &'static CStr, show: Show<T>, store: Store<T>) -> Self {
        Self::new(name, 0o644, Some(show), Some(store))
    }

    /// A file that root may write (0200).
    pub(crate) const fn write_only(name: &'static CStr, store: Store<T>) -> Self {
        Self::new(name, 0o200, None, Some(store))
    }

    const fn new(
        name: &'static CStr,
        mode: u16,
        show: Option<Show<T>>,
        store: Option<Store<T>>,
    ) -> Self {
        let mut raw: bindings::attribute = pin_init::zeroed();
        raw.name = kernel::str::as_char_ptr_in_const_context(name);
        raw.mode = mode;
        Self { raw, show, store }
    }

    /// Fills the page-sized buffer of a sysfs read. A file that shows nothing can be read only
    /// where root has changed its mode.
    ///
    /// # Safety
    ///
    /// `page` points at `PAGE_SIZE` writable bytes.
    pub(super) unsafe fn show_to(&self, of: &T, page: *mut c_char) -> isize {
        let Some(show) = self.show else {
            return EIO.to_errno() as isize;
        };
        // SAFETY: `page` points at as many writable bytes, of which nobody else knows.
        let page = unsafe { core::slice::from_raw_parts_mut(page.cast::<u8>(), PAGE_SIZE) };
        let mut out = Formatter::new(page);
        match show(of, &mut out) {
            Ok(()) => out.bytes_written() as isize,
            Err(error) => error.to_errno() as isize,
        }
    }

    /// Hands on what was written to the file, without the newline of `echo`.
    ///
    /// # Safety
    ///
    /// `text` points at `count` readable bytes.
    pub(super) unsafe fn store_from(&self, of: &T, text: *const c_char, count: usize) -> isize {
        let Some(store) = self.store else {
            return EIO.to_errno() as isize;
        };
        // SAFETY: `text` points at `count` readable bytes, which do not change during the call.
        let text = unsafe { core::slice::from_raw_parts(text.cast::<u8>(), count) };
        match store(of, text.strip_suffix(b"\n").unwrap_or(text)) {
            Ok(()) => count as isize,
            Err(error) => error.to_errno() as isize,
        }
    }
}

/// Some files of a device: in its own folder, or in one below it.
pub(crate) struct Group<T: 'static> {
    /// The name of the folder below that of the device; `None` for that one itself.
    pub(crate) name: Option<&'static CStr>,
    /// The files.
    pub(crate) attributes: &'static [Attribute<T>],
}

// SPDX-License-Identifier: GPL-2.0

//! Files in sysfs: what a device or a folder shows in them, and takes from them.
//!
//! Where the files stand is the business of `device.rs` and `folder.rs`.

use core::mem;
use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*,
    str::Formatter, //
};

/// A NUL-terminated copy of a string constant.
macro_rules! c_name {
    ($name:expr) => {{
        const NAME: &str = $name;
        const BYTES: [u8; NAME.len() + 1] = {
            let mut bytes = [0; NAME.len() + 1];
            let mut at = 0;
            while at < NAME.len() {
                bytes[at] = NAME.as_bytes()[at];
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

/// One file.
#[repr(transparent)]
pub(crate) struct Attribute(pub(super) bindings::attribute);

// SAFETY: The contents are constant: a static name, a mode, and a key for lockdep, of which only
// the address is used.
unsafe impl Sync for Attribute {}

impl Attribute {
    /// A file with this name and these permission bits.
    pub(crate) const fn new(name: &'static CStr, mode: u16) -> Self {
        let mut attribute: bindings::attribute = pin_init::zeroed();
        attribute.name = kernel::str::as_char_ptr_in_const_context(name);
        attribute.mode = mode;
        Self(attribute)
    }
}

/// What has files in sysfs.
pub(crate) trait Attributes: Send + Sync + 'static {
    /// The files; the others methods get positions in this array.
    fn files() -> &'static [Attribute];

    /// Writes the contents of a file to `out`, which takes up to a page.
    fn show(&self, file: usize, out: &mut Formatter<'_>) -> Result;

    /// Takes what was written to a file.
    fn store(&self, _file: usize, _text: &[u8]) -> Result {
        Err(EIO)
    }
}

/// Fills the page-sized buffer of a sysfs read.
///
/// # Safety
///
/// `page` points at `PAGE_SIZE` writable bytes.
pub(super) unsafe fn show<T: Attributes>(from: &T, file: usize, page: *mut c_char) -> isize {
    // SAFETY: The caller's promise.
    let page = unsafe { core::slice::from_raw_parts_mut(page.cast::<u8>(), PAGE_SIZE) };
    let mut out = Formatter::new(page);
    match from.show(file, &mut out) {
        Ok(()) => out.bytes_written() as isize,
        Err(error) => error.to_errno() as isize,
    }
}

/// Hands on what was written to a file.
///
/// # Safety
///
/// `text` points at `count` readable bytes.
pub(super) unsafe fn store<T: Attributes>(
    to: &T,
    file: usize,
    text: *const c_char,
    count: usize,
) -> isize {
    // SAFETY: The caller's promise.
    let text = unsafe { core::slice::from_raw_parts(text.cast::<u8>(), count) };
    match to.store(file, text) {
        Ok(()) => count as isize,
        Err(error) => error.to_errno() as isize,
    }
}

/// The position of an element in an array, from their addresses.
pub(super) fn position<T>(element: *const T, array: *const T) -> usize {
    (element as usize - array as usize) / mem::size_of::<T>()
}

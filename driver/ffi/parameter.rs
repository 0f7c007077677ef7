// SPDX-License-Identifier: GPL-2.0

//! Load parameters that can be read below `/sys/module` and that are checked as they are set.
//!
//! The kernel crate's own parameters are neither. What a value may be, and what is said of a bad
//! one, is up to the [`Checked`] that a parameter is made of.

use super::compat;
use core::ffi::c_void;
use kernel::{
    bindings,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// What a parameter is made of.
pub(crate) trait Checked: Sync + 'static {
    /// Reads and checks what stands after the `=`; says why not, if not.
    fn parse(&self, text: &[u8]) -> Result<u32>;
}

/// The value of a parameter.
pub(crate) struct Value<C: Checked> {
    value: Atomic<u32>,
    checked: C,
}

impl<C: Checked> Value<C> {
    /// A parameter that has `default` as its value until it is set.
    pub(crate) const fn new(checked: C, default: u32) -> Self {
        Self {
            value: Atomic::new(default),
            checked,
        }
    }

    /// The value.
    pub(crate) fn get(&self) -> u32 {
        self.value.load(Relaxed)
    }

    const OPERATIONS: bindings::kernel_param_ops = bindings::kernel_param_ops {
        set: Some(Self::set),
        get: Some(Self::show),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// `parameter` was made by [`Parameter::new`] with a value of this type.
    unsafe fn from_parameter(parameter: *const bindings::kernel_param) -> &'static Self {
        // SAFETY: The entries of parameters are constant.
        let argument = unsafe { &(*parameter).__bindgen_anon_1 };
        // SAFETY: It is this field of the union that `Parameter::new` has set.
        let argument = unsafe { argument.arg };
        // SAFETY: `Parameter::new` has made it of a static reference.
        unsafe { &*argument.cast::<Self>() }
    }

    /// # Safety
    ///
    /// `text` is NUL-terminated, `parameter` was made by [`Parameter::new`] with a value of this
    /// type.
    unsafe extern "C" fn set(
        text: *const c_char,
        parameter: *const bindings::kernel_param,
    ) -> c_int {
        // SAFETY: The parameter has a value of this type.
        let this = unsafe { Self::from_parameter(parameter) };
        // SAFETY: The text is NUL-terminated, and does not change during the call.
        let text = unsafe { CStr::from_char_ptr(text) };
        match this.checked.parse(text.to_bytes()) {
            Ok(value) => {
                this.value.store(value, Relaxed);
                0
            }
            Err(error) => error.to_errno(),
        }
    }

    /// # Safety
    ///
    /// `page` points at a page, `parameter` was made by [`Parameter::new`] with a value of this
    /// type.
    unsafe extern "C" fn show(
        page: *mut c_char,
        parameter: *const bindings::kernel_param,
    ) -> c_int {
        // SAFETY: The parameter has a value of this type.
        let this = unsafe { Self::from_parameter(parameter) };
        // SAFETY: `page` is a page, and the format takes one unsigned number.
        unsafe { bindings::sysfs_emit(page, c"%u\n".as_char_ptr(), this.get()) }
    }
}

/// The entry of a parameter, to stand in the section `__param`.
#[repr(transparent)]
pub(crate) struct Parameter(bindings::kernel_param);

// SAFETY: Nothing in it changes.
unsafe impl Sync for Parameter {}

impl Parameter {
    /// A parameter of this module that is readable by all.
    pub(crate) const fn new<C: Checked>(name: &'static CStr, value: &'static Value<C>) -> Self {
        Self(bindings::kernel_param {
            name: kernel::str::as_char_ptr_in_const_context(name),
            mod_: compat::THIS_MODULE,
            ops: &Value::<C>::OPERATIONS,
            perm: 0o444,
            level: -1,
            flags: 0,
            __bindgen_anon_1: bindings::kernel_param__bindgen_ty_1 {
                arg: (&raw const *value).cast_mut().cast::<c_void>(),
            },
        })
    }
}

/// What stands before the name of a parameter: on the kernel's command line that of the module.
#[cfg(MODULE)]
pub(crate) const PREFIX: &str = "";
#[cfg(not(MODULE))]
pub(crate) const PREFIX: &str = "mq_driver.";

/// Declares a parameter: where the kernel finds it, and where its value is.
macro_rules! parameter {
    ($entry:ident, $name:expr, $value:expr) => {
        // The section is an array of what `Parameter` is made of.
        #[unsafe(link_section = "__param")]
        #[used]
        static $entry: $crate::ffi::parameter::Parameter = $crate::ffi::parameter::Parameter::new(
            $crate::ffi::attribute::c_name!($crate::ffi::parameter::PREFIX, $name),
            $value,
        );
    };
}
pub(crate) use parameter;

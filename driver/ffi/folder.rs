// SPDX-License-Identifier: GPL-2.0

//! A folder in sysfs: a kobject of its own, below a device or another folder.
//!
//! No uevents are sent for it.

use super::{
    attribute::{
        self,
        Attributes, //
    },
    device::{
        Device,
        OpenFile, //
    }, //
};
use core::ptr;
use kernel::{
    bindings,
    container_of,
    error::to_result,
    prelude::*,
    sync::{
        Arc,
        Completion, //
    },
    types::Opaque, //
};

/// Where a folder can stand.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a>(*mut bindings::kobject, core::marker::PhantomData<&'a ()>);

impl<'a> Place<'a> {
    /// In the folder of a device.
    pub(crate) fn in_device<T: OpenFile>(device: &'a Device<T>) -> Self {
        Self(device.kobject(), core::marker::PhantomData)
    }

    /// In another folder.
    pub(crate) fn in_folder<T: Attributes>(folder: &'a Folder<T>) -> Self {
        Self(folder.kobject.get(), core::marker::PhantomData)
    }
}

/// A folder with the files of a `T`. Dropping it removes it, and waits for those who are just
/// reading one of its files.
///
/// # Invariants
///
/// `kobject` is initialised and counted; `released` completes when its last reference goes.
#[pin_data(PinnedDrop)]
pub(crate) struct Folder<T: Attributes> {
    #[pin]
    kobject: Opaque<bindings::kobject>,
    #[pin]
    released: Completion,
    of: Arc<T>,
}

// SAFETY: kobjects may be used and released by any thread.
unsafe impl<T: Attributes> Send for Folder<T> {}
// SAFETY: There is no method that changes a folder by shared reference.
unsafe impl<T: Attributes> Sync for Folder<T> {}

impl<T: Attributes> Folder<T> {
    /// Creates a folder of this name, in which no `%` stands, with the files of `of`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EEXIST` if there is a file or folder of this name.
    pub(crate) fn new(place: Place<'_>, name: &str, of: Arc<T>) -> Result<Pin<KBox<Self>>> {
        let folder = KBox::pin_init(
            pin_init!(Self {
                kobject <- Opaque::ffi_init(|kobject: *mut bindings::kobject| {
                    // SAFETY: `kobject` is memory for a kobject, zeroed as it must be.
                    unsafe {
                        kobject.write(pin_init::zeroed());
                        bindings::kobject_init(kobject, &Self::TYPE);
                    }
                }),
                released <- Completion::new(),
                of,
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        // From here on, dropping `folder` undoes what was done.
        //
        // SAFETY: Both kobjects are initialised; the format takes a length and a pointer.
        to_result(unsafe {
            bindings::kobject_add(
                folder.kobject.get(),
                place.0,
                c"%.*s".as_char_ptr(),
                name.len() as c_int,
                name.as_ptr(),
            )
        })?;
        for file in T::files() {
            // SAFETY: The kobject has been added, the attribute is static.
            to_result(unsafe {
                bindings::sysfs_create_file_ns(folder.kobject.get(), &file.0, ptr::null())
            })?;
        }
        Ok(folder)
    }

    const OPERATIONS: bindings::sysfs_ops = bindings::sysfs_ops {
        show: Some(Self::show),
        store: Some(Self::store),
    };

    const TYPE: bindings::kobj_type = bindings::kobj_type {
        release: Some(Self::release),
        sysfs_ops: &Self::OPERATIONS,
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// `kobject` is the kobject of a folder of this type.
    unsafe fn from_kobject<'a>(kobject: *mut bindings::kobject) -> &'a Self {
        let kobject = Opaque::cast_from(kobject);
        // SAFETY: The caller's promise.
        unsafe { &*container_of!(kobject, Self, kobject) }
    }

    /// # Safety
    ///
    /// As the `release` of the kobject of a folder.
    unsafe extern "C" fn release(kobject: *mut bindings::kobject) {
        // SAFETY: The folder waits for this before it goes.
        unsafe { Self::from_kobject(kobject) }
            .released
            .complete_all();
    }

    /// # Safety
    ///
    /// As the `show` of a file of the folder.
    unsafe extern "C" fn show(
        kobject: *mut bindings::kobject,
        attribute: *mut bindings::attribute,
        page: *mut c_char,
    ) -> isize {
        // SAFETY: sysfs calls this only while the kobject is there, which it is until the folder is
        // dropped.
        let this = unsafe { Self::from_kobject(kobject) };
        let file = attribute::position(attribute.cast_const(), T::files().as_ptr().cast());
        // SAFETY: sysfs gives a page.
        unsafe { attribute::show(&*this.of, file, page) }
    }

    /// # Safety
    ///
    /// As the `store` of a file of the folder.
    unsafe extern "C" fn store(
        kobject: *mut bindings::kobject,
        attribute: *mut bindings::attribute,
        text: *const c_char,
        count: usize,
    ) -> isize {
        // SAFETY: As for `show`.
        let this = unsafe { Self::from_kobject(kobject) };
        let file = attribute::position(attribute.cast_const(), T::files().as_ptr().cast());
        // SAFETY: sysfs gives `count` bytes.
        unsafe { attribute::store(&*this.of, file, text, count) }
    }
}

#[pinned_drop]
impl<T: Attributes> PinnedDrop for Folder<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The kobject is initialised, and this gives up the reference of its creation;
        // removing one that was not added does nothing.
        unsafe {
            bindings::kobject_del(self.kobject.get());
            bindings::kobject_put(self.kobject.get());
        }
        self.released.wait_for_completion();
    }
}

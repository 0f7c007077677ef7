// SPDX-License-Identifier: GPL-2.0

//! A kobject of its own, which is a folder in sysfs below a device or another kobject.
//!
//! No uevents are sent for it.

use super::{
    attribute::Attribute,
    device::{
        Device,
        OpenFile, //
    }, //
};
use core::ptr::{
    self,
    NonNull, //
};
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

/// What has a kobject with files.
pub(crate) trait HasAttributes: Send + Sync + Sized + 'static {
    /// The files.
    fn attributes() -> &'static [Attribute<Self>];
}

/// No files.
impl HasAttributes for () {
    fn attributes() -> &'static [Attribute<Self>] {
        &[]
    }
}

/// What a kobject can be below: a reference to another.
///
/// # Invariants
///
/// The pointer is valid, and this value owns one reference to what it points at.
pub(crate) struct Parent(NonNull<bindings::kobject>);

// SAFETY: kobjects may be used and released by any thread.
unsafe impl Send for Parent {}

impl Parent {
    /// A device.
    pub(crate) fn of<T: OpenFile>(device: &Device<T>) -> Self {
        // SAFETY: The device is registered as long as it is borrowed.
        unsafe { Self::from_raw(device.kobject()) }
    }

    /// # Safety
    ///
    /// `kobject` is initialised and has a reference for the time of the call.
    unsafe fn from_raw(kobject: NonNull<bindings::kobject>) -> Self {
        // INVARIANT: The reference taken here belongs to the new value.
        //
        // SAFETY: The kobject is valid.
        unsafe { bindings::kobject_get(kobject.as_ptr()) };
        Self(kobject)
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference is ours.
        unsafe { bindings::kobject_put(self.0.as_ptr()) };
    }
}

/// A kobject with the files of a `T`. Dropping it removes it, and waits for those who are just
/// reading one of its files.
///
/// # Invariants
///
/// `kobject` is initialised, and this value owns one reference to it; `released` completes when the
/// last reference goes.
#[pin_data(PinnedDrop)]
pub(crate) struct Kobject<T: HasAttributes> {
    #[pin]
    kobject: Opaque<bindings::kobject>,
    #[pin]
    released: Completion,
    of: Arc<T>,
}

// SAFETY: kobjects may be used and released by any thread.
unsafe impl<T: HasAttributes> Send for Kobject<T> {}
// SAFETY: There is no method that changes a kobject by shared reference.
unsafe impl<T: HasAttributes> Sync for Kobject<T> {}

impl<T: HasAttributes> Kobject<T> {
    /// Adds a kobject of this name, with the files of `of`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EEXIST` if there is a file or folder of this name.
    pub(crate) fn new(parent: &Parent, name: &CStr, of: Arc<T>) -> Result<Pin<KBox<Self>>> {
        let this = KBox::pin_init(
            pin_init!(Self {
                kobject <- Opaque::ffi_init(|kobject: *mut bindings::kobject| {
                    // SAFETY: `kobject` is memory for a kobject, for which zeros are valid.
                    unsafe { kobject.write(pin_init::zeroed()) };
                    // INVARIANT: This sets the count to one, which is ours.
                    //
                    // SAFETY: The kobject is zeroed, as it must be; the type is static.
                    unsafe { bindings::kobject_init(kobject, &Self::TYPE) };
                }),
                released <- Completion::new(),
                of,
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        // From here on, dropping `this` undoes what was done.
        //
        // By this format the name is copied; any other would be worked through.
        //
        // SAFETY: Both kobjects are initialised; the format takes one string, which ends with zero.
        to_result(unsafe {
            bindings::kobject_add(
                this.kobject.get(),
                parent.0.as_ptr(),
                c"%s".as_char_ptr(),
                name.as_char_ptr(),
            )
        })?;
        for file in T::attributes() {
            // SAFETY: The kobject has been added, the attribute is static.
            to_result(unsafe {
                bindings::sysfs_create_file_ns(this.kobject.get(), &file.raw, ptr::null())
            })?;
        }
        Ok(this)
    }

    /// The kobject as a parent of others.
    pub(crate) fn as_parent(&self) -> Parent {
        // SAFETY: An `Opaque` is never null.
        let kobject = unsafe { NonNull::new_unchecked(self.kobject.get()) };
        // SAFETY: By the type invariants it is initialised, and has a reference.
        unsafe { Parent::from_raw(kobject) }
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
    /// `kobject` is that of a `Kobject<T>`, which is not dropped for `'a`.
    unsafe fn from_raw<'a>(kobject: *mut bindings::kobject) -> &'a Self {
        let kobject = Opaque::cast_from(kobject);
        // SAFETY: The kobject is the field of a `Kobject<T>`.
        let this = unsafe { container_of!(kobject, Self, kobject) };
        // SAFETY: It is initialised, and not dropped for `'a`.
        unsafe { &*this }
    }

    /// # Safety
    ///
    /// `attribute` is that of one of `T::attributes()`.
    unsafe fn attribute<'a>(attribute: *mut bindings::attribute) -> &'a Attribute<T> {
        // SAFETY: The attribute is the field of an `Attribute<T>`.
        let attribute = unsafe { container_of!(attribute, Attribute<T>, raw) };
        // SAFETY: It is static.
        unsafe { &*attribute }
    }

    /// # Safety
    ///
    /// `kobject` is that of a `Kobject<T>`, whose last reference goes.
    unsafe extern "C" fn release(kobject: *mut bindings::kobject) {
        // SAFETY: Dropping waits for the completion before the memory goes.
        let this = unsafe { Self::from_raw(kobject) };
        this.released.complete_all();
    }

    /// # Safety
    ///
    /// `kobject` is that of a `Kobject<T>`, `attribute` one of its files, `page` a page to fill.
    unsafe extern "C" fn show(
        kobject: *mut bindings::kobject,
        attribute: *mut bindings::attribute,
        page: *mut c_char,
    ) -> isize {
        // SAFETY: sysfs removes the files, and waits for this, before the kobject is dropped.
        let this = unsafe { Self::from_raw(kobject) };
        // SAFETY: Only the files of `T` have been created.
        let attribute = unsafe { Self::attribute(attribute) };
        // SAFETY: sysfs gives a page of its own.
        unsafe { attribute.show_to(&this.of, page) }
    }

    /// # Safety
    ///
    /// `kobject` is that of a `Kobject<T>`, `attribute` one of its files, `text` points at `count`
    /// bytes.
    unsafe extern "C" fn store(
        kobject: *mut bindings::kobject,
        attribute: *mut bindings::attribute,
        text: *const c_char,
        count: usize,
    ) -> isize {
        // SAFETY: sysfs removes the files, and waits for this, before the kobject is dropped.
        let this = unsafe { Self::from_raw(kobject) };
        // SAFETY: Only the files of `T` have been created.
        let attribute = unsafe { Self::attribute(attribute) };
        // SAFETY: sysfs gives a copy of its own of as many bytes.
        unsafe { attribute.store_from(&this.of, text, count) }
    }
}

#[pinned_drop]
impl<T: HasAttributes> PinnedDrop for Kobject<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The kobject is initialised; removing one that was not added does nothing.
        unsafe { bindings::kobject_del(self.kobject.get()) };
        // SAFETY: By the type invariants the reference is ours, and given up here.
        unsafe { bindings::kobject_put(self.kobject.get()) };
        self.released.wait_for_completion();
    }
}

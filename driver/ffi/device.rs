// SPDX-License-Identifier: GPL-2.0

//! A misc character device with what the kernel crate's `MiscDevice` lacks: a file mode, `poll`,
//! sysfs attributes, and data of the device that `open` gets.
//!
//! Files are streams: not seekable. `mmap` and `ioctl` are not supported.

use super::{
    attribute::{
        self,
        Attribute,
        Attributes, //
    },
    shim,
    wait_queue::{
        Events,
        Poll,
        Polled,
        Polls, //
    }, //
};
use core::{
    marker::PhantomPinned,
    ptr, //
};
use kernel::{
    bindings,
    container_of,
    error::to_result,
    fs::{
        file::flags::O_NONBLOCK,
        File, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    seq_file::SeqFile,
    types::Opaque, //
};

/// What an open file of the device does. Dropped when the file's last descriptor is closed.
pub(crate) trait OpenFile: Sized + Send + Sync + 'static {
    /// The device's own data.
    type Device: Attributes;
    /// What is polled for.
    type Polled: Polled;

    /// The device has been opened.
    fn open(device: &Self::Device, file: &File) -> Result<impl PinInit<Self, Error>>;

    /// Reads; `nowait`: without sleeping.
    fn read(&self, to: &mut IovIterDest<'_>, nowait: bool) -> Result<usize>;

    /// Writes.
    fn write(&self, from: &mut IovIterSource<'_>) -> Result<usize>;

    /// Says how things are, after having had the caller put into wait queues.
    fn poll(&self, poll: &Poll<'_, Self::Polled>) -> Result<Events>;

    /// Prints lines for `/proc/PID/fdinfo/N`.
    fn show_fdinfo(&self, m: &SeqFile);
}

/// A registered device.
///
/// # Invariants
///
/// Everything but `misc` is initialised before `misc` is registered, and dropped after it is
/// deregistered. The attributes do not move.
#[pin_data(PinnedDrop)]
pub(crate) struct Device<T: OpenFile> {
    data: T::Device,
    attributes: KVec<bindings::device_attribute>,
    list: KVec<*mut bindings::attribute>,
    group: bindings::attribute_group,
    groups: [*const bindings::attribute_group; 2],
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: The raw pointers point into the device itself, and are constant.
unsafe impl<T: OpenFile> Send for Device<T> {}
// SAFETY: As above; the data are `Sync`.
unsafe impl<T: OpenFile> Sync for Device<T> {}

/// What the `private_data` of an open file points at.
#[pin_data]
struct Private<T: OpenFile> {
    #[pin]
    polls: Polls<T::Polled>,
    #[pin]
    file: T,
}

impl<T: OpenFile> Device<T> {
    /// Registers the device; from then on it can be opened.
    pub(crate) fn register(
        name: &'static CStr,
        mode: u16,
        data: T::Device,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(&this in Self {
            data,
            attributes: Self::attributes(T::Device::files())?,
            list: {
                let mut list = KVec::new();
                for attribute in attributes.iter_mut() {
                    list.push(&raw mut attribute.attr, GFP_KERNEL)?;
                }
                list.push(ptr::null_mut(), GFP_KERNEL)?;
                list
            },
            group: {
                let mut group: bindings::attribute_group = pin_init::zeroed();
                // SAFETY: The list ends with a null pointer, and stays where it is.
                unsafe { shim::mq_attribute_group_init(&mut group, list.as_mut_ptr()) };
                group
            },
            // SAFETY: `this` is where the device is being initialised; nothing is read.
            groups: [unsafe { &raw const (*this.as_ptr()).group }, ptr::null()],
            misc <- Opaque::try_ffi_init(|slot: *mut bindings::miscdevice| {
                let misc = bindings::miscdevice {
                    minor: bindings::MISC_DYNAMIC_MINOR as c_int,
                    name: name.as_char_ptr(),
                    fops: &Self::OPERATIONS,
                    // SAFETY: As above.
                    groups: unsafe { (&raw const (*this.as_ptr()).groups).cast_mut().cast() },
                    mode,
                    ..pin_init::zeroed()
                };
                // SAFETY: `slot` is memory for a miscdevice, which is pinned and deregistered
                // before it goes; the operations and the groups live as long.
                to_result(unsafe {
                    slot.write(misc);
                    bindings::misc_register(slot)
                })
            }),
            _pin: PhantomPinned,
        }? Error)
    }

    /// The folder of the device in sysfs.
    pub(super) fn kobject(&self) -> *mut bindings::kobject {
        // SAFETY: The device is registered, so it has a `struct device`.
        unsafe { &raw mut (*(*self.misc.get()).this_device).kobj }
    }

    fn attributes(files: &[Attribute]) -> Result<KVec<bindings::device_attribute>> {
        let mut attributes = KVec::with_capacity(files.len(), GFP_KERNEL)?;
        for Attribute(file) in files {
            let mut attribute: bindings::device_attribute = pin_init::zeroed();
            // SAFETY: The name is static, the handlers have the right types.
            unsafe {
                shim::mq_device_attribute_init(
                    &mut attribute,
                    file.name,
                    file.mode,
                    Some(Self::show_attribute),
                    Some(Self::store_attribute),
                );
            }
            attributes.push(attribute, GFP_KERNEL)?;
        }
        Ok(attributes)
    }

    const OPERATIONS: bindings::file_operations = bindings::file_operations {
        owner: kernel::module::this_module::<crate::LocalModule>().as_ptr(),
        open: Some(Self::open),
        release: Some(Self::release),
        read_iter: Some(Self::read_iter),
        write_iter: Some(Self::write_iter),
        poll: Some(Self::poll),
        show_fdinfo: Some(Self::show_fdinfo),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// `misc` is the `misc` field of a registered `Device<T>`.
    unsafe fn from_misc<'a>(misc: *mut bindings::miscdevice) -> &'a Self {
        let misc = Opaque::cast_from(misc);
        // SAFETY: The caller's promise.
        unsafe { &*container_of!(misc, Self, misc) }
    }

    /// # Safety
    ///
    /// `file` was opened by `Self::open` and has not been released.
    unsafe fn private<'a>(file: *mut bindings::file) -> &'a Private<T> {
        // SAFETY: `open` has set the private data to this type.
        unsafe { &*(*file).private_data.cast::<Private<T>>() }
    }

    /// # Safety
    ///
    /// As the `open` of a file of a misc device.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `misc_open()` has set the private data to the misc device, which it keeps
        // registered during this call.
        let device = unsafe { Self::from_misc((*file).private_data.cast()) };
        // SAFETY: The file is being opened by this thread.
        let opened = T::open(&device.data, unsafe { File::from_raw_file(file) });
        let private = opened.and_then(|file| {
            KBox::pin_init(
                try_pin_init!(Private { polls <- Polls::new(), file <- file }? Error),
                GFP_KERNEL_ACCOUNT,
            )
        });
        let private = match private {
            Ok(private) => private,
            Err(error) => return error.to_errno(),
        };
        // SAFETY: The box stays pinned behind the raw pointer. A file that is being opened is
        // nobody else's, so its private data and its mode can be set.
        unsafe {
            (*file).private_data = KBox::into_raw(Pin::into_inner_unchecked(private)).cast();
            bindings::stream_open(inode, file);
            // Without it io_uring would have a thread sleep in every read.
            (*file).f_mode |= shim::MQ_FMODE_NOWAIT;
        }
        0
    }

    /// # Safety
    ///
    /// As the `release` of a file opened by `Self::open`.
    unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `open` has set the private data to a box, which the file gives up here.
        drop(unsafe {
            Pin::new_unchecked(KBox::from_raw((*file).private_data.cast::<Private<T>>()))
        });
        0
    }

    /// # Safety
    ///
    /// As the `read_iter` of a file opened by `Self::open`.
    unsafe extern "C" fn read_iter(
        kiocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The kiocb is valid and has a file.
        let (file, kiocb_flags) = unsafe { ((*kiocb).ki_filp, (*kiocb).ki_flags) };
        // SAFETY: The file is open.
        let file_flags = unsafe { (*file).f_flags };
        let nowait = kiocb_flags & shim::MQ_IOCB_NOWAIT != 0 || file_flags & O_NONBLOCK != 0;
        // SAFETY: The file was opened by `open`, the iterator is one to be written to.
        let (private, to) = unsafe { (Self::private(file), IovIterDest::from_raw(iter)) };
        result(private.file.read(to, nowait))
    }

    /// # Safety
    ///
    /// As the `write_iter` of a file opened by `Self::open`.
    unsafe extern "C" fn write_iter(
        kiocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The kiocb is valid and has a file, which was opened by `open`; the iterator is
        // one to be read from.
        let (private, from) = unsafe {
            (
                Self::private((*kiocb).ki_filp),
                IovIterSource::from_raw(iter),
            )
        };
        result(private.file.write(from))
    }

    /// # Safety
    ///
    /// As the `poll` of a file opened by `Self::open`.
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) -> bindings::__poll_t {
        // SAFETY: The file was opened by `open`, and stays open during this call.
        let (private, file) = unsafe { (Self::private(file), File::from_raw_file(file)) };
        // SAFETY: The table belongs to this call; `polls` goes with the file.
        let poll = unsafe { Poll::from_raw(file, table, &private.polls) };
        private.file.poll(&poll).unwrap_or(Events::ERROR).bits()
    }

    /// # Safety
    ///
    /// As the `show_fdinfo` of a file opened by `Self::open`.
    unsafe extern "C" fn show_fdinfo(m: *mut bindings::seq_file, file: *mut bindings::file) {
        // SAFETY: The file was opened by `open`, the seq_file is this call's.
        let (private, m) = unsafe { (Self::private(file), SeqFile::from_raw(m)) };
        private.file.show_fdinfo(m);
    }

    /// # Safety
    ///
    /// `device` is the device of a registered `Device<T>`, `attribute` one of its attributes.
    unsafe fn attribute<'a>(
        device: *mut bindings::device,
        attribute: *mut bindings::device_attribute,
    ) -> (&'a Self, usize) {
        // SAFETY: The misc core sets the driver data to the misc device, and removes the
        // attributes, waiting for those who use them, before that goes.
        let this = unsafe { Self::from_misc((*device).driver_data.cast()) };
        let position = attribute::position(attribute, this.attributes.as_ptr());
        (this, position)
    }

    /// # Safety
    ///
    /// As the `show` of an attribute of the device.
    unsafe extern "C" fn show_attribute(
        device: *mut bindings::device,
        attribute: *mut bindings::device_attribute,
        page: *mut c_char,
    ) -> isize {
        // SAFETY: The caller's promise.
        let (this, file) = unsafe { Self::attribute(device, attribute) };
        // SAFETY: sysfs gives a page.
        unsafe { attribute::show(&this.data, file, page) }
    }

    /// # Safety
    ///
    /// As the `store` of an attribute of the device.
    unsafe extern "C" fn store_attribute(
        device: *mut bindings::device,
        attribute: *mut bindings::device_attribute,
        text: *const c_char,
        count: usize,
    ) -> isize {
        // SAFETY: The caller's promise.
        let (this, file) = unsafe { Self::attribute(device, attribute) };
        // SAFETY: sysfs gives `count` bytes.
        unsafe { attribute::store(&this.data, file, text, count) }
    }
}

fn result(outcome: Result<usize>) -> isize {
    match outcome {
        Ok(bytes) => bytes as isize,
        Err(error) => error.to_errno() as isize,
    }
}

#[pinned_drop]
impl<T: OpenFile> PinnedDrop for Device<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The device is registered, and this is the only place where that ends.
        unsafe { bindings::misc_deregister(self.misc.get()) };
    }
}

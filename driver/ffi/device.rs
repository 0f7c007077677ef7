// SPDX-License-Identifier: GPL-2.0

//! A misc character device with what the kernel crate's `MiscDevice` lacks: a file mode, `poll`,
//! sysfs attributes, plain `read` and `write`, and data of the device that `open` gets.
//!
//! Files are streams: not seekable. `mmap` is not supported.

use super::{
    attribute::{
        Attribute,
        Group, //
    },
    compat,
    poll_queue::Poll,
    shim,
    user_memory::{
        Argument,
        Destination,
        Source,
        UserRange, //
    },
    wait_queue::PollMask, //
};
use core::{
    ffi::c_void,
    marker::PhantomPinned,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings, container_of,
    error::to_result,
    fs::{
        file::flags::O_NONBLOCK,
        File, //
    },
    ioctl::_IOC_SIZE,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    seq_file::SeqFile,
    types::{
        ForeignOwnable,
        Opaque, //
    },
};

/// An open file of the device. Dropped when the file's last descriptor is closed.
pub(crate) trait OpenFile: Sized + Send + Sync + 'static {
    /// The device's own data.
    type Device: Send + Sync + 'static;

    /// The files of the device in sysfs.
    fn groups() -> &'static [Group<Self::Device>];

    /// The device has been opened.
    fn open(device: &Self::Device, file: &File) -> Result<impl PinInit<Self, Error>>;

    /// Reads; `nowait`: without sleeping.
    fn read(&self, to: impl Destination, nowait: bool) -> Outcome;

    /// Writes to `file`, which this is; `nowait`: without sleeping.
    fn write(&self, from: impl Source, file: &File, nowait: bool) -> Outcome;

    /// Does what an `ioctl` asks for; `nowait`: without waiting for messages.
    fn ioctl(&self, command: u32, argument: Argument, nowait: bool) -> Result<usize>;

    /// Says how things are, after having had the caller put into a queue.
    fn poll(&self, poll: &Poll<'_>) -> Result<PollMask>;

    /// Prints lines for `/proc/PID/fdinfo/N`.
    fn show_fdinfo(&self, m: &SeqFile);
}

/// One file of a device in sysfs, as the kernel wants it.
#[repr(C)]
struct DeviceAttribute<T: 'static> {
    raw: bindings::device_attribute,
    attribute: &'static Attribute<T>,
}

/// The files of a device in sysfs, as the kernel wants them. Each vector points into the one
/// before it, and none changes once it is filled.
struct Groups<T: 'static> {
    attributes: KVec<DeviceAttribute<T>>,
    lists: KVec<*mut bindings::attribute>,
    groups: KVec<bindings::attribute_group>,
    list: KVec<*const bindings::attribute_group>,
}

/// A registered device.
///
/// # Invariants
///
/// - `data` and `groups` are initialised before `misc` is registered, and dropped after it is
///   deregistered.
/// - `misc` is registered from the end of the initialisation until the device is dropped.
#[pin_data(PinnedDrop)]
pub(crate) struct Device<T: OpenFile> {
    data: T::Device,
    groups: Groups<T::Device>,
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: The raw pointers point to what the device itself owns, and are constant.
unsafe impl<T: OpenFile> Send for Device<T> {}
// SAFETY: The data are `Sync`, and the rest is constant.
unsafe impl<T: OpenFile> Sync for Device<T> {}

/// What the `private_data` of an open file points at.
type Private<T> = Pin<KBox<T>>;

impl<T> Groups<T> {
    fn new<F: OpenFile<Device = T>>(groups: &'static [Group<T>]) -> Result<Self> {
        let count = groups.iter().map(|group| group.attributes.len()).sum();
        let mut this = Self {
            attributes: KVec::with_capacity(count, GFP_KERNEL)?,
            lists: KVec::with_capacity(count + groups.len(), GFP_KERNEL)?,
            groups: KVec::with_capacity(groups.len(), GFP_KERNEL)?,
            list: KVec::with_capacity(groups.len() + 1, GFP_KERNEL)?,
        };
        for attribute in groups.iter().flat_map(|group| group.attributes) {
            let mut raw: bindings::device_attribute = pin_init::zeroed();
            // SAFETY: The name is static, and the handlers live as long as the module.
            unsafe {
                shim::mq_device_attribute_init(
                    &mut raw,
                    attribute.raw.name,
                    attribute.raw.mode,
                    Some(Device::<F>::show_attribute),
                    Some(Device::<F>::store_attribute),
                )
            };
            this.attributes
                .push(DeviceAttribute { raw, attribute }, GFP_KERNEL)?;
        }
        let mut attributes = this.attributes.iter_mut();
        for group in groups {
            let start = this.lists.len();
            for attribute in attributes.by_ref().take(group.attributes.len()) {
                this.lists.push(&raw mut attribute.raw.attr, GFP_KERNEL)?;
            }
            this.lists.push(ptr::null_mut(), GFP_KERNEL)?;
            let name = group.name.map_or(ptr::null(), |name| name.as_char_ptr());
            let list = &raw mut this.lists[start];
            let mut raw: bindings::attribute_group = pin_init::zeroed();
            // SAFETY: The list ends with a null pointer; its vector has all the room that it will
            // ever need, so that it stays where it is.
            unsafe { shim::mq_attribute_group_init(&mut raw, name, list) };
            this.groups.push(raw, GFP_KERNEL)?;
        }
        for group in &this.groups {
            this.list.push(ptr::from_ref(group), GFP_KERNEL)?;
        }
        this.list.push(ptr::null(), GFP_KERNEL)?;
        Ok(this)
    }
}

impl<T: OpenFile> Device<T> {
    /// Registers the device; from then on it can be opened.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EEXIST` if there is a device of this name.
    pub(crate) fn register(
        name: &'static CStr,
        mode: u16,
        data: T::Device,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            data,
            groups: Groups::new::<T>(T::groups())?,
            misc <- Opaque::try_ffi_init(|slot: *mut bindings::miscdevice| {
                let misc = bindings::miscdevice {
                    minor: bindings::MISC_DYNAMIC_MINOR as c_int,
                    name: name.as_char_ptr(),
                    fops: &Self::OPERATIONS,
                    groups: groups.list.as_mut_ptr(),
                    mode,
                    ..pin_init::zeroed()
                };
                // SAFETY: `slot` is memory for a miscdevice.
                unsafe { slot.write(misc) };
                // INVARIANT: The fields above have been initialised.
                //
                // SAFETY: The miscdevice is pinned, and deregistered before it goes; the operations
                // are static, and the groups live as long.
                to_result(unsafe { bindings::misc_register(slot) })
            }),
            _pin: PhantomPinned,
        }? Error)
    }

    /// The kobject of the device.
    pub(super) fn kobject(&self) -> NonNull<bindings::kobject> {
        // SAFETY: By the type invariants the device is registered, so nobody changes this field.
        let device = unsafe { (*self.misc.get()).this_device };
        // SAFETY: A registered misc device has a `struct device`.
        let kobject = unsafe { &raw mut (*device).kobj };
        // SAFETY: The field of a valid object has an address.
        unsafe { NonNull::new_unchecked(kobject) }
    }

    const OPERATIONS: bindings::file_operations = bindings::file_operations {
        owner: compat::THIS_MODULE,
        open: Some(Self::open),
        release: Some(Self::release),
        // A plain call is some hundred instructions faster than one with an iterator.
        read: Some(Self::read),
        write: Some(Self::write),
        read_iter: Some(Self::read_iter),
        write_iter: Some(Self::write_iter),
        unlocked_ioctl: Some(Self::ioctl),
        compat_ioctl: bindings::compat_ptr_ioctl,
        poll: Some(Self::poll),
        show_fdinfo: Some(Self::show_fdinfo),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// `misc` is the `misc` field of a `Device<T>` that stays registered for `'a`.
    unsafe fn from_misc<'a>(misc: *mut bindings::miscdevice) -> &'a Self {
        let misc = Opaque::cast_from(misc);
        // SAFETY: It is the field of a `Device<T>`.
        let this = unsafe { container_of!(misc, Self, misc) };
        // SAFETY: By the type invariants it is there as long as it is registered.
        unsafe { &*this }
    }

    /// # Safety
    ///
    /// `file` was opened by `Self::open` and is not released for `'a`.
    unsafe fn private<'a>(file: *mut bindings::file) -> Pin<&'a T> {
        // SAFETY: The file is open, so nobody changes this field.
        let private = unsafe { (*file).private_data };
        // SAFETY: `open` has set it to a box, which `release` takes back.
        unsafe { Private::<T>::borrow(private) }
    }

    /// # Safety
    ///
    /// `file` is a file of the device that is being opened; `inode` is its inode.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: A file that is being opened is this thread's alone.
        let misc = unsafe { (*file).private_data };
        // SAFETY: `misc_open()` has set it to the misc device, which stays registered during this
        // call.
        let device = unsafe { Self::from_misc(misc.cast()) };
        // SAFETY: The file is valid, and nobody holds its position's lock.
        let open_file = unsafe { File::from_raw_file(file) };
        let opened = T::open(&device.data, open_file)
            .and_then(|private| KBox::pin_init(private, GFP_KERNEL_ACCOUNT));
        match opened {
            // SAFETY: A file that is being opened is this thread's alone.
            Ok(private) => unsafe { (*file).private_data = private.into_foreign() },
            Err(error) => return error.to_errno(),
        }
        // SAFETY: Inode and file are those of the call.
        unsafe { bindings::stream_open(inode, file) };
        // Without it io_uring would have a thread sleep in every read.
        //
        // SAFETY: A file that is being opened is this thread's alone.
        unsafe { (*file).f_mode |= shim::MQ_FMODE_NOWAIT };
        0
    }

    /// # Safety
    ///
    /// `file` was opened by `Self::open`, and this is its last use.
    unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The last use of the file is this thread's.
        let private = unsafe { (*file).private_data };
        // SAFETY: `open` has set it to a box, which nobody borrows any more.
        drop(unsafe { Private::<T>::from_foreign(private) });
        0
    }

    /// # Safety
    ///
    /// `file` is open, and stays so during the call.
    unsafe fn is_nonblocking(file: *mut bindings::file) -> bool {
        // SAFETY: The file is valid; only the address of the field is taken.
        let flags = unsafe { &raw const (*file).f_flags };
        // SAFETY: The flags are one word, and either value of it will do.
        unsafe { flags.read_volatile() & O_NONBLOCK != 0 }
    }

    /// # Safety
    ///
    /// `file` was opened by `Self::open`; `to` is a user address.
    unsafe extern "C" fn read(
        file: *mut bindings::file,
        to: *mut c_char,
        count: usize,
        _: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: The file is open during the call.
        let private = unsafe { Self::private(file) };
        // SAFETY: The file is open during the call.
        let nowait = unsafe { Self::is_nonblocking(file) };
        let to = UserRange::new(to.cast(), count);
        private.read(to, nowait).0
    }

    /// # Safety
    ///
    /// `file` was opened by `Self::open`; `from` is a user address.
    unsafe extern "C" fn write(
        file: *mut bindings::file,
        from: *const c_char,
        count: usize,
        _: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: The file is open during the call.
        let private = unsafe { Self::private(file) };
        let from = UserRange::new(from.cast_mut().cast(), count);
        // SAFETY: The file is open during the call, and nobody holds its position's lock.
        let file = unsafe { File::from_raw_file(file) };
        private.write(from, file, false).0
    }

    /// # Safety
    ///
    /// `kiocb` is a read of a file opened by `Self::open` into `iter`.
    unsafe extern "C" fn read_iter(
        kiocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The kiocb is this call's.
        let file = unsafe { (*kiocb).ki_filp };
        // SAFETY: The kiocb is this call's.
        let flags = unsafe { (*kiocb).ki_flags };
        // SAFETY: The file is open during the call.
        let private = unsafe { Self::private(file) };
        // SAFETY: The file is open during the call.
        let nowait = flags & shim::MQ_IOCB_NOWAIT != 0 || unsafe { Self::is_nonblocking(file) };
        // SAFETY: The iterator is this call's, and one to be written to.
        let to = unsafe { IovIterDest::from_raw(iter) };
        private.read(to, nowait).0
    }

    /// # Safety
    ///
    /// `kiocb` is a write to a file opened by `Self::open` from `iter`.
    unsafe extern "C" fn write_iter(
        kiocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The kiocb is this call's.
        let file = unsafe { (*kiocb).ki_filp };
        // SAFETY: The kiocb is this call's.
        let flags = unsafe { (*kiocb).ki_flags };
        // SAFETY: The file is open during the call.
        let private = unsafe { Self::private(file) };
        // SAFETY: The iterator is this call's, and one to be read from.
        let from = unsafe { IovIterSource::from_raw(iter) };
        let nowait = flags & shim::MQ_IOCB_NOWAIT != 0;
        // SAFETY: The file is open during the call, and nobody holds its position's lock.
        let file = unsafe { File::from_raw_file(file) };
        private.write(from, file, nowait).0
    }

    /// # Safety
    ///
    /// `file` was opened by `Self::open`.
    unsafe extern "C" fn ioctl(
        file: *mut bindings::file,
        command: c_uint,
        argument: c_ulong,
    ) -> c_long {
        // SAFETY: The file is open during the call.
        let private = unsafe { Self::private(file) };
        // SAFETY: The file is open during the call.
        let nowait = unsafe { Self::is_nonblocking(file) };
        let argument = Argument::new(argument as *mut c_void, _IOC_SIZE(command));
        Outcome::from(private.ioctl(command, argument, nowait)).0 as c_long
    }

    /// # Safety
    ///
    /// `file` was opened by `Self::open`; `table` is null or the table of a poll of it.
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) -> bindings::__poll_t {
        // SAFETY: The file is open during the call.
        let private = unsafe { Self::private(file) };
        // SAFETY: The file is valid during the call.
        let file = unsafe { File::from_raw_file(file) };
        // SAFETY: The table is null, or that of this call.
        let poll = unsafe { Poll::from_raw(file, table) };
        private.poll(&poll).unwrap_or(PollMask::ERROR).bits()
    }

    /// # Safety
    ///
    /// `file` was opened by `Self::open`; `m` is a seq_file to print to.
    unsafe extern "C" fn show_fdinfo(m: *mut bindings::seq_file, file: *mut bindings::file) {
        // SAFETY: The file is open during the call.
        let private = unsafe { Self::private(file) };
        // SAFETY: The seq_file is this call's.
        let m = unsafe { SeqFile::from_raw(m) };
        private.show_fdinfo(m);
    }

    /// # Safety
    ///
    /// `device` is the device of a registered `Device<T>`, `attribute` one of its attributes.
    unsafe fn attribute<'a>(
        device: *mut bindings::device,
        attribute: *mut bindings::device_attribute,
    ) -> (&'a Self, &'a Attribute<T::Device>) {
        // SAFETY: Nobody changes the driver data of a registered misc device.
        let misc = unsafe { (*device).driver_data };
        // SAFETY: The misc core has set it to the misc device. It removes the attributes, and waits
        // for those who use them, before that goes.
        let this = unsafe { Self::from_misc(misc.cast()) };
        // SAFETY: The attribute is the field of a `DeviceAttribute`.
        let attribute = unsafe { container_of!(attribute, DeviceAttribute<T::Device>, raw) };
        // SAFETY: It is one of those of the device, and does not change.
        (this, unsafe { (*attribute).attribute })
    }

    /// # Safety
    ///
    /// `device` is the device of a registered `Device<T>`, `attribute` one of its attributes, `page`
    /// a page to fill.
    unsafe extern "C" fn show_attribute(
        device: *mut bindings::device,
        attribute: *mut bindings::device_attribute,
        page: *mut c_char,
    ) -> isize {
        // SAFETY: Device and attribute are those of the call.
        let (this, attribute) = unsafe { Self::attribute(device, attribute) };
        // SAFETY: sysfs gives a page of its own.
        unsafe { attribute.show_to(&this.data, page) }
    }

    /// # Safety
    ///
    /// `device` is the device of a registered `Device<T>`, `attribute` one of its attributes, `text`
    /// points at `count` bytes.
    unsafe extern "C" fn store_attribute(
        device: *mut bindings::device,
        attribute: *mut bindings::device_attribute,
        text: *const c_char,
        count: usize,
    ) -> isize {
        // SAFETY: Device and attribute are those of the call.
        let (this, attribute) = unsafe { Self::attribute(device, attribute) };
        // SAFETY: sysfs gives a copy of its own of as many bytes.
        unsafe { attribute.store_from(&this.data, text, count) }
    }
}

/// What a system call returns: a number of bytes, or an error. One number, unlike a `Result`, so
/// that it stays in a register.
pub(crate) struct Outcome(isize);

impl From<Result<usize>> for Outcome {
    #[inline(always)]
    fn from(result: Result<usize>) -> Self {
        match result {
            // CAST: No call is about more than `isize::MAX` bytes.
            Ok(bytes) => Self(bytes as isize),
            Err(error) => Self(error.to_errno() as isize),
        }
    }
}

#[pinned_drop]
impl<T: OpenFile> PinnedDrop for Device<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants the device is registered, and this is where that ends.
        unsafe { bindings::misc_deregister(self.misc.get()) };
    }
}

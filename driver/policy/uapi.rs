// SPDX-License-Identifier: GPL-2.0

//! What programs and the driver hand each other beside text: `include/uapi/linux/mq.h` in Rust.
//!
//! The header says what each field means. A test holds every size, offset and number of this file
//! against it. What makes a record a valid one is said in `records.rs`.

use core::mem;

/// A field of a structure: a number of the machine's byte order, or a name.
trait Field<const SIZE: usize> {
    fn from_bytes(bytes: [u8; SIZE]) -> Self;
    fn to_bytes(self) -> [u8; SIZE];
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Field<{ mem::size_of::<$number>() }> for $number {
            #[inline(always)]
            fn from_bytes(bytes: [u8; mem::size_of::<$number>()]) -> Self {
                Self::from_ne_bytes(bytes)
            }

            #[inline(always)]
            fn to_bytes(self) -> [u8; mem::size_of::<$number>()] {
                self.to_ne_bytes()
            }
        }
    )*};
}

numbers!(u16, u32, u64);

impl Field<NAME_SIZE> for [u8; NAME_SIZE] {
    #[inline(always)]
    fn from_bytes(bytes: [u8; NAME_SIZE]) -> Self {
        bytes
    }

    #[inline(always)]
    fn to_bytes(self) -> [u8; NAME_SIZE] {
        self
    }
}

/// A structure, its way from and to bytes, and what there is to hold against the header.
macro_rules! structure {
    (
        $(#[$about:meta])*
        $structure:ident is $c_name:literal {
            $($(#[$about_field:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$about])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $structure {
            $($(#[$about_field])* pub $field: $type,)*
        }

        impl $structure {
            /// Bytes of it.
            pub const SIZE: usize = mem::size_of::<Self>();

            /// Its name in the header.
            pub const C_NAME: &'static str = $c_name;

            /// Name, offset and size of each field.
            pub const FIELDS: &'static [(&'static str, usize, usize)] = &[$((
                stringify!($field),
                mem::offset_of!(Self, $field),
                mem::size_of::<$type>(),
            ),)*];

            /// Reads it.
            #[inline(always)]
            pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
                Self {
                    $($field: {
                        let mut field = [0; mem::size_of::<$type>()];
                        let at = mem::offset_of!(Self, $field);
                        field.copy_from_slice(&bytes[at..at + mem::size_of::<$type>()]);
                        <$type>::from_bytes(field)
                    },)*
                }
            }

            /// Reads it from as many words, in which the bytes lie as they do in memory.
            #[inline(always)]
            pub fn from_words(words: [u64; Self::SIZE / mem::size_of::<u64>()]) -> Self {
                let mut bytes = [0; Self::SIZE];
                for (place, word) in bytes.chunks_exact_mut(mem::size_of::<u64>()).zip(words) {
                    place.copy_from_slice(&word.to_ne_bytes());
                }
                Self::from_bytes(&bytes)
            }

            /// Writes it.
            #[inline(always)]
            pub fn to_bytes(self) -> [u8; Self::SIZE] {
                let mut bytes = [0; Self::SIZE];
                $({
                    let at = mem::offset_of!(Self, $field);
                    let field = self.$field.to_bytes();
                    bytes[at..at + field.len()].copy_from_slice(&field);
                })*
                bytes
            }
        }

        // No hole: the fields are all that there is.
        const _: () = {
            let mut at = 0;
            $(
                assert!(at == mem::offset_of!($structure, $field));
                at += mem::size_of::<$type>();
            )*
            assert!(at == $structure::SIZE);
        };
    };
}

/// Bytes of a name, zero bytes behind it.
pub const NAME_SIZE: usize = 8;

/// What the size of a record is a multiple of.
pub const ALIGN: usize = 8;

/// The highest priority.
pub const PRIORITY_MAX: u32 = 65535;

structure! {
    /// What a record begins with that is written.
    SendHeader is "mq_send" {
        /// Bytes of header, text and padding.
        size: u32,
        /// Bytes of the header.
        header_size: u16,
        /// [`SEND_WAIT`], [`SEND_BROADCAST`].
        flags: u16,
        /// Bytes of the text.
        text_size: u32,
        /// The priority.
        priority: u32,
        /// The receiver's name.
        to: [u8; NAME_SIZE],
        /// Nanoseconds to wait for room at most; 0: without end.
        timeout: u64,
    }
}

/// Wait for room.
pub const SEND_WAIT: u16 = 0x0001;

/// To all but the sender.
pub const SEND_BROADCAST: u16 = 0x0002;

structure! {
    /// What a record begins with that is read.
    ReceivedHeader is "mq_received" {
        /// Bytes of header, text and padding.
        size: u32,
        /// Bytes of the header.
        header_size: u16,
        /// [`RECEIVED_BROADCAST`].
        flags: u16,
        /// Bytes of the text.
        text_size: u32,
        /// The priority.
        priority: u32,
        /// The sender's name.
        from: [u8; NAME_SIZE],
        /// The sender's process.
        pid: u32,
        /// The sender's user.
        uid: u32,
        /// The number of the message in its queue.
        sequence: u64,
        /// When it was sent.
        time: u64,
        /// Messages lost from the queue that no record told of yet.
        lost: u64,
    }
}

/// It was sent to all.
pub const RECEIVED_BROADCAST: u16 = 0x0001;

structure! {
    /// What reading and writing a file mean.
    Format is "mq_format" {
        /// [`FORMAT_TEXT`] or [`FORMAT_RECORDS`].
        format: u32,
        /// Zero.
        flags: u32,
    }
}

/// Commands and lines.
pub const FORMAT_TEXT: u32 = 0;

/// Records.
pub const FORMAT_RECORDS: u32 = 1;

structure! {
    /// A registration that belongs to the open file.
    Registration is "mq_registration" {
        /// Its name.
        name: [u8; NAME_SIZE],
        /// Zero.
        flags: u32,
        /// Zero.
        reserved: u32,
    }
}

structure! {
    /// What to receive.
    Receive is "mq_receive" {
        /// Where to put it.
        buffer: u64,
        /// Bytes of room there.
        size: u32,
        /// [`RECEIVE_PEEK`], [`RECEIVE_FROM`], [`RECEIVE_DONTWAIT`].
        flags: u32,
        /// Whose messages.
        from: [u8; NAME_SIZE],
        /// Nanoseconds to wait at most; 0: without end.
        timeout: u64,
    }
}

/// Leave in the queue what is received.
pub const RECEIVE_PEEK: u32 = 0x0001;

/// Only what was sent by one name.
pub const RECEIVE_FROM: u32 = 0x0002;

/// Do not wait.
pub const RECEIVE_DONTWAIT: u32 = 0x0004;

/// The type of all the driver's ioctls.
pub const IOC_TYPE: u32 = 0xBD;

/// The number of an ioctl, as `_IOC()` makes it for x86, ARM and RISC-V.
const fn ioctl(direction: u32, number: u32, size: usize) -> u32 {
    direction << 30 | (size as u32) << 16 | IOC_TYPE << 8 | number
}

const NONE: u32 = 0;
const WRITE: u32 = 1;

/// Sets what reading and writing the file mean: a [`Format`].
pub const IOC_SET_FORMAT: u32 = ioctl(WRITE, 1, Format::SIZE);

/// Makes a registration that belongs to the file: a [`Registration`].
pub const IOC_REGISTER: u32 = ioctl(WRITE, 2, Registration::SIZE);

/// Ends it.
pub const IOC_UNREGISTER: u32 = ioctl(NONE, 3, 0);

/// Receives: a [`Receive`].
pub const IOC_RECEIVE: u32 = ioctl(WRITE, 4, Receive::SIZE);

/// What an `ioctl` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// [`IOC_SET_FORMAT`]
    SetFormat,
    /// [`IOC_REGISTER`]
    Register,
    /// [`IOC_UNREGISTER`]
    Unregister,
    /// [`IOC_RECEIVE`]
    Receive,
}

impl Request {
    /// The request with this number, whatever the size of the caller's structure.
    ///
    /// ```
    /// use mq_policy::uapi::{Request, IOC_RECEIVE};
    /// assert_eq!(Request::new(IOC_RECEIVE), Some(Request::Receive));
    /// assert_eq!(Request::new(IOC_RECEIVE + (8 << 16)), Some(Request::Receive));
    /// assert_eq!(Request::new(IOC_RECEIVE + 1), None);
    /// ```
    pub fn new(command: u32) -> Option<Self> {
        const SIZE: u32 = 0x3fff << 16;
        const SET_FORMAT: u32 = IOC_SET_FORMAT & !SIZE;
        const REGISTER: u32 = IOC_REGISTER & !SIZE;
        const UNREGISTER: u32 = IOC_UNREGISTER & !SIZE;
        const RECEIVE: u32 = IOC_RECEIVE & !SIZE;
        match command & !SIZE {
            SET_FORMAT => Some(Self::SetFormat),
            REGISTER => Some(Self::Register),
            UNREGISTER => Some(Self::Unregister),
            RECEIVE => Some(Self::Receive),
            _ => None,
        }
    }
}

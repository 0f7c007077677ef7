// SPDX-License-Identifier: GPL-2.0

//! The parameters, their ranges, and what follows from their values.

use nix::errno::Errno;

/// A parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Parameter {
    MaxDevices,
    QueueLen,
    CmdBufSize,
    MaxPerUser,
    QueueBytes,
    MaxBytesPerUser,
}

use Parameter::*;

/// The parameters, their attributes in sysfs, their ranges, and their values when a sequence begins.
pub const PARAMETERS: [(Parameter, &str, u32, u32, u32); 6] = [
    (MaxDevices, "max_devices", 1, 65536, 4),
    (QueueLen, "queue_len", 1, 65536, 3),
    (CmdBufSize, "cmd_buf_size", 16, 65536, 64),
    (MaxPerUser, "max_per_user", 0, 65536, 0),
    (QueueBytes, "queue_bytes", 0, i32::MAX as u32, 0),
    (MaxBytesPerUser, "max_bytes_per_user", 0, i32::MAX as u32, 0),
];

impl Parameter {
    /// Its name as an attribute.
    pub fn attribute(self) -> &'static str {
        PARAMETERS[self as usize].1
    }
}

/// What the queue of a new registration may hold, and what that takes of its user's bytes.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct QueueSize {
    pub messages: usize,
    pub bytes: usize,
    pub reservation: u64,
}

/// The values in force.
pub struct Limits([u32; PARAMETERS.len()]);

impl Limits {
    /// Those with which a sequence begins.
    pub fn new() -> Self {
        Self(PARAMETERS.map(|(.., value)| value))
    }

    /// A value.
    pub fn get(&self, parameter: Parameter) -> usize {
        self.0[parameter as usize] as usize
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// `EINVAL` for one out of range.
    pub fn set(&mut self, parameter: Parameter, value: u64) -> Result<(), Errno> {
        let (_, _, min, max, _) = PARAMETERS[parameter as usize];
        let value = u32::try_from(value).map_err(|_| Errno::EINVAL)?;
        if !(min..=max).contains(&value) {
            return Err(Errno::EINVAL);
        }
        self.0[parameter as usize] = value;
        Ok(())
    }

    /// The size of a new queue: that of one command at least.
    pub fn queue(&self) -> QueueSize {
        let messages = self.get(QueueLen);
        // A newline and a zero byte may come with a command.
        let command = memory(self.get(CmdBufSize) + 2);
        let bytes = match self.get(QueueBytes) {
            0 => messages * command,
            bytes => bytes.max(command),
        };
        let places = messages.min(bytes / PIECE_MIN);
        QueueSize {
            messages,
            bytes,
            reservation: (bytes as u64).max(REGISTRATION + PLACE * places as u64),
        }
    }

    /// Registrations that a user may hold.
    pub fn registrations_per_user(&self) -> usize {
        match self.get(MaxPerUser) {
            0 => (self.get(MaxDevices) * 3 / 4).max(1),
            registrations => registrations,
        }
    }

    /// Bytes that a user's queues may reserve; and as many again for messages read in part. Left
    /// open, it is a part of the machine's memory, which no sequence comes near.
    pub fn bytes_per_user(&self) -> u64 {
        match self.get(MaxBytesPerUser) {
            0 => u64::MAX,
            bytes => bytes as u64,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// What a registration takes without a message, and without the places of its queue.
const REGISTRATION: u64 = 2560;

/// What a place of a queue takes.
const PLACE: u64 = 16;

/// The least that a message takes.
const PIECE_MIN: usize = 64;

/// What a message takes beside what was written: a header, and the sender's name.
const BESIDE: usize = 50;

/// Bytes of memory that a message takes: a power of two, for as short ones as occur here.
pub fn memory(written: usize) -> usize {
    let memory = (written + BESIDE).next_power_of_two().max(PIECE_MIN);
    assert!(memory <= 4096, "a message of several pieces");
    memory
}

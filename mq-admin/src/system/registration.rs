// SPDX-License-Identifier: GPL-2.0

//! One registration as the driver reports it, wherever that was read.

/// A registered process and the state of its queue at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub name: String,
    pub pid: u64,
    pub uid: u64,
    pub depth: u64,
    pub len: u64,
    pub sent: u64,
    pub received: u64,
    pub dropped: u64,
}

impl Registration {
    /// Makes one by asking `number` for each value, under the name of its sysfs attribute.
    pub fn new<E>(
        name: &str,
        mut number: impl FnMut(&'static str) -> Result<u64, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            name: name.to_owned(),
            pid: number("pid")?,
            uid: number("uid")?,
            depth: number("depth")?,
            len: number("len")?,
            sent: number("sent")?,
            received: number("received")?,
            dropped: number("dropped")?,
        })
    }

    /// Messages that the process has taken out of its queue. The driver's values are not read all
    /// in one instant, so they may be off by a message that was under way.
    pub fn read(&self) -> u64 {
        self.received
            .saturating_sub(self.dropped)
            .saturating_sub(self.depth)
    }
}

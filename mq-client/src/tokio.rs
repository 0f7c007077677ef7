// SPDX-License-Identifier: GPL-2.0

//! Waiting by tokio instead of by the thread.
//!
//! Nothing else is different: what never waits is done by the device itself.

use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, OwnedFd};
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::unix::AsyncFd;
use tokio::task;

use crate::device::Device;
use crate::error::{Error, Result};
use crate::message::{Buffer, Message, Messages};
use crate::outgoing::{self, Outgoing};
use crate::sys;
use crate::wanted::Wanted;

/// A [`Device`], or a [`Registration`](crate::Registration), whose messages are awaited by tokio.
#[doc = crate::example!("tokio")]
/// What does not wait is called as without tokio: it dereferences to what it is made of.
#[derive(Debug)]
pub struct Async<T> {
    device: Arc<T>,
    /// The same open file under another number.
    file: AsyncFd<OwnedFd>,
}

impl<T: AsRef<Device> + Send + Sync + 'static> Async<T> {
    /// Makes one of `device`.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where the device cannot be polled.
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio that has its I/O enabled.
    pub fn new(device: T) -> Result<Self> {
        let file = device.as_ref().as_fd().try_clone_to_owned();
        let file = file.and_then(sys::awaitable).map_err(Error::System)?;
        Ok(Self {
            device: Arc::new(device),
            file,
        })
    }

    /// Takes the next message out of the queue, once there is one. None is lost where this is
    /// dropped before.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub async fn receive<'buffer>(&self, buffer: &'buffer mut Buffer) -> Result<Message<'buffer>> {
        let now = Wanted::next().within(Duration::ZERO);
        let length = self
            .when_readable(|device| device.take_record(&now, Instant::now(), buffer))
            .await?;
        buffer.messages(length).next().unwrap_or(Err(Error::Ended))
    }

    /// Takes as many messages as there are, and fit into the buffer, once there is one. None is
    /// lost where this is dropped before.
    ///
    /// # Errors
    ///
    /// As [`Device::receive`].
    pub async fn receive_many<'buffer>(
        &self,
        buffer: &'buffer mut Buffer,
    ) -> Result<Messages<'buffer>> {
        let length = self
            .when_readable(|device| device.read_records(buffer))
            .await?;
        Ok(buffer.messages(length))
    }

    /// Sends a message as it says. Where it has to wait for room, a thread of tokio's does so, and
    /// goes on with it even if this is dropped.
    ///
    /// # Errors
    ///
    /// As [`Device::post`].
    pub async fn post(&self, message: Outgoing<'_>) -> Result {
        let records = outgoing::records(slice::from_ref(&message), Instant::now())?;
        if (*self.device).as_ref().try_write(message.to, &records)? {
            return Ok(());
        }
        let (device, to) = (Arc::clone(&self.device), message.to);
        task::spawn_blocking(move || (*device).as_ref().write(to, &records))
            .await
            .map_err(|error| Error::System(io::Error::other(error)))?
    }

    /// What `attempt` gives once it gives something.
    async fn when_readable(
        &self,
        mut attempt: impl FnMut(&Device) -> Result<Option<usize>>,
    ) -> Result<usize> {
        loop {
            let mut ready = self.file.readable().await.map_err(Error::System)?;
            if let Some(length) = attempt((*self.device).as_ref())? {
                return Ok(length);
            }
            ready.clear_ready();
        }
    }
}

impl<T> Deref for Async<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.device
    }
}

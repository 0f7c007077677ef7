// SPDX-License-Identifier: GPL-2.0

//! Registered processes by the thousand: they share memory and files with the test that starts them.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::{
    sys::{
        signal::{kill, Signal},
        wait::{waitpid, WaitStatus},
    },
    unistd::{self, Pid},
};

use crate::{
    device::Device,
    sys::{self, Job},
    wait,
};

/// Starts such processes, one after the other.
pub struct Cheap {
    device: Device,
    done: OwnedFd,
    say: OwnedFd,
}

impl Cheap {
    /// Nothing is started yet. The test and its processes share one processor from here on.
    pub fn new() -> Self {
        wait::on_one_processor();
        let (done, say) = unistd::pipe().expect("pipe");
        Self {
            device: Device::open(),
            done,
            say,
        }
    }

    /// Starts a process that is registered as `name`, on return, until it is ended.
    #[track_caller]
    pub fn start(&self, name: &str) -> Pid {
        let job = Job {
            to: self.device.as_fd().as_raw_fd(),
            bytes: format!("/reg {name}").into_bytes(),
            done: self.say.as_raw_fd(),
        };
        let process = sys::start_cheap(job).expect("clone");
        let mut error = [0];
        assert_eq!(unistd::read(&self.done, &mut error), Ok(1));
        assert_eq!(error, [0], "the error number of /reg {name}");
        process
    }
}

/// Kills processes, all at once; they have been waited for on return, and lived until then.
pub fn end(processes: &[Pid]) {
    for process in processes {
        kill(*process, Signal::SIGKILL).expect("kill");
    }
    for process in processes {
        let end = waitpid(*process, None);
        let killed = WaitStatus::Signaled(*process, Signal::SIGKILL, false);
        assert_eq!(end, Ok(killed), "how the process ended");
    }
}

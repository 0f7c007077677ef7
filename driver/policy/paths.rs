// SPDX-License-Identifier: GPL-2.0

//! The names under which user space finds the driver.

/// The device's name: `/dev/mq`, `/proc/mq`, `/sys/class/misc/mq`.
pub const DEVICE: &str = "mq";

/// The module's name, for `modprobe`.
pub const MODULE: &str = "mq_driver";

/// The folder below the device's sysfs folder that holds one folder a registration.
pub const QUEUES: &str = "queues";

/// The folder below the device's sysfs folder that holds the totals.
pub const STATS: &str = "stats";

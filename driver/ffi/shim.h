/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the driver needs of the kernel that exists only as a macro or an inline function, or that
 * the kernel crate does not bind. bindgen reads this header; Rust reaches it through driver/ffi
 * alone. Nothing here decides anything.
 */
#ifndef MQ_SHIM_H
#define MQ_SHIM_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/ratelimit_types.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

/* Flags that the kernel defines with casts, which bindgen does not see. */
static const int MQ_IOCB_NOWAIT = (__force int)IOCB_NOWAIT;
static const unsigned int MQ_FMODE_NOWAIT = (__force unsigned int)FMODE_NOWAIT;
static const unsigned int MQ_EPOLLIN = (__force unsigned int)(EPOLLIN | EPOLLRDNORM);
static const unsigned int MQ_EPOLLOUT = (__force unsigned int)(EPOLLOUT | EPOLLWRNORM);
static const unsigned int MQ_EPOLLHUP = (__force unsigned int)EPOLLHUP;
static const unsigned int MQ_EPOLLERR = (__force unsigned int)EPOLLERR;

/* The calling process, without a reference: valid as long as the caller runs. */
struct pid *mq_current_tgid(void);

/* Takes a reference, for put_pid(). */
struct pid *mq_get_pid(struct pid *pid);

/* Whether every thread of the process has exited. Called with tasklist_lock held, or under RCU. */
bool mq_process_has_exited(struct pid *pid);

/* Puts an entry into the queue that is woken, possibly for nothing, when the process exits. */
void mq_exit_queue_add(struct pid *pid, struct wait_queue_entry *entry);

/* Takes it out again; false if it was out. No wake function of the entry runs after the return. */
bool mq_exit_queue_remove(struct pid *pid, struct wait_queue_entry *entry);

/* Takes an entry out from within its own wake function. */
void mq_exit_queue_remove_locked(struct wait_queue_entry *entry);

/* Whether nobody is in a wait queue, decided under its lock. */
bool mq_wait_queue_is_idle(struct wait_queue_head *head);

/* The data pointer that proc_create_seq_private() was given. */
void *mq_proc_data(struct seq_file *m);

/* A user id as the calling process sees it, or the overflow id. */
uid_t mq_uid_seen_by_current(kuid_t uid);

/*
 * Memory of any size, charged to the caller, without a warning where there is none; for kvfree().
 * The kernel crate's allocators resize, which costs as much again as allocating.
 */
void *mq_alloc(size_t size);
void mq_free(const void *memory);

void mq_ratelimit_init(struct ratelimit_state *state);

/* Fills in a device attribute, whose handlers are unions in some configurations. */
void mq_device_attribute_init(struct device_attribute *attribute, const char *name, umode_t mode,
			      ssize_t (*show)(struct device *dev, struct device_attribute *attr,
					      char *buf),
			      ssize_t (*store)(struct device *dev, struct device_attribute *attr,
					       const char *buf, size_t count));

/* Makes a group of these attributes; the array ends with NULL. */
void mq_attribute_group_init(struct attribute_group *group, struct attribute **attributes);

#endif

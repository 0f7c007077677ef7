// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of shim.h: each calls one macro or inline function of the kernel.
 */
#include <linux/cred.h>
#include <linux/rcupdate.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/uidgid.h>

#include "shim.h"

struct pid *mq_current_tgid(void)
{
	return task_tgid(current);
}

struct pid *mq_get_pid(struct pid *pid)
{
	return get_pid(pid);
}

bool mq_process_has_exited(struct pid *pid)
{
	struct task_struct *leader;

	/* The same question as pidfd_poll() asks of the kernel's own pidfds. */
	guard(rcu)();
	leader = pid_task(pid, PIDTYPE_PID);
	return !leader || (leader->exit_state && !delay_group_leader(leader));
}

void mq_exit_queue_add(struct pid *pid, struct wait_queue_entry *entry)
{
	add_wait_queue(&pid->wait_pidfd, entry);
}

bool mq_exit_queue_remove(struct pid *pid, struct wait_queue_entry *entry)
{
	bool queued;

	guard(spinlock_irqsave)(&pid->wait_pidfd.lock);
	queued = !list_empty(&entry->entry);
	list_del_init(&entry->entry);
	return queued;
}

void mq_exit_queue_remove_locked(struct wait_queue_entry *entry)
{
	list_del_init(&entry->entry);
}

bool mq_wait_queue_is_idle(struct wait_queue_head *head)
{
	guard(spinlock_irqsave)(&head->lock);
	return list_empty(&head->head);
}

void *mq_proc_data(struct seq_file *m)
{
	return pde_data(file_inode(m->file));
}

uid_t mq_uid_seen_by_current(kuid_t uid)
{
	return from_kuid_munged(current_user_ns(), uid);
}

void *mq_alloc(size_t size)
{
	return kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

void mq_free(const void *memory)
{
	kvfree(memory);
}

void mq_ratelimit_init(struct ratelimit_state *state)
{
	ratelimit_default_init(state);
	/* The driver counts what is suppressed by itself. */
	ratelimit_set_flags(state, RATELIMIT_MSG_ON_RELEASE);
}

void mq_device_attribute_init(struct device_attribute *attribute, const char *name, umode_t mode,
			      ssize_t (*show)(struct device *dev, struct device_attribute *attr,
					      char *buf),
			      ssize_t (*store)(struct device *dev, struct device_attribute *attr,
					       const char *buf, size_t count))
{
	*attribute = (struct device_attribute) {
		.attr = { .name = name, .mode = mode },
		.show = show,
		.store = store,
	};
	sysfs_attr_init(&attribute->attr);
}

void mq_attribute_group_init(struct attribute_group *group, struct attribute **attributes)
{
	*group = (struct attribute_group) { .attrs = attributes };
}

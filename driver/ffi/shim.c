// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of shim.h: each calls one macro or inline function of the kernel.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/unaligned.h>
#include <linux/user_namespace.h>

#include "shim.h"

struct pid *mq_current_tgid(void)
{
	return task_tgid(current);
}

bool mq_current_is_kernel_thread(void)
{
	return current->flags & PF_KTHREAD;
}

struct pid *mq_get_pid(struct pid *pid)
{
	return get_pid(pid);
}

bool mq_process_has_exited(struct pid *pid)
{
	struct task_struct *leader;
	bool exited;

	/*
	 * The same question as pidfd_poll() asks of the kernel's own pidfds. While a thread that is
	 * not the leader executes a program, it takes the leader's place, and the old leader looks as
	 * if all of the process had exited; so the leader must still be the same after the question.
	 */
	guard(rcu)();
	do {
		leader = pid_task(pid, PIDTYPE_PID);
		exited = !leader || (READ_ONCE(leader->exit_state) && !delay_group_leader(leader));
		/* Pairs with the release in hlist_replace_rcu(), by which the new leader takes over. */
		smp_rmb();
	} while (exited && leader != pid_task(pid, PIDTYPE_PID));
	return exited;
}

void mq_wait_entry_init(struct wait_queue_entry *entry, wait_queue_func_t func)
{
	*entry = (struct wait_queue_entry) {};
	init_waitqueue_func_entry(entry, func);
	INIT_LIST_HEAD(&entry->entry);
}

void mq_wait_queue_add(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
	guard(spinlock_irqsave)(&head->lock);
	if (list_empty(&entry->entry))
		__add_wait_queue(head, entry);
}

void mq_wait_queue_remove(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
	guard(spinlock_irqsave)(&head->lock);
	list_del_init(&entry->entry);
}

void mq_wait_queue_remove_locked(struct wait_queue_entry *entry)
{
	list_del_init(&entry->entry);
}

void mq_exit_queue_add(struct pid *pid, struct wait_queue_entry *entry)
{
	mq_wait_queue_add(&pid->wait_pidfd, entry);
}

void mq_exit_queue_remove(struct pid *pid, struct wait_queue_entry *entry)
{
	mq_wait_queue_remove(&pid->wait_pidfd, entry);
}

void mq_rcu_work_init(struct rcu_work *work, work_func_t func)
{
	INIT_RCU_WORK(work, func);
}

void *mq_proc_data(struct seq_file *m)
{
	return pde_data(file_inode(m->file));
}

bool mq_sees_all_ids(void)
{
	return !task_tgid(current)->level && current_user_ns() == &init_user_ns;
}

void mq_ids_here(u32 *pid, u32 *uid)
{
	struct pid_namespace *pid_ns = task_active_pid_ns(current);
	struct user_namespace *user_ns = current_user_ns();

	if (unlikely(pid_ns != &init_pid_ns)) {
		guard(rcu)();
		*pid = pid_nr_ns(find_pid_ns(*pid, &init_pid_ns), pid_ns);
	}
	if (unlikely(user_ns != &init_user_ns))
		*uid = from_kuid_munged(user_ns, KUIDT_INIT(*uid));
}

uid_t mq_from_kuid_munged(kuid_t uid)
{
	return from_kuid_munged(current_user_ns(), uid);
}

kuid_t mq_quota_user(void)
{
	const struct cred *cred = current_cred();
	const struct user_namespace *ns;
	kuid_t user = cred->euid;

	for (ns = cred->user_ns; ns != &init_user_ns; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			user = ns->owner;
	return user;
}

u64 mq_machine_memory(void)
{
	return (u64)totalram_pages() << PAGE_SHIFT;
}

/*
 * There is one module, and so one array of these. Their names stay, because early at boot, where the
 * driver is a part of the kernel, the names of caches that are merged are not copied.
 */
static struct kmem_cache *mq_caches[MQ_CACHES];
static char mq_cache_names[MQ_CACHES][24];

bool mq_cache_create(unsigned int number, size_t size)
{
	char *name = mq_cache_names[number];

	snprintf(name, sizeof(mq_cache_names[number]), "mq_message_%zu", size);
	mq_caches[number] = kmem_cache_create_usercopy(name, size, 0, 0, 0, size, NULL);
	return mq_caches[number];
}

void mq_caches_destroy(void)
{
	for (unsigned int number = 0; number < MQ_CACHES; number++)
		kmem_cache_destroy(mq_caches[number]);
}

static gfp_t mq_flags(bool nowait)
{
	return (nowait ? GFP_NOWAIT : GFP_KERNEL) | __GFP_ACCOUNT | __GFP_NOWARN;
}

void *mq_alloc(unsigned int number, bool nowait)
{
	return kmem_cache_alloc(mq_caches[number], mq_flags(nowait));
}

void mq_free(const void *memory)
{
	kfree(memory);
}

bool mq_alloc_many(unsigned int number, bool nowait, size_t count, void **pieces)
{
	return kmem_cache_alloc_bulk(mq_caches[number], mq_flags(nowait), count, pieces);
}

void mq_free_many(unsigned int number, size_t count, void **pieces)
{
	kmem_cache_free_bulk(mq_caches[number], count, pieces);
}

int mq_copy_struct_from_user(void *to, size_t size, const void *from, size_t from_size)
{
	return copy_struct_from_user(to, size, (const void __user __force *)from, from_size);
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

void mq_attribute_group_init(struct attribute_group *group, const char *name,
			     struct attribute **attributes)
{
	*group = (struct attribute_group) { .name = name, .attrs = attributes };
}

struct mq_poll_queue *mq_poll_queue_alloc(void)
{
	struct mq_poll_queue *queue = kmalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);

	if (queue)
		init_waitqueue_head(&queue->head);
	return queue;
}

void mq_poll_queue_free(struct mq_poll_queue *queue)
{
	wake_up_pollfree(&queue->head);
	kfree_rcu(queue, rcu);
}

size_t mq_copy_from_user(void *to, const void *from, size_t len)
{
	return copy_from_user(to, (const void __user __force *)from, len);
}

size_t mq_copy_to_user(void *to, const void *from, size_t len)
{
	return copy_to_user((void __user __force *)to, from, len);
}

bool mq_get_send_header(void *to, const void *from)
{
	const u64 __user *at = (const u64 __user __force *)from;
	u64 *words = to;

	might_fault();
	if (!user_access_begin(at, MQ_SEND_SIZE))
		return false;
	for (unsigned int word = 0; word < MQ_SEND_SIZE / sizeof(*at); word++)
		unsafe_get_user(words[word], at + word, fault);
	user_access_end();
	return true;

fault:
	user_access_end();
	return false;
}

bool mq_put_record(void *to, size_t size, const void *header, const void *text, size_t text_size)
{
	u64 __user *at = (u64 __user __force *)to;
	const u64 *from = header;

	might_fault();
	if (!user_access_begin(at, size))
		return false;
	/* Over the first of the zero bytes goes the end of the text. */
	unsafe_put_user(0, at + size / sizeof(*at) - 1, fault);
	for (unsigned int word = 0; word < MQ_RECEIVED_SIZE / sizeof(*at); word++)
		unsafe_put_user(get_unaligned(from + word), at + word, fault);
	user_access_end();
	return !__copy_to_user(at + MQ_RECEIVED_SIZE / sizeof(*at), text, text_size);

fault:
	user_access_end();
	return false;
}

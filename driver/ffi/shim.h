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
#include <linux/workqueue.h>

/* Flags that the kernel defines with casts, which bindgen does not see. */
static const int MQ_IOCB_NOWAIT = (__force int)IOCB_NOWAIT;
static const unsigned int MQ_FMODE_NOWAIT = (__force unsigned int)FMODE_NOWAIT;
static const unsigned int MQ_EPOLLIN = (__force unsigned int)(EPOLLIN | EPOLLRDNORM);
static const unsigned int MQ_EPOLLOUT = (__force unsigned int)(EPOLLOUT | EPOLLWRNORM);
static const unsigned int MQ_EPOLLHUP = (__force unsigned int)EPOLLHUP;
static const unsigned int MQ_EPOLLERR = (__force unsigned int)EPOLLERR;

/* The calling process, without a reference: valid as long as the caller runs. */
struct pid *mq_current_tgid(void);

/* Whether the caller is a thread of the kernel, which is no process's. */
bool mq_current_is_kernel_thread(void);

/* Takes a reference, for put_pid(). */
struct pid *mq_get_pid(struct pid *pid);

/* Whether every thread of the process has exited. May be called with tasklist_lock held. */
bool mq_process_has_exited(struct pid *pid);

/* An entry that is in no queue. */
void mq_wait_entry_init(struct wait_queue_entry *entry, wait_queue_func_t func);

/* Puts an entry into a queue, unless it is in that queue. */
void mq_wait_queue_add(struct wait_queue_head *head, struct wait_queue_entry *entry);

/* Takes it out, if it is in. No wake function of the entry runs after the return. */
void mq_wait_queue_remove(struct wait_queue_head *head, struct wait_queue_entry *entry);

/* Takes an entry out from within its own wake function. */
void mq_wait_queue_remove_locked(struct wait_queue_entry *entry);

/* The same with the queue that is woken, possibly for nothing, when the process exits. */
void mq_exit_queue_add(struct pid *pid, struct wait_queue_entry *entry);
void mq_exit_queue_remove(struct pid *pid, struct wait_queue_entry *entry);

/* A wait queue that is freed a grace period after whoever polls has been told to let go. */
struct mq_poll_queue {
	struct wait_queue_head head;
	struct rcu_head rcu;
};

struct mq_poll_queue *mq_poll_queue_alloc(void);
void mq_poll_queue_free(struct mq_poll_queue *queue);

void mq_rcu_work_init(struct rcu_work *work, work_func_t func);

/* The data pointer that proc_create_seq_private() was given. */
void *mq_proc_data(struct seq_file *m);

/* Whether the caller is in the initial namespaces of processes and users. */
bool mq_sees_all_ids(void);

/*
 * Turns the numbers that a process and a user have in the initial namespaces into those that they
 * have in the caller's: 0 where it has none, or the overflow id.
 */
void mq_ids_here(u32 *pid, u32 *uid);

/* A user id as the calling process sees it, or the overflow id. */
uid_t mq_from_kuid_munged(kuid_t uid);

/*
 * The user whom the caller's quota is: the effective one; inside a user namespace that a user other
 * than root made, that user, however many users the namespace has.
 */
kuid_t mq_quota_user(void);

/* Bytes of memory that the machine has. */
u64 mq_machine_memory(void);

/*
 * The caches for the memory of messages, each for pieces of one size. Caches of their own take fewer
 * steps than kmalloc(), and can have a size a little above a page.
 */
#define MQ_CACHES 8
bool mq_cache_create(unsigned int number, size_t size);
void mq_caches_destroy(void);

/* Memory from one of them, charged to the caller, without a warning where there is none. */
void *mq_alloc(unsigned int number, bool nowait);
void mq_free(const void *memory);

/* The same for several pieces at once: all of them, or false. */
bool mq_alloc_many(unsigned int number, bool nowait, size_t count, void **pieces);
void mq_free_many(unsigned int number, size_t count, void **pieces);

/* Copies from and to an address in user space. Returns the bytes that could not be copied. */
size_t mq_copy_from_user(void *to, const void *from, size_t len);
size_t mq_copy_to_user(void *to, const void *from, size_t len);

/*
 * Writes a record to an address in user space: the header of a struct mq_received, a text, and
 * zero bytes up to the size, a multiple of 8. Returns false if some of it could not be written.
 */
#define MQ_RECEIVED_SIZE 56
bool mq_put_record(void *to, size_t size, const void *header, const void *text, size_t text_size);

/* Copies a struct mq_send from an address in user space. Returns false if that cannot be read. */
#define MQ_SEND_SIZE 32
bool mq_get_send_header(void *to, const void *from);

/* copy_struct_from_user(): 0, or why not. */
int mq_copy_struct_from_user(void *to, size_t size, const void *from, size_t from_size);

void mq_ratelimit_init(struct ratelimit_state *state);

/* Fills in a device attribute, whose handlers are unions in some configurations. */
void mq_device_attribute_init(struct device_attribute *attribute, const char *name, umode_t mode,
			      ssize_t (*show)(struct device *dev, struct device_attribute *attr,
					      char *buf),
			      ssize_t (*store)(struct device *dev, struct device_attribute *attr,
					       const char *buf, size_t count));

/* Makes a group of these attributes; the array ends with NULL. The name may be NULL. */
void mq_attribute_group_init(struct attribute_group *group, const char *name,
			     struct attribute **attributes);

#endif

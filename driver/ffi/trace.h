/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoints of the driver, under events/mq in tracefs. PIDs are those of the initial PID
 * namespace, sizes are the bytes of a message as it is read.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mq

#if !defined(MQ_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MQ_TRACE_H

#include <linux/pid.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

/* A name comes as the eight bytes that the driver compares names by, filled up with zeros. */
#ifndef MQ_NAME_HELPERS
#define MQ_NAME_HELPERS
#define mq_name_field(field) __array(char, field, sizeof(u64) + 1)
#define mq_name_assign(field, key)				\
	do {							\
		memcpy(__entry->field, &(key), sizeof(u64));	\
		__entry->field[sizeof(u64)] = '\0';		\
	} while (0)

enum mq_drop_cause {
	MQ_DROP_OVERFLOW,
	MQ_DROP_FLUSH,
	MQ_DROP_END,
};
#endif

TRACE_EVENT(mq_register,
	TP_PROTO(u64 name, struct pid *pid, u32 uid, u32 len),
	TP_ARGS(name, pid, uid, len),
	TP_STRUCT__entry(
		mq_name_field(name)
		__field(int, pid)
		__field(u32, uid)
		__field(u32, len)
	),
	TP_fast_assign(
		mq_name_assign(name, name);
		__entry->pid = pid_nr(pid);
		__entry->uid = uid;
		__entry->len = len;
	),
	TP_printk("name=%s pid=%d uid=%u len=%u",
		  __entry->name, __entry->pid, __entry->uid, __entry->len)
);

TRACE_EVENT(mq_unregister,
	TP_PROTO(u64 name, struct pid *pid, u32 discarded),
	TP_ARGS(name, pid, discarded),
	TP_STRUCT__entry(
		mq_name_field(name)
		__field(int, pid)
		__field(u32, discarded)
	),
	TP_fast_assign(
		mq_name_assign(name, name);
		__entry->pid = pid_nr(pid);
		__entry->discarded = discarded;
	),
	TP_printk("name=%s pid=%d discarded=%u",
		  __entry->name, __entry->pid, __entry->discarded)
);

TRACE_EVENT(mq_send,
	TP_PROTO(u64 from, struct pid *from_pid, u64 to, struct pid *to_pid, u32 bytes),
	TP_ARGS(from, from_pid, to, to_pid, bytes),
	TP_STRUCT__entry(
		mq_name_field(from)
		__field(int, from_pid)
		mq_name_field(to)
		__field(int, to_pid)
		__field(u32, bytes)
	),
	TP_fast_assign(
		mq_name_assign(from, from);
		__entry->from_pid = pid_nr(from_pid);
		mq_name_assign(to, to);
		__entry->to_pid = pid_nr(to_pid);
		__entry->bytes = bytes;
	),
	TP_printk("from=%s from_pid=%d to=%s to_pid=%d bytes=%u",
		  __entry->from, __entry->from_pid, __entry->to, __entry->to_pid, __entry->bytes)
);

TRACE_EVENT(mq_receive,
	TP_PROTO(u64 name, struct pid *pid, u32 bytes),
	TP_ARGS(name, pid, bytes),
	TP_STRUCT__entry(
		mq_name_field(name)
		__field(int, pid)
		__field(u32, bytes)
	),
	TP_fast_assign(
		mq_name_assign(name, name);
		__entry->pid = pid_nr(pid);
		__entry->bytes = bytes;
	),
	TP_printk("name=%s pid=%d bytes=%u", __entry->name, __entry->pid, __entry->bytes)
);

TRACE_DEFINE_ENUM(MQ_DROP_OVERFLOW);
TRACE_DEFINE_ENUM(MQ_DROP_FLUSH);
TRACE_DEFINE_ENUM(MQ_DROP_END);

TRACE_EVENT(mq_drop,
	TP_PROTO(u64 name, struct pid *pid, enum mq_drop_cause cause, u32 messages),
	TP_ARGS(name, pid, cause, messages),
	TP_STRUCT__entry(
		mq_name_field(name)
		__field(int, pid)
		__field(int, cause)
		__field(u32, messages)
	),
	TP_fast_assign(
		mq_name_assign(name, name);
		__entry->pid = pid_nr(pid);
		__entry->cause = cause;
		__entry->messages = messages;
	),
	TP_printk("name=%s pid=%d cause=%s messages=%u", __entry->name, __entry->pid,
		  __print_symbolic(__entry->cause,
				   { MQ_DROP_OVERFLOW, "overflow" },
				   { MQ_DROP_FLUSH, "flush" },
				   { MQ_DROP_END, "end" }),
		  __entry->messages)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Records of /dev/mq: the interface for programs. The text interface needs nothing from here.
 *
 * A file is opened for text. Once it has been switched by MQ_IOC_SET_FORMAT, write() takes records
 * that begin with a struct mq_send, and read() gives records that begin with a struct mq_received.
 * A record is its header, the bytes of the text, and zero bytes up to a multiple of MQ_ALIGN.
 *
 * All numbers are in the byte order of the machine. What is reserved is zero, in both directions;
 * flags that are not known here are refused with EINVAL. Structures grow at the end: the size in
 * the number of an ioctl, or in the header of a record, tells the version. A larger one than the
 * driver knows is accepted if what is behind is zero, and refused with E2BIG otherwise.
 */
#ifndef _UAPI_LINUX_MQ_H
#define _UAPI_LINUX_MQ_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MQ_NAME_SIZE		8	/* a name, zero bytes behind it; none if it has 8 bytes */
#define MQ_ALIGN		8	/* where records begin, counted from the first */
#define MQ_PRIORITY_MAX		65535	/* the highest priority; the lowest is 0, as that of text */

/*
 * One record of write(). It takes one or many, and carries them out in order. It returns the bytes
 * of those that were carried out; an error is returned only if the first record has it.
 */
struct mq_send {
	__u32 size;			/* of header, text and padding, which the last may lack */
	__u16 header_size;		/* sizeof(struct mq_send) */
	__u16 flags;			/* MQ_SEND_* */
	__u32 text_size;		/* at least 1 */
	__u32 priority;			/* higher ones are received first */
	__u8 to[MQ_NAME_SIZE];		/* zero bytes if it is a broadcast */
	__u64 timeout;			/* with MQ_SEND_WAIT: nanoseconds to wait at most, 0: no limit */
};

#define MQ_SEND_WAIT		0x0001	/* wait for room: nothing is dropped */
#define MQ_SEND_BROADCAST	0x0002	/* to all but the sender; not with MQ_SEND_WAIT */

/*
 * One record of read(), which returns as many whole ones as fit and are there. EMSGSIZE: not even
 * the first fits, and it stays in the queue. Messages that were sent as text are records, too. Their
 * time is known if any file was in MQ_FORMAT_RECORDS when they were sent.
 */
struct mq_received {
	__u32 size;			/* of header, text and padding: the next one begins there */
	__u16 header_size;		/* where the text begins; may grow */
	__u16 flags;			/* MQ_RECEIVED_* */
	__u32 text_size;
	__u32 priority;
	__u8 from[MQ_NAME_SIZE];	/* the sender's name */
	__u32 pid;			/* the sender's, 0 if the reader cannot see it */
	__u32 uid;			/* the sender's, or the overflow id */
	__u64 sequence;			/* number of the message in its queue, the first is 1 */
	__u64 time;			/* nanoseconds of CLOCK_BOOTTIME when it was sent, 0: not known */
	__u64 lost;			/* messages lost from the queue that no record told of yet */
};

#define MQ_RECEIVED_BROADCAST	0x0001	/* it was sent to all */

/* What read() and write() of an open file mean. EBUSY: a line is half read through the file. */
struct mq_format {
	__u32 format;			/* MQ_FORMAT_* */
	__u32 flags;			/* none so far */
};

#define MQ_FORMAT_TEXT		0
#define MQ_FORMAT_RECORDS	1

/* A registration that belongs to the open file, and ends with its last close. */
struct mq_registration {
	__u8 name[MQ_NAME_SIZE];
	__u32 flags;			/* none so far */
	__u32 reserved;
};

/*
 * What to receive through a file in MQ_FORMAT_RECORDS: one record, whose bytes are returned. Errors
 * are those of read(), and ETIMEDOUT.
 */
struct mq_receive {
	__u64 buffer;			/* address of room for the record */
	__u32 size;			/* bytes of it */
	__u32 flags;			/* MQ_RECEIVE_* */
	__u8 from[MQ_NAME_SIZE];	/* zero bytes without MQ_RECEIVE_FROM */
	__u64 timeout;			/* nanoseconds to wait at most, 0: no limit */
};

#define MQ_RECEIVE_PEEK		0x0001	/* leave in the queue what is received */
#define MQ_RECEIVE_FROM		0x0002	/* only what was sent by this name */
#define MQ_RECEIVE_DONTWAIT	0x0004	/* EAGAIN where there is nothing */

#define MQ_IOC_TYPE		0xBD

#define MQ_IOC_SET_FORMAT	_IOW(MQ_IOC_TYPE, 1, struct mq_format)
#define MQ_IOC_REGISTER		_IOW(MQ_IOC_TYPE, 2, struct mq_registration)
#define MQ_IOC_UNREGISTER	_IO(MQ_IOC_TYPE, 3)
#define MQ_IOC_RECEIVE		_IOW(MQ_IOC_TYPE, 4, struct mq_receive)

#endif /* _UAPI_LINUX_MQ_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * echo NAME registers NAME, and sends each message back to where it came from, as urgent as it was.
 *
 * It uses the interface for programs, mq(4). Many messages are read by one system call, and all
 * answers to them are written by one. An answer waits for room in the queue of who asked, but not
 * longer than a second, so that nobody holds up the others for long. To compile it:
 *
 *	cc -I include/uapi echo.c
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/mq.h>

#define SECOND 1000000000

/* Room for one message of any length, or for many short ones. */
static _Alignas(MQ_ALIGN) uint8_t received[128 * 1024];
static _Alignas(MQ_ALIGN) uint8_t answers[128 * 1024];

static void fail(const char *what)
{
	fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static int open_registered(const char *name)
{
	struct mq_format records = { .format = MQ_FORMAT_RECORDS };
	struct mq_registration registration = { 0 };
	int device = open("/dev/mq", O_RDWR | O_CLOEXEC);

	if (device < 0)
		fail("/dev/mq");
	if (strlen(name) > MQ_NAME_SIZE) {
		errno = EINVAL;
		fail(name);
	}
	memcpy(registration.name, name, strlen(name));
	if (ioctl(device, MQ_IOC_SET_FORMAT, &records) ||
	    ioctl(device, MQ_IOC_REGISTER, &registration))
		fail(name);
	return device;
}

static void show(const struct mq_received *message, const uint8_t *text)
{
	printf("%.*s (process %u, user %u), priority %u, number %llu", MQ_NAME_SIZE,
	       (const char *)message->from, message->pid, message->uid, message->priority,
	       (unsigned long long)message->sequence);
	if (message->lost)
		printf(", after %llu that were lost", (unsigned long long)message->lost);
	printf(": %.*s\n", (int)message->text_size, (const char *)text);
}

/* Puts the answer to a message at the place given, and returns its size. */
static uint32_t answer(const struct mq_received *message, const uint8_t *text, uint8_t *place)
{
	struct mq_send header = {
		.header_size = sizeof(header),
		.flags = MQ_SEND_WAIT,
		.text_size = message->text_size,
		.priority = message->priority,
		.timeout = SECOND,
	};
	uint32_t used = sizeof(header) + message->text_size;

	header.size = (used + MQ_ALIGN - 1) / MQ_ALIGN * MQ_ALIGN;
	memcpy(header.to, message->from, MQ_NAME_SIZE);
	memset(place + header.size - MQ_ALIGN, 0, MQ_ALIGN);
	memcpy(place, &header, sizeof(header));
	memcpy(place + sizeof(header), text, message->text_size);
	return header.size;
}

/* Writes all answers. Where one cannot be sent, says so, and goes on with the next. */
static void send_all(int device, const uint8_t *records, size_t size)
{
	while (size > 0) {
		const struct mq_send *first = (const void *)records;
		ssize_t written = write(device, records, size);

		if (written < 0) {
			fprintf(stderr, "echo: no answer to %.*s: %s\n", MQ_NAME_SIZE,
				(const char *)first->to, strerror(errno));
			written = first->size;
		}
		records += written;
		size -= written;
	}
}

int main(int argc, char **argv)
{
	int device;

	if (argc != 2) {
		fprintf(stderr, "usage: echo NAME\n");
		return EXIT_FAILURE;
	}
	device = open_registered(argv[1]);
	setlinebuf(stdout);
	for (;;) {
		ssize_t length = read(device, received, sizeof(received));
		size_t at = 0, size = 0;

		if (length <= 0) {
			if (length == 0)
				return EXIT_SUCCESS; /* Somebody has ended the registration. */
			fail("read");
		}
		/* A later driver may have a longer header: header_size tells where the text begins. */
		while (at < (size_t)length) {
			const struct mq_received *message = (const void *)(received + at);
			const uint8_t *text = received + at + message->header_size;

			show(message, text);
			/* An answer is no longer than its message. */
			size += answer(message, text, answers + size);
			at += message->size;
		}
		send_all(device, answers, size);
	}
}

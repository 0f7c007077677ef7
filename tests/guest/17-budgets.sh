#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# How much memory queues and users may take.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program queue_bytes
program user_bytes
program subordinate

fresh QUEUE_BYTES=65536 MAX_BYTES_PER_USER=131072
for name in one two; do
	mq-test as 1000 mq-test hold $name &
	keep $!
	eventually listed $name
done
is 'QUEUE_BYTES and MAX_BYTES_PER_USER of the load: a third registration gets EDQUOT' \
	"$(mq-test as 1000 mq-test try '/reg three')" EDQUOT
gives 'root is not held to MAX_BYTES_PER_USER' ok '/reg three'
finish

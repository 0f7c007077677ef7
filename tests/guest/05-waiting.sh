#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Waiting: in read, poll, select, epoll, io_uring and AIO, not waiting, and with a shell's `read -t`.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program waiting
program multiplex
program inherited_polls
program uring
program aio
program nowait

fresh
exec 3<>/dev/mq
echo '/reg shell' >&3
start=$(cut -d. -f1 /proc/uptime)
read -r -t 1 line <&3
status=$?
took=$(($(cut -d. -f1 /proc/uptime) - start))
ok 'read -t on an empty queue gives up with an error' [ $status -ne 0 ]
ok 'read -t gives up after its time, not before and not much later' [ $took -ge 1 -a $took -le 30 ]
(
	usleep 200000
	echo '/msg shell in time' >&3
) &
read -r -t 10 line <&3
is 'read -t gets a message that comes in time' "$line" 'shell in time'
echo '/msg shell waiting already' >&3
read -r -t 10 line <&3
is 'read -t gets a message that waits' "$line" 'shell waiting already'
exec 3>&-
finish

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the driver logs: what an operator wants to know, in one line each, never more than a few at once.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

# tells NAME [WORD...]: since the mark the driver has logged one line, with all the words, and nothing else.
tells() {
	name=$1
	shift
	lines=$(logged)
	found=$lines
	for word; do
		found=$(echo "$found" | grep -F -i -e "$word")
	done
	ok "$name" [ "$(echo "$found" | grep -c '^mq_driver: ')" = 1 ]
	[ "$lines" = "$found" ] || echo "$lines" | sed 's/^/# /'
	mark
}

fresh MAX_DEVICES=2 QUEUE_LEN=2 MAX_PER_USER=1
hold one
hold two
mark
mq-test as 1001 mq-test try '/reg three' >/dev/null
tells 'a registration refused for a full table is logged with its user' 1001
release two
mq-test as 1000 mq-test hold two &
keep $!
eventually listed two
echo 4 >"$sys/max_devices"
mark
mq-test as 1000 mq-test try '/reg three' >/dev/null
tells 'a registration refused for a used-up share is logged with its user' 1000
echo 65536 >"$sys/queue_bytes"
echo 65535 >"$sys/max_bytes_per_user"
mark
mq-test as 1001 mq-test try '/reg more' >/dev/null
tells 'a registration refused for used-up bytes is logged with its user and the parameters' \
	1001 MAX_BYTES_PER_USER QUEUE_BYTES
echo 0 >"$sys/queue_bytes"
echo 0 >"$sys/max_bytes_per_user"
mq-test try '/reg s' '/msg one 1' '/msg one 2' '/msg one 3' >/dev/null
tells 'a drop by overflow is logged with the name of the queue' one
mq-test try '/reg gone' '/msg gone 1' '/msg gone 2' '/unr' >/dev/null
tells 'messages discarded by /unr are logged with name and count' gone 2
sh -c 'exec 3<>/dev/mq; echo "/reg dead" >&3; echo "/msg dead x" >&3'
tells 'messages discarded by the end of a process are logged with name and count' dead 1
echo one >"$sys/flush"
tells 'a flush is logged with name and count' one 2
echo one >"$sys/evict"
tells 'an eviction is logged with the name' one
exec 3<>/dev/mq
mq-test as 1000 mq-test try --fd 3 '/reg x' >/dev/null
exec 3>&-
tells 'registering through a file of another user is logged with the user' 1000
mq-test try '/reg s' '/unreg two' >/dev/null
tells 'unregistering somebody else is logged' refused
mq-test try '/reg s' '/msg two x' '/unr' >/dev/null
is 'what is as it should be is not logged' "$(logged)" ''

fresh
mark
mq-test try '/reg \x1b[31mx' '/\x1b[0m x' '\x1b' >/dev/null
mq-test try '/reg bob' '/msg \x1b\x07 x' '/msg bob \x1b[31m\x08' '/unreg \x1b' '/unr' >/dev/null
mq-test put "$sys/flush" "$(printf '\033[31m')" >/dev/null
mq-test put "$sys/evict" "$(printf '\033[31m')" >/dev/null
mq-test put "$sys/queue_len" "$(printf '\033[31m')" >/dev/null
is 'control characters never reach the log' "$(logged | grep '[^ -~]')" ''

fresh
hold bob
mark
# A thousand drops, one cause.
mq-test flood bob 1008
lines=$(logged | wc -l)
ok 'a flood of drops is a few lines in the log' [ "$lines" -ge 1 -a "$lines" -le 50 ]
is 'what was suppressed is counted' "$(cat "$sys/stats/log_suppressed")" $((1000 - lines))
mark
exec 3<>/dev/mq
mq-test as 1000 mq-test try --fd 3 '/reg x' >/dev/null
exec 3>&-
tells 'a flood of one cause does not hide another' refused
mq-test flood nobody 1000
lines=$(logged | wc -l)
ok 'a flood of refusals is a few lines in the log at most' [ "$lines" -le 50 ]
finish

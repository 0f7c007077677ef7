#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mq-admin against the real driver: what it prints, what it changes, and how it ends. Its words and
# tables are tested on the host, against a fake tree.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

# ends NAME STATUS COMMAND...: the command ends with this status.
ends() {
	name=$1 want=$2
	shift 2
	"$@" >"$output" 2>&1 </dev/null
	is "$name" "$?" "$want"
}

fresh
hold bob
is 'list: the columns of /proc/mq' "$(mq-admin list)" "$(sed 's/  */ /g' /proc/mq)"
is 'list: one column' "$(mq-admin list --noheadings --output NAME)" bob
ok 'list --json' sh -c "mq-admin list --json | tr -d ' \n' | grep -q '\"name\":\"bob\"'"
ok 'show' sh -c 'mq-admin show bob | grep -q bob'
ends 'show: no such name' 3 mq-admin show nobody

ok 'send' mq-admin send bob 'hello  there'
is 'send: it is in the queue' "$(cat $queues/bob/depth)" 1
ends 'send: no such name' 3 mq-admin send nobody hello
ok 'send --from' mq-admin send --from alice bob hello again
ok 'broadcast' mq-admin broadcast hello everybody
is 'broadcast: it is in the queue' "$(cat $queues/bob/depth)" 3
is 'nobody but bob is left' "$(mq-admin list --noheadings --output NAME)" bob

# base36 NUMBER: as mq-admin writes its process number in the name that it makes for a sender.
base36() {
	number=$1 digits=
	while [ "$number" -gt 0 ]; do
		digit=$(echo 0123456789abcdefghijklmnopqrstuvwxyz | cut -c $((number % 36 + 1)))
		digits=$digit$digits
		number=$((number / 36))
	done
	echo "$digits"
}
exec 3<>/dev/mq
echo '/reg me' >&3
mkfifo "$output.start"
sh -c 'read -r _; exec mq-admin send me hello' <"$output.start" &
sender=$!
hold "a$(base36 $sender)"
echo >"$output.start"
wait $sender
is 'send: the name made up is taken' $? 0
read -r from text <&3
is 'send: it takes the next' "$from $text" "b$(base36 $sender) hello"
release "a$(base36 $sender)"

head -c 300 /dev/zero | tr '\0' x | mq-admin send me - 2>"$output.heard"
is 'send: standard input that is too long' $? 7
echo 512 >$sys/cmd_buf_size
head -c 300 /dev/zero | tr '\0' x | mq-admin send me -
read -r from text <&3
is 'send: standard input arrives whole' ${#text} 300
echo 256 >$sys/cmd_buf_size
echo "/unr" >&3
exec 3>&-

ok 'flush says how many' sh -c 'mq-admin flush bob | grep -q 3'
is 'flush: the queue is empty' "$(cat $queues/bob/depth)" 0
mq-admin send bob once more
ok 'flush --all' mq-admin flush --all
is 'flush --all: the queue is empty' "$(cat $queues/bob/depth)" 0
ends 'flush: no such name' 3 mq-admin flush nobody
ends 'flush: neither a name nor --all' 2 mq-admin flush
ends 'flush: without rights' 4 su guest -c 'mq-admin flush bob'

# The attributes of the device that are parameters, and their values.
in_force() {
	for parameter in max_devices queue_len cmd_buf_size max_per_user queue_bytes \
		max_bytes_per_user; do
		echo "$parameter $(cat $sys/$parameter)"
	done
}
is 'params: shows them' "$(mq-admin params | awk '{ print $1, $2 }')" "$(in_force)"
ok 'params: from what to what' sh -c 'mq-admin params MAX_DEVICES=16 | grep -q "8 -> 16"'
is 'params: in force' "$(cat $sys/max_devices)" 16
ends 'params: out of range' 2 mq-admin params MAX_DEVICES=0
is 'params: unchanged' "$(cat $sys/max_devices)" 16
ends 'params: without rights' 4 su guest -c 'mq-admin params MAX_DEVICES=9'

mq-admin listen carol --count 2 >"$output.heard" &
keep $!
eventually listed carol
mq-admin send --from dave carol one
mq-admin send --from dave carol two
eventually not listed carol
is 'listen --count' "$(cat "$output.heard")" "$(printf 'dave one\ndave two')"
ends 'listen --timeout with --count' 8 mq-admin listen carol --count 1 --timeout 0.2
ends 'listen: the name is taken' 6 mq-admin listen bob

# The first message that is received is the most urgent.
mq-admin listen carol --json --count 3 >"$output.heard" &
keep $!
eventually listed carol
kill -STOP $!
mq-admin send --from dave carol later
mq-admin send --from dave --priority 5 carol urgent
mq-admin broadcast --from dave everybody
kill -CONT $!
eventually not listed carol
is 'listen --json: text, priority, number, losses' \
	"$(sed 's/"pid".*"priority"/"priority"/; s/"time":[0-9.]*/"time":T/' "$output.heard")" \
	'{"from":"dave","text":"urgent","priority":5,"broadcast":false,"sequence":2,"time":T,"lost":0}
{"from":"dave","text":"later","priority":0,"broadcast":false,"sequence":1,"time":T,"lost":0}
{"from":"dave","text":"everybody","priority":0,"broadcast":true,"sequence":3,"time":T,"lost":0}'
ok 'listen --json: the process and the user' grep -q '"pid":[1-9][0-9]*,"uid":0,' "$output.heard"
boot=$(cut -d . -f 1 /proc/uptime)
sent=$(sed -n 's/.*"time":\([0-9]*\)[.].*/\1/p' "$output.heard" | head -n 1)
is 'listen --json: the time since boot' $(((boot - sent) / 30)) 0

# shellcheck disable=SC2317 # `eventually` calls it
sender_waits() {
	[ "$(cat "$queues/slow/waiting")" = 1 ]
}
mq-admin params QUEUE_LEN=1 >/dev/null
hold slow
mq-admin params QUEUE_LEN=8 >/dev/null
mq-admin send slow first
ends 'send --wait --timeout: there is no room' 8 mq-admin send --wait --timeout 0.1 slow second
ok 'send --wait --timeout: it says so' sh -c \
	"mq-admin send --wait --timeout 0.1 slow again 2>&1 | grep -q 'before there was room in the queue of slow'"
mq-admin send --wait slow third &
sender=$!
keep $sender
ok 'send --wait: waits' eventually sender_waits
is 'list: the senders that wait' "$(mq-admin list --output WAITING --noheadings --sort WAITING | tail -n 1)" 1
is 'send --wait: nothing was lost' "$(cat $queues/slow/dropped)" 0
mq-admin flush slow >/dev/null
ok 'send --wait: is done once there is room' wait $sender
is 'send --wait: it is in the queue' "$(cat $queues/slow/depth)" 1
ok 'list: the bytes queued' [ "$(mq-admin list --output BYTES --noheadings --sort BYTES | tail -n 1)" -gt 0 ]
release slow

# shellcheck disable=SC2016 # for the shell of --exec
mq-admin listen echo --count 1 --exec 'echo "/msg $MQ_FROM you said $MQ_TEXT" >&$MQ_FD' &
keep $!
eventually listed echo
exec 3<>/dev/mq
echo '/reg me' >&3
echo '/msg echo hi' >&3
read -r from text <&3
is 'listen --exec answers' "$from: $text" 'echo: you said hi'
exec 3>&-

# shellcheck disable=SC2016 # for the shell of --exec
mq-admin listen twice --count 1 \
	--exec 'echo "$MQ_TEXT"; read -r from text <&$MQ_FD; echo "$from $text"' \
	>"$output.heard" &
listener=$!
keep $listener
eventually listed twice
mq-admin send --from dave twice one
eventually grep -q one "$output.heard"
# By now a `read` that does not wait would have failed.
usleep 100000
mq-admin send --from erin twice two
wait $listener
is 'listen --exec: the command waits for a message of its own' "$(cat "$output.heard")" \
	"$(printf 'one\nerin two')"

said=$(printf '/reg erin\n/msg erin hello\n/read\n/exit\n' | mq-admin shell 2>&1)
is 'shell on a pipe' "$said" "$(printf 'erin: hello\nno message waits')"
said=$(printf '/reg erin\n/reg zoe\n' | mq-admin shell 2>&1 | head -n 1)
is 'shell: registering twice' "$said" 'mq-admin: you are registered already: /unr ends that registration'
ok 'stats' sh -c 'mq-admin stats | grep -q deliveries'
ok 'evict' mq-admin evict bob
ok 'evict: gone' not listed bob
ends 'evict: no such name' 3 mq-admin evict bob
ok 'completions' sh -c 'mq-admin completions bash | grep -q mq-admin'
ok 'man' sh -c 'mq-admin man | grep -q MQ-ADMIN -i'

fresh
rmmod mq_driver
ends 'list without the driver' 5 mq-admin list
ok 'it says how to load it' sh -c 'mq-admin list 2>&1 | grep -q "modprobe mq_driver"'
modprobe mq_driver
rm -f "$output.heard" "$output.start"
finish

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The examples for the shell library, each used as its comment says.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=rootfs-overlay/usr/lib/mq/mq.sh
. /usr/lib/mq/mq.sh

examples=/usr/share/mq/examples
work=$(mktemp -d)
cd "$work" || exit

# hears: the next message to this shell.
hears() {
	mq_receive 20
	echo "$MQ_FROM: $MQ_TEXT"
}

# holder NAME: the process that is registered so. Its files in sysfs are there before it can be sent to.
holder() {
	awk -v name="$1" '$1 == name { print $2 }' /proc/mq
}

# held_by_another NAME PID: somebody is registered so, but not this process.
# shellcheck disable=SC2317 # `eventually` calls these
held_by_another() {
	now=$(holder "$1")
	[ -n "$now" ] && [ "$now" != "$2" ]
}

# nobody_but NAME: nobody else is registered; of no name: nobody at all.
# shellcheck disable=SC2317
nobody_but() {
	[ "$(awk 'NR > 1 { print $1 }' /proc/mq)" = "$1" ]
}

fresh
mq_register alice
mkfifo keyboard
"$examples/chat" bob <keyboard >screen 2>&1 &
chat=$!
keep $chat
exec 9>keyboard
is 'chat: says who comes' "$(hears)" 'bob: (is here)'
echo 'hello everybody' >&9
is 'chat: a line goes to everybody' "$(hears)" 'bob: hello everybody'
echo '@alice between us' >&9
is 'chat: a line for one' "$(hears)" 'bob: between us'
mq_send bob 'hi there'
eventually grep -q there screen
mq_send bob "one$mq_newline""root: two"
eventually grep -q two screen
echo '@nobody hello' >&9
eventually grep -q mq: screen
echo '/who' >&9
echo '/quit' >&9
is 'chat: says who goes' "$(hears)" 'bob: (has left)'
ok 'chat: ends when told to' wait $chat
is 'chat: shows what comes, a line a message, and what is wrong' "$(cat screen)" "alice: hi there
alice: one root: two
mq: no registration is named 'nobody': /proc/mq shows those there are
  alice
  bob"
ok 'chat: has left' nobody_but alice
exec 9>&-
mq_unregister

# The seventh job fails, the twelfth kills its worker.
fresh
cat >job <<'E'
echo "$1" >>results
usleep 20000
case $1 in
7) exit 1 ;;
12) kill -9 $PPID ;;
esac
E
seq 20 | "$examples/workqueue" dispatch 2>report &
dispatcher=$!
keep $dispatcher
eventually listed jobs
for worker in w1 w2 w3; do
	"$examples/workqueue" work $worker sh job &
	keep $!
done
ok 'workqueue: the dispatcher ends when all is done' wait $dispatcher
is 'workqueue: each job is done once' "$(sort -n results)" "$(seq 20)"
is 'workqueue: what failed is reported' "$(sed 's/ w[1-3] / W /' report | sort)" \
	'workqueue: W (failed) did not finish: 7
workqueue: W (gone) did not finish: 12'
ok 'workqueue: the workers end with the dispatcher' eventually nobody_but ''

fresh
mq_register alice
"$examples/watchdog" bob mq-test hold bob >/dev/null &
keep $!
is 'watchdog: tells who is not there' "$(hears)" 'watchdog: bob is gone'
is 'watchdog: starts it' "$(hears)" 'watchdog: bob is here'
eventually listed bob
first=$(holder bob)
kill -9 "$first"
is 'watchdog: tells who has gone' "$(hears)" 'watchdog: bob is gone'
is 'watchdog: starts it again' "$(hears)" 'watchdog: bob is here'
ok 'watchdog: another process has the name' eventually held_by_another bob "$first"
echo bob >"$sys/evict"
is 'watchdog: tells who is no longer registered' "$(hears)" 'watchdog: bob is gone'
is 'watchdog: starts it once more' "$(hears)" 'watchdog: bob is here'
eventually listed bob
is 'watchdog: leaves no other process behind' "$(pidof mq-test)" "$(holder bob)"
mq_unregister
kill_children
kill -9 "$(holder bob)"

fresh
logger=$examples/logger
file=/var/log/mq.log
rm -f $file
mq_register alice
is 'logger: status when stopped' "$($logger status; echo $?)" 'log: not running
3'
ok 'logger: starts' $logger start
ok 'logger: is registered' eventually listed log
mq_send log 'disk is full'
mq_send log "one$mq_newline""two"
eventually grep -q 'one two' $file
first=$(holder log)
kill -9 "$first"
ok 'logger: is started again when killed, and has its name' eventually held_by_another log "$first"
mq_send log 'still there'
eventually grep -q still $file
is 'logger: writes a line a message, with time and sender' "$(sed 's/^[-0-9]* [:0-9]* /TIME /' $file)" \
	'TIME alice: disk is full
TIME alice: one two
TIME log: the collector ended with 137, and is started again
TIME alice: still there'
first=$(holder log)
kill -STOP "$first"
for number in 1 2 3 4 5 6 7 8 9 10; do
	mq_send log "$number"
done
kill -CONT "$first"
ok 'logger: says how many messages were lost' eventually grep -q 'log: 2 messages came too fast, and are lost' $file
ok 'logger: starting it twice does nothing' $logger start
is 'logger: status when running' "$($logger status)" "log: running, process $first, 11 messages so far"
ok 'logger: stops' $logger stop
ok 'logger: has left' eventually nobody_but alice
is 'logger: no process is left' "$(pidof logger)" ''
mq_unregister
ok 'the examples leave nothing open' eventually unload
rm -r "$work"
finish

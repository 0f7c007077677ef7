#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tests' own tools: a process that dies where it should not is noticed, wherever it runs.
# shellcheck disable=SC2317 # `aside` and `eventually` call the functions
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

# aside COMMAND...: what a function of lib.sh prints and counts, but for remarks; it is no result of this script.
aside() {
	(
		# shellcheck disable=SC2034 # a variable of lib.sh
		children='' count=0 output=$(mktemp)
		"$@"
		echo "$count counted"
		rm -f "$output"
	) | grep -v '^#'
}

# has_child PARENT: the process has one, and `child` is it.
has_child() {
	child=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent="$1" '$4 == parent { print $1; exit }')
	[ -n "$child" ]
}

# Far longer than it takes to find a process meanwhile. What is broken ends when that is noticed.
seconds=600

# The workers are children of the test, which is a child of the program.
stress_loses_a_worker() {
	mq-test stress "$seconds" everything &
	eventually has_child $! && eventually has_child "$child" && kill -ABRT "$child"
	wait $!
}

stress_is_killed() {
	mq-test stress "$seconds" everything &
	eventually has_child $! && kill -ABRT $! && kill -KILL "-$child"
	wait $!
}

noise_loses_a_maker() {
	mq-test noise "$seconds" &
	eventually has_child $! && kill -ABRT "$child"
	wait $!
	echo "ended with $?"
	killall -q -KILL mq-test
}

holder_dies() {
	hold bob
	kill -ABRT "$(pid_of bob)"
	eventually not listed bob
	"$@"
}

kept_fails() {
	sh -c 'exit 3' &
	keep $!
	eventually not grep -q -s -v ' Z ' "/proc/$!/stat"
	finish
}

fresh
is 'a test that dies or loses a process fails, and a topic that breaks off is noticed' \
	"$(aside program mishaps)" 'not ok - the test fails
not ok - the test aborts
not ok - the test ends with a status
not ok - a process aborts before it is killed
not ok - a process aborts and is left behind
not ok - a process of a process aborts
ok - all is well
not ok - mishaps comes to its end
8 counted'
is 'a topic that does not exist is noticed' "$(aside program nothing 2>&1 | grep -v '^mq-test: ')" \
	'not ok - nothing comes to its end
1 counted'
is 'a pattern that fits no test is noticed' "$(aside program mishaps nothing)" \
	'not ok - mishaps nothing comes to its end
1 counted'
is 'a test that passes is no trouble' "$(aside program mishaps well)" 'ok - all is well
ok - mishaps well comes to its end
2 counted'

is 'a stress run that loses a process fails' "$(aside results stress stress_loses_a_worker)" \
	'not ok - everything at once: order, stamps and accounts are right
ok - stress comes to its end
2 counted'
is 'a stress run that breaks off is noticed' "$(aside results stress stress_is_killed)" \
	'not ok - stress comes to its end
1 counted'
is 'noise that loses a process fails' "$(noise_loses_a_maker | grep -v '^#')" 'ended with 1'

died='not ok - the process bob=PID ended with 134 before its time'
is 'a holder that dies is noticed by release' "$(aside holder_dies release bob | sed 's/=[0-9]*/=PID/')" "$died
1 counted"
is 'a holder that dies is noticed by fresh' "$(aside holder_dies fresh | sed 's/=[0-9]*/=PID/')" "$died
1 counted"
is 'a process that ends badly is noticed at the end' "$(aside kept_fails | sed 's/=[0-9]*/=PID/')" \
	'not ok - the process -=PID ended with 3 before its time
1..1'
finish

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unloading, with and without traffic. With MQ_TEST_FAULTS=all every allocation of loading fails once, not only some of
# the last ones, which takes long on the debug kernel.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

# without_file NAME: a process that is registered and has no file open.
without_file() {
	sh -c "echo '/reg $1' >/dev/mq && exec sleep 1000" &
	pid=$!
	keep $pid
	# It has closed the file when it has become another program.
	eventually grep -q sleep "/proc/$pid/comm"
}

fresh
exec 3<>/dev/mq
# The kernel itself gives EAGAIN for a module in use, where one would expect EBUSY.
is 'rmmod is refused while a file is open' "$(mq-test unload)" EAGAIN
ok 'rmmod says so' not rmmod mq_driver
gives 'the driver goes on working after a refused rmmod' 'ok | ok | bob x\n' '/reg bob' '/msg bob x' '<'
echo '/reg shell' >&3
is 'rmmod is refused while a registered process has a file open' "$(mq-test unload)" EAGAIN
exec 3>&-
is 'rmmod succeeds once the file is closed, registered or not' "$(mq-test unload)" ok
ok 'nothing is left of the driver' not ls /dev/mq /proc/mq $sys

fresh
without_file bob
mq-test try '/reg s' '/msg bob one' '/msg bob two' >/dev/null
is 'rmmod succeeds with a registration and messages there' "$(cat $sys/registered) $(mq-test unload)" '1 ok'
ok 'the process lives on' kill -0 $pid
modprobe mq_driver
is 'a freshly loaded driver knows nobody' "$(cat $sys/registered) $(ls $queues)" '0 '
gives 'the name is free after loading again' ok '/reg bob'
end_child $pid
gives 'the end of a process that was registered before does no harm' 'ok | ok | bob x\n' '/reg bob' '/msg bob x' '<'

fresh
without_file bob
exec 4</proc/mq 5<$queues/bob/depth 6<$sys/registered
unload
cat <&4 >/dev/null 2>&1
cat <&5 >/dev/null 2>&1
cat <&6 >/dev/null 2>&1
exec 4<&- 5<&- 6<&-
ok 'open files of /proc/mq and sysfs outlive the driver' not loaded

fresh
program unloading

# traffic ROUNDS: loads and unloads the driver while processes use it whenever it is there.
traffic() {
	mq-test noise 3 &
	noise=$!
	for round in $(seq "$1"); do
		modprobe mq_driver || echo "round $round: cannot be loaded"
		usleep 20000
		eventually unload || echo "round $round: cannot be unloaded"
	done
	wait $noise || echo "the noise ended with $?"
}
kill_children
eventually unload
is 'loading and unloading under traffic' "$(traffic 15)" ''

# unreclaimable: kernel memory in KiB that is not a cache.
unreclaimable() {
	awk '/^(SUnreclaim|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo
}
cycles() {
	for _ in $(seq "$1"); do
		modprobe mq_driver
		mq-test try '/reg bob' '/msg bob x' '/all x' >/dev/null
		sh -c "echo '/reg left' >/dev/mq"
		eventually unload
	done
}
# shellcheck disable=SC2317 # `eventually` calls it
less() {
	[ "$(unreclaimable)" -lt $((before + 20)) ]
}
# Half a KiB a cycle is less than a leaked registration would be. A leak shows round after round; what
# is freed late, after a grace period, takes a few rounds to find its places.
leaks_nothing() {
	for _ in 1 2 3 4; do
		before=$(unreclaimable)
		cycles 40
		! eventually less || return 0
	done
	return 1
}
if [ -n "${MQ_TEST_DEBUG:-}" ]; then
	skip 'loading and unloading leaks nothing' 'KASAN holds back what is freed; kmemleak looks at the end'
else
	leaks_nothing && left=nothing || left=something
	is 'loading and unloading leaks nothing' "$left" nothing
fi
fresh
finish

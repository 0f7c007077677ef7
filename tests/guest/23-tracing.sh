#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What tells what has happened: tracepoints, totals, and fdinfo.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

tracing=/sys/kernel/tracing
fresh
if [ -d $tracing/events/mq ]; then
	# To note the names of all processes the kernel would patch its scheduler while that runs, which not every emulator
	# lives through: see qemu/run.
	echo 0 >$tracing/options/record-cmd
	echo 1 >$tracing/events/mq/enable
	echo >$tracing/trace
fi

exec 3<>/dev/mq
echo '/reg bob' >&3
echo '/msg bob hello' >&3
is 'fdinfo: for whom the file acts' "$(awk '/^mq-name:/ { print $2 }' /proc/$$/fdinfo/3)" bob
is 'fdinfo: nothing half read' "$(awk '/^mq-rest:/ { print $2 }' /proc/$$/fdinfo/3)" 0
dd bs=4 count=1 <&3 >/dev/null 2>&1
is 'fdinfo: what is left of a message' "$(awk '/^mq-rest:/ { print $2 }' /proc/$$/fdinfo/3)" 6
read -r rest <&3
is 'the rest' "$rest" hello
for number in 1 2 3 4 5 6 7 8 9; do
	echo "/msg bob $number" >&3
done
echo bob >$sys/flush
echo '/all nobody is there' >&3
echo '/msg bob the last' >&3
echo '/msg nobody hello' 2>/dev/null >&3
echo '/unr' >&3
is 'fdinfo: nobody' "$(awk '/^mq-name:/ { print $2 }' /proc/$$/fdinfo/3)" -
exec 3>&-

# total FILE WANT
total() {
	is "stats/$1" "$(cat $sys/stats/"$1")" "$2"
}

total sends 11
total broadcasts 1
total deliveries 11
total reads 1
total dropped_overflow 1
total dropped_flush 8
total dropped_end 1
total refused_enoent 1
total refused_eacces 0
total truncated 0

if [ -d $tracing/events/mq ]; then
	echo 0 >$tracing/events/mq/enable
	# traced EVENT FIELDS: how often it fired.
	traced() {
		grep -c "mq_$1: $2" $tracing/trace
	}
	is 'mq_register' "$(traced register "name=bob pid=$$ uid=0 len=8")" 1
	is 'mq_send' "$(traced send "from=bob from_pid=$$ to=bob to_pid=$$ bytes=")" 11
	is 'mq_receive' "$(traced receive "name=bob pid=$$ bytes=10")" 1
	is 'mq_drop: overflow' "$(traced drop "name=bob pid=$$ cause=overflow messages=1")" 1
	is 'mq_drop: flush' "$(traced drop "name=bob pid=$$ cause=flush messages=8")" 1
	is 'mq_drop: end' "$(traced drop "name=bob pid=$$ cause=end messages=1")" 1
	is 'mq_unregister' "$(traced unregister "name=bob pid=$$ discarded=1")" 1
else
	skip 'tracepoints' 'this kernel has no tracefs'
fi

# Each question for a capability that is answered with no is a line in an audit log.
asked=$tracing/events/capability/cap_capable
if [ -d $asked ]; then
	fresh
	# CAP_SYS_RESOURCE.
	echo 'cap == 24' >$asked/filter
	echo 1 >$asked/enable
	echo >$tracing/trace
	is 'an ordinary user does everything within the shares' \
		"$(mq-test as 1000 mq-test try '/reg bob' '/msg bob x' '/all x' '<' '/unr')" 'ok | ok | ok | bob x\n | ok'
	is 'CAP_SYS_RESOURCE is not asked for within the shares' "$(grep -c 'cap_capable: ' $tracing/trace)" 0
	echo 1 >"$sys/max_per_user"
	mq-test as 1000 mq-test hold one &
	keep $!
	eventually listed one
	is 'an ordinary user beyond the share' "$(mq-test as 1000 mq-test try '/reg two')" EDQUOT
	ok 'CAP_SYS_RESOURCE is asked for where a share is used up' grep -q 'cap_capable: ' $tracing/trace
	echo 0 >$asked/enable
	echo 0 >$asked/filter
else
	skip 'CAP_SYS_RESOURCE is not asked for within the shares' 'this kernel does not trace that'
fi
finish

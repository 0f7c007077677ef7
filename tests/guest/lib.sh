# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the guest tests share: results as TAP, a freshly loaded driver, processes that hold a registration, and
# waiting with a limit. A test sources it, says what it expects, and ends with `finish`. tests/boot uses it on the host.

tests=$(cd "$(dirname "$0")" && pwd)
PATH=$tests:$PATH
# For the tests that source this file.
# shellcheck disable=SC2034
sys=/sys/class/misc/mq queues=/sys/class/misc/mq/queues
output=$(mktemp)
children=
count=0

trap 'kill_children; rm -f "$output"' EXIT
trap 'exit 1' INT TERM

# ok NAME COMMAND...: the command succeeds.
ok() {
	name=$1
	shift
	count=$((count + 1))
	status=0
	"$@" >"$output" 2>&1 || status=$?
	if [ $status = 0 ]; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		echo "# failed with $status: $*"
		sed 's/^/#   /' "$output"
	fi
}

# is NAME GOT WANT: the two are the same.
is() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		printf 'got:  %s\nwant: %s\n' "$2" "$3" | sed 's/^/# /' | head -n 40| sed 's/^/# /'
	fi
}

# gives NAME WANT STEP...: what `mq-test try` prints for these steps.
gives() {
	name=$1
	want=$2
	shift 2
	is "$name" "$(mq-test try "$@")" "$want"
}

# skip NAME REASON: not applicable here.
skip() {
	count=$((count + 1))
	echo "ok - $1 # SKIP $2"
}

# program TOPIC [PATTERN]: the tests of `mq-test topic` are tests of this script.
program() {
	results "$*" mq-test topic "$@"
}

# results NAME COMMAND...: the tests whose results the command prints, after their number, are tests of this script.
# They are all there, and the status fits them.
results() {
	name=$1
	shift
	{
		"$@"
		echo "# $name ended with $?"
	} | tee "$output" | awk '!/^1\.\./ { print; fflush() }'
	lines=$(grep -c -E '^(not )?ok ' "$output")
	failed=0
	! grep -q '^not ok ' "$output" || failed=1
	count=$((count + lines))
	is "$name comes to its end" "$(grep -e '^1\.\.' -e "^# $name ended with " "$output")" \
		"1..$lines
# $name ended with $failed"
}

# not COMMAND...: the command fails.
not() {
	! "$@"
}

# eventually COMMAND...: the command succeeds within a while.
eventually() {
	tries=1000
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		usleep 10000
	done
}

# hold NAME: a process that is registered until `release NAME` or `fresh`.
hold() {
	mq-test hold "$1" &
	children="$children $1=$!"
	eventually listed "$1" || die "$1 cannot be registered"
}

# pid_of NAME: the process that holds it.
pid_of() {
	for child in $children; do
		[ "${child%%=*}" != "$1" ] || echo "${child#*=}"
	done
}

# release NAME: ends the process; it has been waited for on return.
release() {
	pid=$(pid_of "$1")
	end_helper "$1=$pid"
	children=$(echo "$children" | sed "s/ $1=$pid//")
}

# keep PID: a process that `fresh` kills, if it has not come to a good end until then.
keep() {
	children="$children -=$1"
}

end_child() {
	kill -9 "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# end_helper NAME=PID: a process of `hold`, which must still be there, or of `keep` (its name is -), which may have
# ended well. 127 is of one that was waited for already, or that a parent of this shell will wait for.
end_helper() {
	end_child "${1#*=}"
	ended=$?
	case ${1%%=*}:$ended in
	*:137 | *:127 | -:0) ;;
	*)
		count=$((count + 1))
		echo "not ok - the process $1 ended with $ended before its time"
		;;
	esac
}

kill_children() {
	for child in $children; do
		end_helper "$child"
	done
	children=
}

loaded() {
	[ -d /sys/module/mq_driver ]
}

unload() {
	! loaded || rmmod mq_driver 2>/dev/null
}

# fresh [PARAMETER=VALUE...]: nobody is registered, the driver was just loaded.
fresh() {
	kill_children
	eventually unload || die "the driver cannot be unloaded"
	modprobe mq_driver "$@" || die "the driver cannot be loaded with: $*"
}

# listed NAME: there is a registration of this name.
listed() {
	grep -q "^$1 " /proc/mq
}

# deserted: nobody is registered, wherever one looks.
deserted() {
	[ "$(cat "$sys/registered") $(ls "$queues") $(wc -l </proc/mq)" = "0  1" ]
}

# row NAME [COLUMN]: the line of /proc/mq, blanks squeezed, or one column of it.
row() {
	awk -v name="$1" -v column="${2:-}" \
		'NR > 1 && $1 == name { if (column) print $column; else { $1 = $1; print } }' /proc/mq
}

# mark: what the kernel logs from here on is what `logged` prints, times removed.
mark() {
	echo "mark of $0" >/dev/kmsg
}

logged() {
	dmesg | awk -v mark="mark of $0" '
		index($0, mark) { lines = ""; next }
		{ sub(/^\[ *[0-9.]+\] /, ""); lines = lines $0 "\n" }
		END { printf "%s", lines }'
}

die() {
	echo "Bail out! $*"
	exit 1
}

# The plan, without which the script counts as failed.
finish() {
	kill_children
	echo "1..$count"
	exit 0
}

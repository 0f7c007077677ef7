# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Named message queues for scripts, in BusyBox ash, dash and bash: `. /usr/lib/mq/mq.sh`, and then
#
#   mq_register NAME         registers this shell
#   mq_send NAME TEXT...     puts a message into a queue; several words become one text
#   mq_broadcast TEXT...     puts a message into every other queue
#   mq_receive [SECONDS]     takes the next message: MQ_FROM is who sent it, MQ_TEXT its text; waits until there is one
#   mq_unregister            ends the registration
#
# Whatever goes wrong is one line on standard error, and a status as mq-admin has it: see /usr/share/mq/README. Names
# that start with `mq_` are the library's own.
#
# The shell itself opens the device, as file descriptor MQ_FD: one digit, to be set before mq_register. What it starts
# inherits that file and acts for the shell, which is how `dd` below can; what shall not is started with `3>&-`.

MQ_FD=${MQ_FD:-3}
mq_device=/dev/mq
mq_sys=/sys/class/misc/mq
mq_newline='
'
# dash can neither wait for a limited time nor take a single byte.
# shellcheck disable=SC3045
if printf x | read -r -t 1 -n 1 _ 2>/dev/null; then
	mq_read_waits=yes
else
	mq_read_waits=
fi

mq_register() {
	case ${1-} in
	'' | [.-]* | *[!A-Za-z0-9._-]* | ?????????*)
		mq_fail 2 "'${1-}' cannot be a name: that is 1 to 8 of A-Z a-z 0-9 . _ -, the first one not . or -"
		return
		;;
	esac
	case $MQ_FD in
	[3-9]) ;;
	*)
		mq_fail 2 "MQ_FD is '$MQ_FD', but has to be a digit from 3 to 9"
		return
		;;
	esac
	if ! [ -c "$mq_device" ]; then
		mq_fail 5 "the driver is not loaded: 'modprobe mq_driver' does that, as root"
	elif ! { eval "command exec $MQ_FD<>$mq_device"; } 2>/dev/null; then
		mq_fail 4 "$mq_device cannot be opened: see 'ls -l $mq_device'"
	elif ! mq_put "/reg $1"; then
		mq_why_not_registered "$1"
	fi
}

mq_send() {
	if [ $# -lt 2 ]; then
		mq_fail 2 'usage: mq_send NAME TEXT...'
		return
	fi
	case $1 in
	'' | *[!A-Za-z0-9._-]*)
		mq_no_such_name "$1"
		return
		;;
	esac
	mq_to=$1
	shift
	mq_write "/msg $mq_to" "$@"
}

mq_broadcast() {
	mq_to=
	mq_write /all "$@"
}

# shellcheck disable=SC2120 # the argument is optional
mq_receive() {
	MQ_FROM=
	MQ_TEXT=
	case ${1-} in
	*[!0-9.]*)
		mq_fail 2 'usage: mq_receive [SECONDS]'
		return
		;;
	esac
	mq_registered || return
	until mq_take_line "$@"; do
		# Otherwise a signal came, and its trap has been run.
		mq_registered || return
		[ -z "${1-}" ] || return 8
	done
	# A text may have newlines. Were each line a message, a sender could make one up that comes from somebody else.
	while mq_look && [ "$mq_rest" != 0 ]; do
		IFS= read -r mq_more <&"$MQ_FD" || break
		mq_line=$mq_line$mq_newline$mq_more
	done
	# shellcheck disable=SC2034 # for the caller
	MQ_FROM=${mq_line%% *} MQ_TEXT=${mq_line#* }
}

mq_unregister() {
	mq_status=0
	{ mq_registered && mq_put /unr; } || mq_status=9
	[ -z "$mq_open" ] || eval "exec $MQ_FD>&-"
	return "$mq_status"
}

# mq_fail STATUS SENTENCE
mq_fail() {
	printf 'mq: %s\n' "$2" >&2
	return "$1"
}

mq_no_such_name() {
	mq_fail 3 "no registration is named '$1': /proc/mq shows those there are"
}

# Looks at the open file: for whom it acts, into mq_name; how many bytes are left of a message that was begun, into
# mq_rest; whether it is the device at all, into mq_open.
mq_look() {
	mq_name=-
	mq_rest=0
	mq_open=
	{
		while IFS= read -r mq_row; do
			case $mq_row in
			mq-name:*) mq_open=yes mq_name=${mq_row#mq-name:?} ;;
			mq-rest:*) mq_rest=${mq_row#mq-rest:?} ;;
			esac
		done <"/proc/self/fdinfo/$MQ_FD"
	} 2>/dev/null || :
}

mq_registered() {
	mq_look
	[ "$mq_name" != - ] || mq_fail 9 'this shell is not registered, or no longer: mq_register NAME does that'
}

# mq_take_line [SECONDS]: the first line of a message, into mq_line. It is the shell itself that waits, so that a trap
# is run at once.
mq_take_line() {
	mq_first=
	if [ -z "${1-}" ]; then
		:
	elif [ -n "$mq_read_waits" ]; then
		# shellcheck disable=SC3045
		IFS= read -r -t "$1" -n 1 mq_first <&"$MQ_FD" || return
	else
		# shellcheck disable=SC2016 # $1 is for the other shell
		mq_first=$(mq_borrow -c 'read -r -t "$1" -n 1 first && printf %s "$first"' sh "$1" <&"$MQ_FD") || return
	fi
	IFS= read -r mq_line <&"$MQ_FD" || return
	mq_line=$mq_first$mq_line
}

# mq_borrow ARGUMENT...: a shell that can do what this one cannot.
mq_borrow() {
	if command -v busybox >/dev/null; then
		busybox sh "$@"
	else
		bash "$@"
	fi
}

# mq_put LINE: writes a command by the shell's own printf, so that it is this process that acts. That is one write(2)
# for a short line only: buffers are of 1024 bytes at least, and bash writes what ends in a newline.
mq_put() {
	{ printf '%s\n' "$1" >&"$MQ_FD"; } 2>/dev/null
}

# mq_write COMMAND WORD...: writes a command that takes a text.
mq_write() {
	mq_line=$1
	shift
	if [ -z "$*" ]; then
		mq_fail 2 'there is no text to send'
		return
	fi
	for mq_word; do
		mq_line="$mq_line $mq_word"
	done
	mq_registered || return
	mq_long=
	case $mq_line in
	*"$mq_newline"*) mq_long=yes ;;
	# A character may be four bytes.
	*) [ ${#mq_line} -le 250 ] || mq_long=yes ;;
	esac
	if [ -n "$mq_long" ]; then
		{ printf '%s\n' "$mq_line" | dd obs=131072 >&"$MQ_FD"; } 2>/dev/null
	else
		mq_put "$mq_line"
	fi || mq_why_not_sent
}

# mq_get ATTRIBUTE: what it holds, into mq_value.
mq_get() {
	mq_value=0
	{ read -r mq_value <"$mq_sys/$1"; } 2>/dev/null
}

# A shell need not tell why a write failed, and dash does not, so the reason is looked for.
mq_why_not_registered() {
	mq_look
	if [ "$mq_name" != - ]; then
		mq_fail 6 "this shell is registered already, as $mq_name: mq_unregister ends that"
		return
	fi
	if mq_get "queues/$1/pid"; then
		mq_why="the name $1 is taken, by process $mq_value: use another"
	else
		mq_get max_devices
		mq_max=$mq_value
		mq_get registered
		if [ "$mq_value" -ge "$mq_max" ]; then
			mq_why="all $mq_max registrations are taken: one has to end, or root raises $mq_sys/max_devices"
		else
			mq_why="your user's quota of registrations or bytes is used up: end a registration, or root raises"
			mq_why="$mq_why $mq_sys/max_per_user or max_bytes_per_user"
		fi
	fi
	eval "exec $MQ_FD>&-"
	mq_fail 6 "$mq_why"
}

mq_why_not_sent() {
	mq_registered || return
	mq_get cmd_buf_size
	if [ "$(printf %s "$mq_line" | wc -c)" -gt "$mq_value" ]; then
		mq_fail 7 "a command has at most $mq_value bytes: shorten the text, or root raises $mq_sys/cmd_buf_size"
	elif [ -n "$mq_to" ] && ! mq_get "queues/$mq_to/pid"; then
		mq_no_such_name "$mq_to"
	else
		mq_fail 1 "the message was refused: 'dmesg' tells why"
	fi
}

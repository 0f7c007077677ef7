#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The shell library, by each of the shells that it is for.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

# says NAME WANT: what the script on standard input prints, errors included, once it has the library. Of a shell other
# than ash, the host's comes along with the libraries that it needs.
says() {
	script=". /usr/lib/mq/mq.sh; $(cat)"
	if [ "$shell" = ash ]; then
		got=$(timeout 60 busybox ash -c "$script" 2>&1)
	else
		got=$(timeout 60 "$tests/shells/ld.so" --library-path "$tests/shells" "$tests/shells/$shell" -c "$script" 2>&1)
	fi
	is "$1 ($shell)" "$got" "$2"
}

registering() {
	fresh MAX_DEVICES=3

	says 'mq_register: it is the shell itself that is registered' 'bob: 0' <<'E'
mq_register bob; status=$?
awk -v pid=$$ -v status=$status '$2 == pid { print $1 ": " status }' /proc/mq
E
	says 'mq_register: not a name' "mq: 'a b' cannot be a name: that is 1 to 8 of A-Z a-z 0-9 . _ -, the first one not . or -
2" <<'E'
mq_register 'a b'; echo $?
E
	says 'mq_register: a name of eight bytes, and none of nine' "0
mq: 'ninebytes' cannot be a name: that is 1 to 8 of A-Z a-z 0-9 . _ -, the first one not . or -
2" <<'E'
mq_register eight-by; echo $?; mq_unregister
mq_register ninebytes; echo $?
E
	says 'mq_register: a name with a newline is not a name and a command' '2
0' <<'E'
mq_register 'bob
/unr' 2>/dev/null; echo $?
cat /sys/class/misc/mq/registered
E
	says 'mq_register: twice' 'mq: this shell is registered already, as bob: mq_unregister ends that
6
bob: still' <<'E'
mq_register bob; mq_register rob; echo $?
mq_send bob still; mq_receive; echo "$MQ_FROM: $MQ_TEXT"
E
	says 'mq_register: a subshell registers for itself' 'sub
bob: to sub
bob' <<'E'
mq_register bob
(mq_register sub; mq_look; echo "$mq_name"; mq_send bob ready; mq_receive; echo "$MQ_FROM: $MQ_TEXT") &
mq_receive; mq_send sub to sub; wait
mq_look; echo "$mq_name"
E
	hold ann
	says 'mq_register: the name is taken' "mq: the name ann is taken, by process $(pid_of ann): use another
6
closed" <<'E'
mq_register ann; echo $?
[ "$(readlink /proc/$$/fd/3)" = /dev/mq ] || echo closed
E
	hold ben
	hold cid
	says 'mq_register: no place is left' \
		"mq: all 3 registrations are taken: one has to end, or root raises $sys/max_devices
6" <<'E'
mq_register bob; echo $?
E

	fresh
	says 'mq_unregister: the name is free, and the device no longer open' '0
0
0' <<'E'
mq_register bob; mq_unregister; echo $?
cat /sys/class/misc/mq/registered
[ "$(readlink /proc/$$/fd/3)" != /dev/mq ]; echo $?
E
	says 'MQ_FD: another file descriptor' '/dev/mq
ray: hello' <<'E'
MQ_FD=7
mq_register ray; readlink /proc/$$/fd/7
mq_send ray hello; mq_receive; echo "$MQ_FROM: $MQ_TEXT"
E
	says 'MQ_FD: two digits' "mq: MQ_FD is '12', but has to be a digit from 3 to 9
2" <<'E'
MQ_FD=12; mq_register bob; echo $?
E
	ok "nothing is left open ($shell)" unload
	says 'mq_register: no driver' "mq: the driver is not loaded: 'modprobe mq_driver' does that, as root
5" <<'E'
mq_register bob; echo $?
E
}

sending() {
	fresh CMD_BUF_SIZE=65536

	says 'mq_send: several words, blanks and backslashes as they are' 'bob|-n  two   blanks \n \\ %s * ' <<'E'
mq_register bob
mq_send bob -n ' two ' ' blanks' '\n \\ %s * '
mq_receive; printf '%s\n' "$MQ_FROM|$MQ_TEXT"
E
	says 'mq_send: a child acts for the shell' 'bob: child' <<'E'
mq_register bob
(mq_send bob child)
mq_receive; echo "$MQ_FROM: $MQ_TEXT"
E
	says 'a text with newlines is one message, from who sent it' 'sent: 1
bob|one
  root two

|
8' <<'E'
mq_register bob
mq_send bob 'one
  root two

'
echo "sent: $(cat /sys/class/misc/mq/queues/bob/sent)"
mq_receive 5; echo "$MQ_FROM|$MQ_TEXT|"
mq_receive 0; echo $?
E
	says 'a text of 60,000 bytes is one message' 'sent: 1
60000
8' <<'E'
mq_register bob
mq_send bob "$(printf %060000d 1)"
echo "sent: $(cat /sys/class/misc/mq/queues/bob/sent)"
mq_receive; echo "${#MQ_TEXT}"
mq_receive 0; echo $?
E
	# Text and command make 250 and 251 bytes.
	says 'mq_send: the shell itself writes a short command, and dd a long one' '241 by the shell
242 by dd' <<'E'
mq_register bob
dd() { : >/tmp/by-dd; command dd "$@"; }
for length in 241 242; do
	mq_send bob "$(printf "%0${length}d" 1)"; mq_receive 0
	if [ -e /tmp/by-dd ]; then by=dd; else by='the shell'; fi
	echo "${#MQ_TEXT} by $by"
done
rm /tmp/by-dd
E
	# Of these shells ash alone counts characters. None writes more than 8192 bytes at once, ash and bash 4096.
	says 'a text of 1,200 characters of four bytes is one message' '4800
8' <<'E'
export LC_ALL=C.UTF-8 2>/dev/null
mq_register bob
text=$(printf '\360\237\220\247')
for _ in 1 2; do text=$text$text$text$text$text$text$text$text$text$text; done
text=$text$text$text$text$text$text$text$text$text$text$text$text
mq_send bob "$text"
mq_receive 0; printf %s "$MQ_TEXT" | wc -c
mq_receive 0; echo $?
E
	says 'mq_send: nobody there' "mq: no registration is named 'ann': /proc/mq shows those there are
3" <<'E'
mq_register bob; mq_send ann hello; echo $?
E
	says 'mq_send: not a name' "mq: no registration is named 'bob hi': /proc/mq shows those there are
3" <<'E'
mq_register bob; mq_send 'bob hi' hello; echo $?
E
	says 'mq_send: no text' 'mq: there is no text to send
2
mq: usage: mq_send NAME TEXT...
2' <<'E'
mq_register bob
mq_send bob ''; echo $?
mq_send bob; echo $?
E
	echo 256 >"$sys/cmd_buf_size"
	says 'mq_send: too long' \
		"mq: a command has at most 256 bytes: shorten the text, or root raises $sys/cmd_buf_size
7" <<'E'
mq_register bob; mq_send bob "$(printf %0250d 1)"; echo $?
E
	says 'mq_broadcast: no text, after a message that had one' 'mq: there is no text to send
2
mq: there is no text to send
2
0' <<'E'
mq_register bob; mq_send bob hello; mq_receive 0
mq_broadcast; echo $?
mq_broadcast ''; echo $?
cat /sys/class/misc/mq/stats/broadcasts
E
	says 'mq_broadcast: what is refused has nothing to do with the name of a message before' \
		"mq: no registration is named 'ann': /proc/mq shows those there are
3
mq: the message was refused: 'dmesg' tells why
1" <<'E'
dd() { return 1; }
mq_register bob
mq_send ann hello; echo $?
mq_broadcast "one${mq_newline}two"; echo $?
E
	hold ann
	says 'mq_broadcast: everybody else gets it' '0
1 0' <<'E'
mq_register bob
mq_broadcast to all; echo $?
cd /sys/class/misc/mq/queues; echo "$(cat ann/depth) $(cat bob/depth)"
E
}

receiving() {
	fresh QUEUE_LEN=256

	says 'mq_receive: status 8 after the time, not before' '8
<>
in time' <<'E'
mq_register bob
start=$(cut -d. -f1 /proc/uptime)
mq_receive 2; echo $?
echo "<$MQ_FROM$MQ_TEXT>"
took=$(($(cut -d. -f1 /proc/uptime) - start))
[ $took -lt 2 ] || [ $took -gt 9 ] || echo in time
E
	says 'mq_receive: what comes in time' '0 in time' <<'E'
mq_register bob
(usleep 200000; mq_send bob in time) &
mq_receive 20; echo $? "$MQ_TEXT"
wait
E
	says 'mq_receive 0: what is there' '8
0 now' <<'E'
mq_register bob
mq_receive 0; echo $?
mq_send bob now; mq_receive 0; echo $? "$MQ_TEXT"
E
	says 'mq_receive: not a time' 'mq: usage: mq_receive [SECONDS]
2' <<'E'
mq_register bob; mq_receive soon; echo $?
E
	says 'mq_receive: no message is lost where its time ends' '1 to 60' <<'E'
mq_register bob
(for n in $(seq 60); do mq_send bob $n; usleep $((n * 37 % 70 * 100)); done) &
last=0
while [ $last -lt 60 ]; do
	if mq_receive 0.01; then
		[ "$MQ_TEXT" = $((last + 1)) ] || break
		last=$MQ_TEXT
	fi
done
wait
echo "1 to $last"
E
	says 'mq_receive: status 9 when the registration ends meanwhile' \
		'mq: this shell is not registered, or no longer: mq_register NAME does that
9' <<'E'
mq_register bob
(usleep 300000; echo bob >/sys/class/misc/mq/evict) &
mq_receive; echo $?
wait
E
	says 'mq_receive: a trap is run at once, and waiting goes on' 'trapped
0 after' <<'E'
trap 'echo trapped; mq_send bob after' USR1
mq_register bob
(usleep 300000; kill -USR1 $$) &
mq_receive; echo $? "$MQ_TEXT"
wait
E
	says 'under set -eu, and with another IFS' 'bob|banana 0a0 x
8' <<'E'
set -eu; IFS=a0
mq_register bob
mq_send bob 'banana 0a0' x
mq_receive; echo "$MQ_FROM|$MQ_TEXT"
mq_receive 0.1 || echo $?
mq_unregister
E
	not_registered='mq: this shell is not registered, or no longer: mq_register NAME does that
9'
	says 'mq_send, mq_broadcast, mq_receive, mq_unregister: not registered' "$not_registered
$not_registered
$not_registered
$not_registered" <<'E'
mq_send bob x; echo $?
mq_broadcast x; echo $?
mq_receive; echo $?
mq_unregister; echo $?
E
	says "a file of the caller's own is left alone" "$not_registered
$not_registered
5" <<'E'
exec 3>/tmp/own
mq_send bob x; echo $?
mq_unregister; echo $?
echo mine >&3
wc -c </tmp/own
rm /tmp/own
E
}

for shell in ash dash bash; do
	if [ $shell != ash ] && ! [ -x "$tests/shells/$shell" ]; then
		skip "the library in $shell" 'it is not packed'
		continue
	fi
	registering
	sending
	receiving
done

# Two shells of a user without rights, of which the first holds the name.
two_shells() {
	su guest -c '. /usr/lib/mq/mq.sh; mq_register one
sh -c ". /usr/lib/mq/mq.sh; mq_register two"
echo $?' 2>&1
}
raise="$sys/max_per_user or max_bytes_per_user"
used_up="mq: your user's quota of registrations or bytes is used up: end a registration, or root raises $raise
6"
fresh MAX_PER_USER=1
is "mq_register: the user's quota of registrations is used up" "$(two_shells)" "$used_up"
fresh QUEUE_BYTES=40000 MAX_BYTES_PER_USER=65536
is "mq_register: the user's quota of bytes is used up" "$(two_shells)" "$used_up"
finish

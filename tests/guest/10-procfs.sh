#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# /proc/mq.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh QUEUE_LEN=2
is '/proc/mq has mode 0444' "$(stat -c %a /proc/mq)" 444
is 'nobody registered: the header alone' "$(awk '{ $1 = $1; print }' /proc/mq | cut -d ' ' -f 1-8)" \
	'NAME PID UID DEPTH LEN SENT RECEIVED DROPPED'

hold zoe
hold adam
mq-test as 1000 mq-test hold eightchr &
keep $!
user=$!
eventually listed eightchr
mq-test try '/reg tmp' '/msg adam 1' '/msg adam 2' '/msg adam 3' '/all 4' >/dev/null

is 'names in the order of registration' "$(awk '{ print $1 }' /proc/mq | xargs)" 'NAME zoe adam eightchr'
is 'the columns of one that got some and lost some' "$(row adam | cut -d ' ' -f 1-8)" "adam $(pid_of adam) 0 2 2 0 4 2"
is 'the columns of a registration of another user' "$(row eightchr | cut -d ' ' -f 1-8)" "eightchr $user 1000 1 2 0 1 0"
is 'every line has as many columns as the header' "$(awk '{ print NF }' /proc/mq | uniq | wc -l)" 1
is 'every line ends with a newline' "$(tail -c 1 /proc/mq | hexdump -e '1/1 "%02x"')" 0a

# The right edge of each column but the first is that of its title.
is 'columns stand below their titles' "$(awk '{
	edge = ""
	for (at = 1; at <= length($0); at++)
		if (substr($0, at, 1) != " " && substr($0, at + 1, 1) ~ /^ ?$/)
			edge = edge " " at
	sub(/^ [0-9]+/, "", edge)
	print edge
}' /proc/mq | uniq | wc -l)" 1

exec 3<>/dev/mq
echo '/reg shell' >&3
echo '/msg shell x' >&3
echo '/msg zoe x' >&3
is 'SENT counts what a registration has sent' "$(row shell 6)" 2
read -r _ <&3
is 'DEPTH goes down by a read, RECEIVED does not' "$(row shell 4) $(row shell 7)" '0 1'
exec 3>&-
release zoe
is 'who has left is not listed' "$(row zoe)" ''
ok '/proc/mq cannot be written' not sh -c 'echo x >/proc/mq' 2>/dev/null
is 'another user may read /proc/mq' "$(mq-test as 1000 head -n 1 /proc/mq | cut -c 1-4)" NAME
fresh
program listing
finish

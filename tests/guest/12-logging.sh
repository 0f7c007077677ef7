# SPDX-License-Identifier: GPL-2.0
#
# What the driver logs: what an operator wants to know, in one line each, never more than a few at once.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

# tells NAME WORD...: the log has a line with all the words.
tells() {
	name=$1
	shift
	lines=$(logged)
	for word; do
		lines=$(echo "$lines" | grep -F -e "$word")
	done
	ok "$name" [ -n "$lines" ]
}

fresh MAX_DEVICES=2 QUEUE_LEN=2 MAX_PER_USER=1
mark
hold one
hold two
mq-test try '/reg three' >/dev/null
tells 'a registration refused for a full table is logged' 2 three
release two
mq-test as 1000 mq-test hold two &
keep $!
eventually test -d $queues/two
echo 3 >$sys/max_devices
mq-test as 1000 mq-test try '/reg three' >/dev/null
tells 'a registration refused for a used-up share is logged with its user' 1000
mq-test try '/reg s' '/msg one 1' '/msg one 2' '/msg one 3' >/dev/null
tells 'a drop by overflow is logged with the queue'\''s name' one
mq-test try '/reg gone' '/msg gone 1' '/msg gone 2' '/unr' >/dev/null
tells 'messages discarded by /unr are logged with name and count' gone 2
echo one >$sys/flush
tells 'a flush is logged' one flush
exec 3<>/dev/mq
mq-test as 1000 mq-test try --fd 3 '/reg x' >/dev/null
exec 3>&-
tells 'registering through another user'\''s file is logged with the user' 1000

is 'every line begins with the driver'\''s name' "$(logged | grep -v -E '^(mq|mq_driver): ')" ''

fresh
mark
mq-test try '/reg \x1b[31mx' '/\x1b[0m x' '\x1b' >/dev/null
mq-test try '/reg bob' '/msg \x1b\x07 x' '/msg bob \x1b[31m\x08' '/unreg \x1b' '/unr' >/dev/null
mq-test put $sys/flush "$(printf '\033[31m')" >/dev/null
mq-test put $sys/evict "$(printf '\033[31m')" >/dev/null
mq-test put $sys/queue_len "$(printf '\033[31m')" >/dev/null
is 'control characters never reach the log' "$(logged | grep '[^ -~]')" ''

fresh
mark
mq-test refuse nobody 2000
lines=$(logged | wc -l)
ok 'a flood of refusals is a few lines in the log' [ "$lines" -lt 100 ]
hold bob
mq-test try '/reg s' >/dev/null
flood=$(seq -f '/msg bob %g' 1000)
# shellcheck disable=SC2046 # one step a word, blanks aside
(IFS='
'; mq-test try '/reg s' $flood >/dev/null)
lines=$(logged | wc -l)
ok 'a flood of drops is a few lines in the log' [ "$lines" -lt 200 ]
mq-test as 1000 mq-test try '/reg a' >/dev/null
exec 3<>/dev/mq
mq-test as 1000 mq-test try --fd 3 '/reg x' >/dev/null
exec 3>&-
tells 'a flood of one cause does not hide another' 1000

# told: how many were left out is said, with the next line of that cause once there may be one.
told() {
	mq-test try '/reg t' '/msg bob x' >/dev/null
	usleep 300000
	logged | grep -i -E '[0-9]{3}.*suppressed|suppressed.*[0-9]{3}'
}
ok 'how many lines were suppressed is told later' eventually told
finish

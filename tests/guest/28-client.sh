#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The library for programs: the examples of its documentation, its example programs, each used as its comment says, and
# the examples in C: of /usr/share/mq and of the manual page.
# shellcheck disable=SC2016,SC2317 # a command in back quotes is to be read; `eventually` calls the functions
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

examples=$tests/examples
work=$(mktemp -d)
cd "$work" || exit

# said FILE LINE: the line is in the file.
said() {
	grep -q -x -F "$2" "$1"
}

# anew NAME PID: it is registered, and not by that process.
anew() {
	case $(row "$1" 2) in
	'' | "$2") return 1 ;;
	esac
}

# hears: the next message to this shell, which has registered through file 3.
hears() {
	read -r from text <&3
	echo "$from: $text"
}

fresh
results 'the examples of the documentation' "$examples/documented"
ok 'the examples of the documentation leave nobody registered' deserted

fresh
"$examples/request_reply" serve turner &
keep $!
eventually listed turner
is 'request and reply: an answer' "$("$examples/request_reply" ask turner stressed)" desserts
is 'request and reply: another' "$("$examples/request_reply" ask turner 'two words')" 'sdrow owt'
is 'request and reply: no server' "$("$examples/request_reply" ask nobody hello 2>&1)" \
	'request_reply: no registration is named nobody: `mq-admin list` shows those there are'
hold silent
is 'request and reply: a server that does not answer' \
	"$("$examples/request_reply" ask silent hello)" 'no answer'
is 'request and reply: the name of the server is taken' \
	"$("$examples/request_reply" serve turner 2>&1)" \
	'request_reply: the name turner is taken: choose another, or end that registration by `mq-admin evict turner`'

fresh
mkfifo news
"$examples/publish_subscribe" publish paper <news &
publisher=$!
keep $publisher
exec 9>news
eventually listed paper
for reader in 1 2 3; do
	"$examples/publish_subscribe" subscribe paper >"read.$reader" 9>&- &
	keep $!
	eval "reader_$reader=$!"
done
# A line a time, until all have subscribed.
until grep -q . read.1 && grep -q . read.2 && grep -q . read.3; do
	echo ready >&9
	usleep 10000
done
# shellcheck disable=SC2154 # set by eval
kill -9 "$reader_3"
wait "$reader_3"
echo 'first line' >&9
echo 'second line' >&9
for reader in 1 2; do
	ok "publish and subscribe: reader $reader gets what is published" \
		eventually said "read.$reader" 'second line'
done
is 'publish and subscribe: in order, and all of it' \
	"$(grep -v ready read.1; grep -v ready read.2)" 'first line
second line
first line
second line'
exec 9>&-
ok 'publish and subscribe: the publisher outlives a reader, and ends with its input' wait $publisher

# Queues of two messages, and a hundred jobs: who sends has to wait.
fresh QUEUE_LEN=2
seq 100 | sed 's/$/ little jobs/' | "$examples/worker_pool" 3 >results
is 'worker pool: each job is done once' "$(sort -n -k 3 results)" \
	"$(seq 100 | sed 's/.*/3 words: & little jobs/')"
is 'worker pool: nothing was lost' "$(cat $sys/stats/dropped_overflow)" 0
ok 'worker pool: nobody is left' eventually deserted

fresh
"$examples/supervisor" bob mq-test hold bob >told &
supervisor=$!
keep $supervisor
eventually listed bob
first=$(row bob 2)
ok 'supervisor: says who came' eventually said told "bob came, process $first"
hold eve
ok 'supervisor: sees others, too' eventually grep -q '^eve came' told
kill -9 "$first"
ok 'supervisor: says who went' eventually said told 'bob went'
eventually listed bob
second=$(row bob 2)
ok 'supervisor: starts it again' eventually said told "bob came, process $second"
echo bob >$sys/evict
eventually anew bob "$second"
third=$(row bob 2)
keep "$second"
ok 'supervisor: starts what was evicted again' eventually said told "bob came, process $third"
ok 'supervisor: has ended it before' [ ! -e "/proc/$second" ]
kill -9 $supervisor
wait $supervisor
kill -9 "$(row bob 2)"

fresh
"$examples/echo" answers >heard &
keep $!
eventually listed answers
exec 3<>/dev/mq
echo '/reg me' >&3
for word in one two three; do
	echo "/msg answers $word" >&3
done
is 'C: each message comes back' "$(hears) $(hears) $(hears)" 'answers: one answers: two answers: three'
is 'C: what is known of a message' "$(tail -n 1 heard)" "me (process $$, user 0), priority 0, number 3: three"
mq-admin send --from urgent --priority 7 answers quick 2>/dev/null
ok 'C: a priority' eventually grep -q 'urgent (process [0-9]*, user 0), priority 7, number 4: quick' heard
is 'C: a name that is too long' "$("$examples/echo" ninebytes 2>&1)" 'echo: ninebytes: Invalid argument'
"$examples/mq.4" >heard &
keep $!
eventually listed bob
echo '/msg bob from the manual' >&3
ok 'the example of the manual page' eventually said heard 'me: from the manual'
echo '/unr' >&3
exec 3>&-
cd / && rm -r "$work"
finish

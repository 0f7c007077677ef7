#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The device's attributes in sysfs.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh

# modes FOLDER FILE...: mode and name of each.
modes() {
	cd "$1" || return
	shift
	stat -c '%a %n' "$@" | xargs
	cd - >/dev/null || return
}

is 'the parameters have mode 0644' \
	"$(modes $sys max_devices queue_len cmd_buf_size max_per_user queue_bytes max_bytes_per_user)" \
	'644 max_devices 644 queue_len 644 cmd_buf_size 644 max_per_user 644 queue_bytes 644 max_bytes_per_user'
is 'registered has mode 0444' "$(modes $sys registered)" '444 registered'
is 'flush and evict have mode 0200' "$(modes $sys flush evict)" '200 flush 200 evict'

# takes ATTRIBUTE VALUE: a valid value is taken and read back.
takes() {
	is "$1 takes $2" "$(mq-test put "$sys/$1" "$2") $(cat "$sys/$1")" "ok $2"
}

# refuses ATTRIBUTE VALUE: EINVAL, and the value stays.
refuses() {
	before=$(cat "$sys/$1")
	is "$1 refuses '$2': EINVAL" "$(mq-test put "$sys/$1" "$2") $(cat "$sys/$1")" "EINVAL $before"
}

for attribute in max_devices queue_len; do
	takes $attribute 1
	takes $attribute 65536
	refuses $attribute 0
	refuses $attribute 65537
done
takes cmd_buf_size 16
takes cmd_buf_size 65536
refuses cmd_buf_size 15
refuses cmd_buf_size 65537
takes max_per_user 0
takes max_per_user 65536
refuses max_per_user 65537
for attribute in queue_bytes max_bytes_per_user; do
	takes $attribute 2147483647
	takes $attribute 0
	refuses $attribute -1
	refuses $attribute 2147483648
done
for value in -1 x ' ' '8 8' '8x' 4294967304 18446744073709551624; do
	refuses queue_len "$value"
done
is 'a value may end with a newline, as from echo' "$(echo 12 >$sys/queue_len && cat $sys/queue_len)" 12
is 'another user cannot write a parameter' "$(mq-test as 1000 mq-test put $sys/queue_len 5)" EACCES
is 'the parameters as they were loaded do not change' "$(cat /sys/module/mq_driver/parameters/QUEUE_LEN)" 8

fresh QUEUE_LEN=2
is 'registered is 0 at first' "$(cat $sys/registered)" 0
is 'queues is empty at first' "$(ls $queues)" ''
hold bob
mq-test as 1000 mq-test hold carol &
user=$!
keep $user
eventually listed carol
is 'registered counts' "$(cat $sys/registered)" 2
is 'queues has a folder for each registration' "$(cd $queues && echo *)" 'bob carol'
is 'the attributes of a registration have mode 0444' \
	"$(modes $queues/bob pid uid depth len sent received dropped)" \
	'444 pid 444 uid 444 depth 444 len 444 sent 444 received 444 dropped'
mq-test try '/reg tmp' '/msg bob 1' '/msg bob 2' '/msg bob 3' '/all 4' >/dev/null
is 'the attributes of a registration, one value each' \
	"$(cd $queues/bob && cat pid uid depth len sent received dropped | xargs)" "$(pid_of bob) 0 2 2 0 4 2"
is 'the attributes of a registration of another user' \
	"$(cd $queues/carol && cat pid uid depth len sent received dropped | xargs)" "$user 1000 1 2 0 1 0"
is 'sent counts what a registration has sent' \
	"$(
		mq-test try '/reg s' '/msg bob x' '/all x' >/dev/null
		exec 3<>/dev/mq
		echo '/reg me' >&3
		echo '/msg me x' >&3
		cat $queues/me/sent
	)" 1

is 'flush of nobody: ENOENT' "$(mq-test put $sys/flush nobody)" ENOENT
is 'flush of what cannot be a name: ENOENT' "$(mq-test put $sys/flush ninebytes) $(mq-test put $sys/flush ../bob)" \
	'ENOENT ENOENT'
is 'flush NAME discards and counts' \
	"$(mq-test put $sys/flush bob) $(cat $queues/bob/depth $queues/bob/dropped | xargs)" \
	"ok 0 $(cat $queues/bob/received)"
is 'flush NAME leaves the others alone' "$(cat $queues/carol/depth)" 2
is 'flush takes a newline behind the name, as from echo' "$(echo carol >$sys/flush && cat $queues/carol/depth)" 0
mq-test try '/reg tmp' '/all x' >/dev/null
is 'flush * discards everywhere' "$(mq-test put $sys/flush '*') $(cat $queues/bob/depth $queues/carol/depth | xargs)" \
	'ok 0 0'
is 'flush * with nobody there is no error' "$(fresh && mq-test put $sys/flush '*')" ok

fresh
hold bob
is 'another user may not flush' "$(mq-test as 1000 mq-test put $sys/flush bob)" EACCES
is 'another user may not evict' "$(mq-test as 1000 mq-test put $sys/evict bob)" EACCES
is 'flush and evict cannot be read' "$(mq-test as 1000 cat $sys/flush $sys/evict 2>/dev/null)" ''
is 'evict of nobody: ENOENT' "$(mq-test put $sys/evict nobody)" ENOENT
is 'evict of what cannot be a name: ENOENT' \
	"$(mq-test put $sys/evict ninebytes) $(mq-test put $sys/evict '*')" 'ENOENT ENOENT'
is 'evict ends the registration' \
	"$(mq-test put $sys/evict bob) $(cat $sys/registered) $(ls $queues) $(row bob)" 'ok 0  '
ok 'evict leaves the process alive' kill -0 "$(pid_of bob)"
gives 'evict frees the name' ok '/reg bob'
exec 3<>/dev/mq
echo '/reg shell' >&3
echo shell >$sys/evict
is 'the evicted process is not registered any more' "$(mq-test try --fd 3 '<' '/msg shell x')" 'ENOENT | EACCES'
is 'the evicted process may register again' "$(echo '/reg shell' >&3 && cat $sys/registered)" 1
exec 3>&-

# An attribute that was opened while its registration was there.
fresh
hold bob
exec 4<$queues/bob/depth
release bob
eventually not test -d $queues/bob
is 'an attribute outlives its registration without a value' "$(cat <&4 2>&1 | tr -d '[:digit:]')" \
	"cat: read error: No such device"
exec 4<&-
# Root can give a file another mode, but not another meaning.
chmod 0600 $sys/flush
chmod 0644 $sys/registered
ok 'flush cannot be read, whatever its mode' not cat $sys/flush
is 'registered cannot be written, whatever its mode' "$(mq-test put $sys/registered 1)" EIO
chmod 0200 $sys/flush
chmod 0444 $sys/registered

finish

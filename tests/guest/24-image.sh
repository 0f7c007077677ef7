#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The image around the driver: its users, and the service that loads the driver.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
is 'users: one for each degree of trust' "$(su root -c id; su guest -c id; su -s /bin/sh nobody -c id)" \
	'uid=0(root) gid=0(root) groups=0(root)
uid=1000(guest) gid=1000(guest) groups=1000(guest)
uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)'
is 'users: nobody does not log in' "$(su nobody -c 'echo logged in')" ''
is 'users: guest has a home' "$(su - guest -c 'pwd && touch x && rm x && echo writable')" '/home/guest
writable'
# shellcheck disable=SC2016 # for the shell of that user
is 'users: guest registers, sends and receives' \
	"$(su guest -c '. /usr/lib/mq/mq.sh; mq_register me && mq_send me hello && mq_receive && echo "$MQ_FROM: $MQ_TEXT"')" \
	'me: hello'
is 'users: guest may not unload the driver' "$(su guest -c 'rmmod mq_driver' 2>&1)" \
	"rmmod: can't unload module 'mq_driver': Operation not permitted"
hold bob
mq-test try '/reg s' '/msg bob hello' >/dev/null
refused='Permission denied'
is 'users: guest may not flush, evict or set a parameter' \
	"$(su guest -c "echo '*' >$sys/flush; echo bob >$sys/evict; echo 9 >$sys/max_devices" 2>&1 | grep -o "$refused")" \
	"$refused
$refused
$refused"
is 'users: nothing of that has happened' "$(row bob 4) $(cat $sys/max_devices)" '1 8'

service=/etc/init.d/S10mq
conf=/etc/mq.conf
shipped=$(cat $conf)

# settings: those in force.
settings() {
	(cd $sys && cat max_devices queue_len cmd_buf_size max_per_user queue_bytes max_bytes_per_user) | xargs
}

kill_children
cat >$conf <<'C'
# A remark.
MAX_DEVICES=11

QUEUE_LEN=12
  CMD_BUF_SIZE=300
MAX_PER_USER=5
QUEUE_BYTES=20000
MAX_BYTES_PER_USER=70000
	# MAX_DEVICES=99
C
ok 'service: restarts' $service restart
is 'service: the parameters come from /etc/mq.conf' "$(settings)" '11 12 300 5 20000 70000'
is 'service: status' "$($service status)" 'mq: loaded, 0 registered'
echo MAX_DEVICES=99 >$conf
ok 'service: starting it twice does nothing' $service start
is 'service: starting it twice changes no parameter' "$(settings)" '11 12 300 5 20000 70000'

exec 3<>/dev/mq
is 'service: no restart while the device is open' "$( ($service restart; echo $?) 2>&1 | tail -n 2)" \
	'mq: the driver is in use; end the programs that have /dev/mq open
1'
exec 3>&-
is 'service: what was in force still is' "$(settings)" '11 12 300 5 20000 70000'

echo QUEUE_LEN=0 >$conf
is 'service: no start with a value out of range' \
	"$( ($service restart; echo $?; $service status; echo $?) 2>&1 | tail -n 4)" \
	"mq: the driver refused to load with /etc/mq.conf; 'dmesg' tells why
1
mq: not loaded
3"
ok 'service: stopping it twice does nothing' $service stop

echo "$shipped" >$conf
ok 'service: starts with the parameters that the image comes with' $service start
is 'service: those are the defaults of the driver' "$(settings)" "$(fresh && settings)"
finish

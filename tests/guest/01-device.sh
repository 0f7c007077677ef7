#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The device file and the load parameters.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

parameters=/sys/module/mq_driver/parameters

# parameter NAME: its value.
parameter() {
	cat "$parameters/$1"
}

fresh
is '/dev/mq has mode 0666 and belongs to root' "$(stat -c '%a %u' /dev/mq)" '666 0'
ok '/dev/mq is a character device' test -c /dev/mq
is '/dev/mq is a misc device' "$(stat -c %t /dev/mq)" a
is 'MAX_DEVICES is 8 where nothing is said' "$(parameter MAX_DEVICES)" 8
is 'QUEUE_LEN is 8 where nothing is said' "$(parameter QUEUE_LEN)" 8
is 'CMD_BUF_SIZE is 256 where nothing is said' "$(parameter CMD_BUF_SIZE)" 256
is 'MAX_PER_USER is 0 where nothing is said' "$(parameter MAX_PER_USER)" 0
is 'QUEUE_BYTES is 0 where nothing is said' "$(parameter QUEUE_BYTES)" 0
is 'MAX_BYTES_PER_USER is 0 where nothing is said' "$(parameter MAX_BYTES_PER_USER)" 0
is 'the load parameters have mode 0444' "$(cd $parameters && stat -c '%a %n' ./* | sort)" \
	'444 ./CMD_BUF_SIZE
444 ./MAX_BYTES_PER_USER
444 ./MAX_DEVICES
444 ./MAX_PER_USER
444 ./QUEUE_BYTES
444 ./QUEUE_LEN'

fresh MAX_DEVICES=3 QUEUE_LEN=4 CMD_BUF_SIZE=32 MAX_PER_USER=2 QUEUE_BYTES=5000 MAX_BYTES_PER_USER=60000
is 'modprobe sets the parameters' \
	"$(cd $sys && cat max_devices queue_len cmd_buf_size max_per_user queue_bytes max_bytes_per_user | xargs)" \
	'3 4 32 2 5000 60000'
is 'the values that were loaded are readable' \
	"$(cd $parameters && cat MAX_DEVICES QUEUE_LEN CMD_BUF_SIZE MAX_PER_USER QUEUE_BYTES MAX_BYTES_PER_USER | xargs)" \
	'3 4 32 2 5000 60000'

fresh MAX_DEVICES=1 QUEUE_LEN=1 CMD_BUF_SIZE=16 MAX_PER_USER=0 QUEUE_BYTES=1 MAX_BYTES_PER_USER=1
gives 'the driver works with the smallest values' 'ok | ok | a hello\n' '/reg a' '/msg a hello' '<'
fresh MAX_DEVICES=65536 QUEUE_LEN=65536 CMD_BUF_SIZE=65536 MAX_PER_USER=65536 \
	QUEUE_BYTES=2147483647 MAX_BYTES_PER_USER=2147483647
gives 'the driver works with the largest values' 'ok | ok | a hello\n' '/reg a' '/msg a hello' '<'

# refuses PARAMETER VALUE LOWEST [HIGHEST]: the load fails with EINVAL, and one log line tells parameter, value and
# range. The same line comes again where modprobe tries again by another system call.
refuses() {
	eventually unload
	mark
	said=$(modprobe mq_driver "$1=$2" 2>&1) && echo "loaded with $1=$2"
	case $said in
	*'Invalid argument'*) ;;
	*) echo "not EINVAL: $said" ;;
	esac
	lines=$(logged | grep -w -e "$1" | grep -w -e "$3" | grep -w -e "${4:-65536}" | grep -F -e "$2" | uniq | wc -l)
	[ "$lines" = 1 ] || {
		echo "$lines log lines tell of $1=$2:"
		logged
	}
	loaded && echo 'the driver is loaded'
	[ -e /dev/mq ] && echo 'the device is there'
}

is 'load with MAX_DEVICES=0: EINVAL and one log line' "$(refuses MAX_DEVICES 0 1)" ''
is 'load with MAX_DEVICES=65537: EINVAL and one log line' "$(refuses MAX_DEVICES 65537 1)" ''
is 'load with MAX_DEVICES=4294967304: EINVAL and one log line' "$(refuses MAX_DEVICES 4294967304 1)" ''
is 'load with QUEUE_LEN=0: EINVAL and one log line' "$(refuses QUEUE_LEN 0 1)" ''
is 'load with QUEUE_LEN=65537: EINVAL and one log line' "$(refuses QUEUE_LEN 65537 1)" ''
is 'load with QUEUE_LEN=-1: EINVAL and one log line' "$(refuses QUEUE_LEN -1 1)" ''
is 'load with CMD_BUF_SIZE=15: EINVAL and one log line' "$(refuses CMD_BUF_SIZE 15 16)" ''
is 'load with CMD_BUF_SIZE=65537: EINVAL and one log line' "$(refuses CMD_BUF_SIZE 65537 16)" ''
is 'load with CMD_BUF_SIZE=many: EINVAL and one log line' "$(refuses CMD_BUF_SIZE many 16)" ''
is 'load with MAX_PER_USER=-1: EINVAL and one log line' "$(refuses MAX_PER_USER -1 0)" ''
is 'load with MAX_PER_USER=65537: EINVAL and one log line' "$(refuses MAX_PER_USER 65537 0)" ''
is 'load with QUEUE_BYTES=-1: EINVAL and one log line' "$(refuses QUEUE_BYTES -1 0 2147483647)" ''
is 'load with QUEUE_BYTES=2147483648: EINVAL and one log line' \
	"$(refuses QUEUE_BYTES 2147483648 0 2147483647)" ''
is 'load with MAX_BYTES_PER_USER=-1: EINVAL and one log line' \
	"$(refuses MAX_BYTES_PER_USER -1 0 2147483647)" ''
is 'load with MAX_BYTES_PER_USER=2147483648: EINVAL and one log line' \
	"$(refuses MAX_BYTES_PER_USER 2147483648 0 2147483647)" ''

eventually unload
mark
modprobe mq_driver "MAX_DEVICES=$(printf '\033[31m')" 2>/dev/null
is 'a refused value is logged without its control characters' "$(logged | grep 'out of range' | grep '[^ -~]')" ''

fresh
ok 'the driver loads after refused loads' test -c /dev/mq
program device
finish

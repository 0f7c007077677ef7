#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The end of registrations, by whatever happens to their processes.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh MAX_DEVICES=64
program ending
program namespaces

fresh
# A daemon that is restarted under its name by a script, as soon as `wait` knows of its death.
restart() {
	for life in 1 2 3 4 5 6 7 8 9 10; do
		sh -c 'exec 3<>/dev/mq; echo "/reg daemon" >&3 || exit; exec sleep 1000' &
		daemon=$!
		eventually listed daemon || echo "life $life is not registered"
		kill -9 $daemon
		wait $daemon
	done 2>&1
}
is 'a script restarts a daemon under its name and never sees EEXIST' "$(restart | grep -v -i killed)" ''
ok 'nothing is left of ten daemons' eventually deserted
finish

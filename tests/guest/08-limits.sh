#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The limits, at their ends and while in use.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program limits
program racing
program leaving

# By load parameter instead of sysfs, and with the default share.
fresh MAX_DEVICES=2
hold one
gives 'MAX_DEVICES=2: the second fits' ok '/reg two'
hold two
gives 'MAX_DEVICES=2: the third is refused with ENOSPC' ENOSPC '/reg three'
release one
gives 'MAX_DEVICES=2: one gone, one fits' ok '/reg three'

fresh QUEUE_LEN=1
gives 'QUEUE_LEN=1: the newest stays' 'ok | ok | ok | bob two\n | EAGAIN' \
	'/reg bob' '/msg bob one' '/msg bob two' '<' '<'

fresh CMD_BUF_SIZE=16
gives 'CMD_BUF_SIZE=16: 16 bytes and a newline fit, 17 do not' 'ok | ok | EMSGSIZE | bob 1234567\n | EAGAIN' \
	'/reg bob' '/msg bob 1234567\n' '/msg bob 12345678' '<' '<'
finish

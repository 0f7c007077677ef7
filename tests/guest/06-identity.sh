#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Who is acting, and who may not.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program identity
program passing
program set_user_id
program changing_ids

fresh
exec 3<>/dev/mq
echo '/reg bob' >&3
is 'a program started by a shell acts for it' "$(mq-test try --fd 3 '/msg bob by a program' '<')" \
	'ok | bob by a program\n'
is 'a subshell acts for its shell' "$( (echo '/msg bob by a subshell' >&3) && mq-test try --fd 3 '<')" \
	'bob by a subshell\n'
is 'a program that registers through the file of a shell acts for itself' \
	"$(mq-test try --fd 3 '/reg rob' '/msg rob mine' '<')" 'ok | ok | rob mine\n'
is 'a program with other rights cannot register through the file of a shell' \
	"$(mq-test as 1000 mq-test try --fd 3 '/reg rob' '/msg bob as bob')" 'EPERM | ok'
is 'what another user sends through the file comes from its opener' "$(mq-test try --fd 3 '<')" 'bob as bob\n'
exec 3>&-
finish

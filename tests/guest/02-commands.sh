#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The command table: what each command does and each error that it can give, by a process that is not registered and
# by one that is. What stands in a text is another test.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
hold carol

gives '/reg NAME registers' 'ok | ok' '/reg bob' '/msg bob x'
gives '/reg with a trailing newline, as from echo' 'ok | ok' '/reg bob\n' '/msg bob x'
gives '/reg with a trailing zero byte, as from C' 'ok | ok' '/reg bob\0' '/msg bob x'
gives '/reg with both, newline first' 'ok | ok' '/reg bob\n\0' '/msg bob x'
gives '/reg with both, zero byte first' 'ok | ok' '/reg bob\0\n' '/msg bob x'
gives '/reg twice by one process: EEXIST' 'ok | EEXIST | EEXIST' '/reg bob' '/reg bob' '/reg rob'
gives '/reg of a name that is taken: EEXIST' 'EEXIST' '/reg carol'
gives 'names are case-sensitive' 'ok' '/reg Carol'
gives '/reg without a name: EINVAL' 'EINVAL | EINVAL' '/reg' '/reg '
gives '/reg of eight bytes' 'ok' '/reg eightchr'
gives '/reg of nine bytes: EINVAL' 'EINVAL' '/reg ninebytes'
gives '/reg with every kind of byte a name may have' 'ok' '/reg aZ09._-x'
gives '/reg of one byte' 'ok' '/reg _'
gives '/reg of a name that starts with a dot: EINVAL' 'EINVAL | EINVAL | EINVAL' '/reg .bob' '/reg .' '/reg ..'
gives '/reg of a name that starts with a dash: EINVAL' 'EINVAL' '/reg -bob'
gives '/reg with a blank in the name: EINVAL' 'EINVAL | EINVAL | EINVAL' '/reg bo b' '/reg  bob' '/reg bob '
gives '/reg with other bytes in the name: EINVAL' 'EINVAL | EINVAL | EINVAL | EINVAL | EINVAL | EINVAL' \
	'/reg bo/b' '/reg bo\nb' '/reg bo\0b' '/reg b\xc3\xb6b' '/reg bo*b' '/reg bo\tb'
gives 'a refused /reg leaves the process unregistered' 'EINVAL | ENOENT | ok' '/reg .bob' '<' '/reg bob'

gives '/unr ends the registration' 'ok | ok | ENOENT | EACCES' '/reg bob' '/unr' '<' '/msg carol x'
gives '/unr, not registered: ENOENT' 'ENOENT' '/unr'
gives '/unr frees the name' 'ok | ok | ok | ok' '/reg bob' '/unr\n' '/reg bob' '/unr'
gives '/unr discards what is queued' 'ok | ok | ok | ok | EAGAIN' '/reg bob' '/msg bob x' '/unr' '/reg bob' '<'
gives '/unr with a word after it: EINVAL' 'ok | EINVAL | ok' '/reg bob' '/unr bob' '/unr'

gives '/msg DEST TEXT arrives at DEST' 'ok | ok | bob hello\n' '/reg bob' '/msg bob hello' '<'
gives '/msg, not registered: EACCES' 'EACCES' '/msg carol x'
gives '/msg, not registered, to nobody: EACCES' 'EACCES' '/msg nobody x'
gives '/msg to nobody: ENOENT' 'ok | ENOENT' '/reg bob' '/msg nobody x'
gives '/msg to a name that cannot be: ENOENT' 'ok | ENOENT | ENOENT' '/reg bob' '/msg ninebytes x' '/msg .bob x'
gives '/msg without DEST: EINVAL' 'ok | EINVAL | EINVAL' '/reg bob' '/msg' '/msg '
gives '/msg without TEXT: EINVAL' 'ok | EINVAL | EINVAL' '/reg bob' '/msg carol' '/msg carol '
gives '/msg with an empty DEST: EINVAL' 'ok | EINVAL' '/reg bob' '/msg  x'
gives '/msg, malformed and not registered: EINVAL' 'EINVAL' '/msg carol'
gives '/msg to itself is allowed' 'ok | ok | bob me\n' '/reg bob' '/msg bob me' '<'

before=$(row carol 7)
gives '/all TEXT succeeds' 'ok | ok' '/reg bob' '/all hello'
is '/all TEXT arrives at another' "$(row carol 7)" "$((before + 1))"
gives '/all, not registered: EACCES' 'EACCES' '/all x'
gives '/all without TEXT: EINVAL' 'ok | EINVAL | EINVAL' '/reg bob' '/all' '/all '
gives '/all does not come back to its sender' 'ok | ok | EAGAIN' '/reg bob' '/all x' '<'

gives '/unreg ends the registration' 'ok | ok | ENOENT' '/reg bob' '/unreg' '<'
gives '/unreg NAME, the own name' 'ok | ok | ENOENT' '/reg bob' '/unreg bob' '<'
gives '/unreg NAME, of another: EPERM' 'ok | EPERM | EAGAIN' '/reg bob' '/unreg carol' '<'
gives '/unreg NAME of nobody: EPERM' 'ok | EPERM | EPERM' '/reg bob' '/unreg nobody' '/unreg ninebytes'
gives '/unreg, not registered: ENOENT' 'ENOENT | ENOENT' '/unreg' '/unreg carol'

before=$(row carol 7)
gives '/[all] TEXT is as /all' 'ok | ok' '/reg bob' '/[all] hello'
is '/[all] TEXT arrives at another' "$(row carol 7)" "$((before + 1))"
gives '/[all], not registered: EACCES' 'EACCES' '/[all] x'
gives '/[all] without TEXT: EINVAL' 'ok | EINVAL' '/reg bob' '/[all]'

gives '/DEST TEXT is as /msg DEST TEXT' 'ok | ok | bob hi there\n' '/reg bob' '/bob hi there' '<'
gives '/DEST TEXT, not registered: EACCES' 'EACCES' '/carol x'
gives '/DEST TEXT to nobody: ENOENT' 'ok | ENOENT | ENOENT' '/reg bob' '/nobody x' '/ninebytes x'
gives '/DEST without TEXT: EINVAL' 'ok | EINVAL | EINVAL' '/reg bob' '/carol' '/carol '

gives 'anything else: EINVAL' 'ok | EINVAL | EINVAL | EINVAL | EINVAL | EINVAL | EINVAL' \
	'/reg bob' 'hello' '/' '/ x' ' /all x' 'msg bob x' '\0\0'
gives 'an empty command: EINVAL' 'EINVAL | EINVAL | EINVAL' '' '\n' '\0'
gives 'command words are case-sensitive' 'ok | ENOENT | ENOENT' '/reg bob' '/MSG bob x' '/All x'
gives 'a command longer than CMD_BUF_SIZE: EMSGSIZE' 'ok | ok | EMSGSIZE' \
	'/reg bob' '/msg bob x\*247;' '/msg bob x\*248;'
gives 'a command longer than CMD_BUF_SIZE, not registered: EMSGSIZE' 'EMSGSIZE' '/msg bob x\*248;'

fresh MAX_DEVICES=2
hold one
hold two
gives '/reg with the table full: ENOSPC' 'ENOSPC' '/reg three'
fresh MAX_DEVICES=8 MAX_PER_USER=1
mq-test as 1000 mq-test hold mine &
keep $!
eventually listed mine || die "user 1000 cannot register"
is '/reg beyond the share of the user: EDQUOT' "$(mq-test as 1000 mq-test try '/reg more')" EDQUOT
finish

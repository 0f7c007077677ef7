#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What may stand in a text, and what comes of names that are command words.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh

# arrives NAME TEXT [AS]: the text sent with /msg comes out as it went in, escapes as `mq-test try` has them.
arrives() {
	gives "$1" "ok | ok | bob ${3:-$2}\\n" '/reg bob' "/msg bob $2" '<'
}

arrives 'a zero byte inside' 'a\x00b'
arrives 'zero bytes only' '\x00\x00\x00' '\x00\x00'
arrives 'a newline inside' 'one\ntwo'
arrives 'two trailing newlines: one stays' 'x\n\n' 'x\n'
arrives 'a trailing newline and zero byte: none stays' 'x\n\x00' 'x'
arrives 'two trailing zero bytes: one stays' 'x\x00\x00' 'x\x00'
arrives 'bytes that are not UTF-8' '\xff\xfe\x80\xc0'
arrives 'UTF-8' '\xc3\xa4\xe2\x82\xac'
arrives 'control characters' '\x1b[31m\x07\x08\x7f'
arrives 'tabs and carriage returns' '\ta\rb\r' '\ta\rb\r'
arrives 'one blank' ' '
arrives 'blanks only' '     '
arrives 'blanks in front, inside and behind are kept' '  a   b  '
arrives 'a text that looks like a command' '/unr'
arrives 'a text that looks like a message line' 'root hello'
arrives 'a text of one byte' 'x'

gives 'an empty text: EINVAL' 'ok | EINVAL | EINVAL | EINVAL | EINVAL' \
	'/reg bob' '/msg bob ' '/msg bob \n' '/all \0' '/bob \n\0'
gives 'TEXT starts after the one blank behind DEST' 'ok | ok | bob  x\n' '/reg bob' '/msg bob  x' '<'
gives 'a tab does not end DEST' 'ok | EINVAL' '/reg bob' '/msg bob\tx'
gives 'a DEST longer than any name: ENOENT, and without TEXT EINVAL' 'ok | ENOENT | ENOENT | EINVAL | EINVAL' \
	'/reg bob' '/msg x\*200; hi' '/x\*200; hi' '/msg x\*200; ' '/msg x\*200;'

gives 'a name may be a command word' 'ok | ok | all hello\n' '/reg all' '/msg all hello' '<'
gives 'a command word is never a DEST' 'ok | ok | EAGAIN' '/reg all' '/all hello' '<'
gives 'a name may be msg' 'ok | ok | EINVAL | msg hi\n' '/reg msg' '/msg msg hi' '/msg msg' '<'
gives 'a name may be reg' 'ok | EEXIST | ok | reg x\n' '/reg reg' '/reg x' '/msg reg x' '<'
gives 'a name may be unr or unreg' 'ok | ok | unr x\n | ok | ok | ok | unreg x\n' \
	'/reg unr' '/msg unr x' '<' '/unr' '/reg unreg' '/msg unreg x' '<'
gives '/unr with a text is not for a registration of that name' 'ok | EINVAL | EAGAIN' '/reg unr' '/unr x' '<'

fresh CMD_BUF_SIZE=20000
gives 'a DEST longer than a page: the same' 'ok | ENOENT | ENOENT | EINVAL | EINVAL' \
	'/reg bob' '/msg x\*9000; hi' '/x\*9000; hi' '/msg x\*9000; ' '/msg x\*9000;'
finish

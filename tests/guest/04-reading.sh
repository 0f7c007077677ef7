#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Reading, by programs and by every shell that there is.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program reading
program rests
program stalling
program handing_on

# in_shell SHELL SCRIPT: what the script prints when this shell runs it. The host's dash and bash come along with the
# libraries that they need.
in_shell() {
	if [ "$1" = ash ]; then
		timeout 60 busybox ash -c "$2" 2>&1
	else
		timeout 60 "$tests/shells/ld.so" --library-path "$tests/shells" "$tests/shells/$1" -c "$2" 2>&1
	fi
}

# shellcheck disable=SC2016 # these are for the shells under test
first='exec 3<>/dev/mq; echo "/reg me" >&3; echo "/msg me hello" >&3; read -r from text <&3; echo "$from: $text"'
# shellcheck disable=SC2016
many='exec 3<>/dev/mq; echo "/reg me" >&3
for n in 1 2 3; do echo "/msg me  number  $n " >&3; done
for n in 1 2 3; do IFS= read -r line <&3; echo "<$line>"; done'
# shellcheck disable=SC2016
loop='exec 3<>/dev/mq; echo "/reg me" >&3
for text in a b end; do echo "/msg me $text" >&3; done
while read -r from text <&3; do echo "$text"; [ "$text" != end ] || break; done'
# shellcheck disable=SC2016
chunks='exec 3<>/dev/mq; echo "/reg me" >&3; echo "/msg me one" >&3; echo "/msg me two" >&3
dd bs=3 count=1 <&3 2>/dev/null; read -r rest <&3; echo "|$rest"; read -r line <&3; echo "$line"'

for shell in ash dash bash; do
	if [ $shell != ash ] && ! [ -x "$tests/shells/$shell" ]; then
		skip "$shell reads" 'it is not packed'
		continue
	fi
	fresh
	is "read -r from text ($shell)" "$(in_shell $shell "$first")" 'me: hello'
	is "read takes one message each time, blanks as they are ($shell)" "$(in_shell $shell "$many")" '<me  number  1 >
<me  number  2 >
<me  number  3 >'
	is "a loop reads message by message ($shell)" "$(in_shell $shell "$loop")" 'a
b
end'
	is "a program and then the shell read one message ($shell)" "$(in_shell $shell "$chunks")" 'me |one
me two'
done

# listen FILE: registers, lets a child read through this shell's file, and ends.
listen() {
	exec 3<>/dev/mq
	echo '/reg shell' >&3
	cat <&3 >"$1" &
	reader=$!
	echo '/msg shell one' >&3
	echo '/msg shell two' >&3
	eventually grep -q two "$1"
	echo '/unr' >&3
	wait $reader
	echo "cat ended with $?"
	exec 3>&-
}

fresh
text=$(mktemp)
is 'cat reads the queue of the shell that opened the file, until the registration ends' "$(listen "$text")" \
	'cat ended with 0'
is 'what cat has read' "$(cat "$text")" 'shell one
shell two'
rm "$text"
finish

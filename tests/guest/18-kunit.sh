#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tests of policy, which the host has run, once more as KUnit tests in the kernel.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

filter=/sys/module/kunit/parameters/filter_glob
suites=/sys/kernel/debug/kunit

# as_tap SUITE: what KUnit says of it, without what it says of the suite as a whole.
# shellcheck disable=SC2317 # `results` calls it
as_tap() {
	awk -v suite="$1" '
		/^    1\.\./ { print $1; next }
		/^    (not )?ok / {
			bad += $1 == "not"
			test = $NF
			gsub(/_/, " ", test)
			print ($1 == "not" ? "not ok" : "ok") " - " suite ": " test
			next
		}
		/^    [^ ]/ && !/KTAP|# Subtest|speed: normal/ { print "# " $0 }
		END { exit bad > 0 }' "$suites/$1/results"
}

if [ ! -e $filter ]; then
	skip 'the tests of policy in the kernel' 'this kernel has no KUnit'
	finish
fi

printf 'mq_*' >$filter
fresh
printf none >$filter

is 'each file of policy with tests has a suite' "$(cd $suites && echo mq_* | sed 's/mq_//g')" \
	'chunks command hash_index limits line listing message name priorities queue quota records registry ring segments trie'
for suite in "$suites"/mq_*; do
	suite=${suite##*/}
	results "$suite" as_tap "$suite"
done
finish

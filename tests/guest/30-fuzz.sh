#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What nobody thought of: the fuzzer for a few seconds (MQ_TEST_FUZZ: how many), led by what it reaches where the kernel
# has KCOV.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

seconds=5
[ ! -e /sys/kernel/debug/kcov ] || seconds=25
fresh
results fuzz mq-test fuzz "${MQ_TEST_FUZZ:-$seconds}"
ok 'nothing is registered after it' eventually deserted
finish

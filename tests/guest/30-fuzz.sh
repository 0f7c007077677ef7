#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What nobody thought of: the fuzzer for a few seconds (MQ_TEST_FUZZ: how many), where the kernel has KCOV.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
results fuzz mq-test fuzz "${MQ_TEST_FUZZ:-25}"
ok 'nothing is registered after it' eventually deserted
finish

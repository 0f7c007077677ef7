#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Load of every kind for some seconds (MQ_TEST_STRESS: how many), then the accounts.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
results stress mq-test stress "${MQ_TEST_STRESS:-8}"
ok 'nothing is registered after it' eventually deserted
finish

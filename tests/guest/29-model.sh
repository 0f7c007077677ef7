#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The driver against the model of the contract: as many operations as MQ_TEST_MODEL says, or seconds with an `s` behind
# it, from the seed SEED on.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

operations=100000
[ -z "${MQ_TEST_DEBUG:-}" ] || operations=10000
fresh
results model mq-test model "${MQ_TEST_MODEL:-$operations}" "${SEED:-1}"
finish

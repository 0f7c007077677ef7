#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Memory: none leaks, all is charged, and none to be had is an error like others.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program memory
program charges
program no_memory
program no_memory_for_records
program no_memory_to_poll
program no_memory_to_steer
finish

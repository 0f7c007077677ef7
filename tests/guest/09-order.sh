#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Order of arrival, and the accounts of each queue.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh MAX_DEVICES=16
program order
finish

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Ten thousand registrations at once.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program crowd
finish

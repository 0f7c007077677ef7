#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What an ordinary user might try, and has no place with a clause of the contract.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh MAX_DEVICES=16
program attacks
finish

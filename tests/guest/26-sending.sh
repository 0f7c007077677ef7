#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Sending for programs: with priorities, waiting for room, and from files that are registered themselves.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program priorities
program waiting_sends
program file_registrations
finish

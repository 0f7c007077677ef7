#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The interface for programs: records instead of commands and lines.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

fresh
program records
program switching
program batches
program bad_records
program receiving
program record_namespaces
finish

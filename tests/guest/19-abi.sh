#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The description of the device's files in sysfs, which lies beside this script as `ABI`, against those that there are.
# shellcheck source=tests/guest/lib.sh
. "${0%/*}/lib.sh"

# described: access and path of each, of a registration bob; a directory has no access and ends with a slash.
described() {
	awk -v device=$sys/ '
		function tell() {
			for (path in paths) print access, path
			split("", paths)
			access = "-"
		}
		BEGIN { access = "-" }
		/^$/ { tell() }
		/^What:/ {
			sub("<name>", "bob", $2)
			if (index($2, device) != 1) $2 = device "NOT-BELOW-THE-DEVICE:" $2
			paths[substr($2, length(device) + 1)]
		}
		/^\t\t\((RO|RW|WO)\)/ { access = substr($1, 2, 2) }
		END { tell() }' ABI/* | sort
}

# existing: the same of what there is, without what every device has.
existing() {
	cd $sys || return
	find . -mindepth 1 ! -path './power*' ! -name uevent ! -name dev ! -name subsystem | while read -r path; do
		path=${path#./}
		case $(stat -c '%a %F' "$path") in
		*directory) echo "- $path/" ;;
		'444 regular file') echo "RO $path" ;;
		'644 regular file') echo "RW $path" ;;
		'200 regular file') echo "WO $path" ;;
		*) echo "$(stat -c '%a %F' "$path") $path" ;;
		esac
	done | sort
}

fresh
hold bob
description=$(mktemp)
described >"$description"
is 'the ABI describes each file of the device, with its access, and nothing else' \
	"$(existing | diff "$description" -)" ''
rm "$description"
finish

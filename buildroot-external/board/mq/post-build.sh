#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# post-build.sh TARGET_DIR: the overlay is that of the quick image, whole; this applies to it what the menu says of the
# parameters and of the examples.
set -eu
target=$1
package=$(dirname "$0")/../../package/mq-driver

"$package/configure" "$BR2_CONFIG" "$target/etc/mq.conf"
grep -q '^BR2_PACKAGE_MQ_DRIVER_SCRIPTS=y' "$BR2_CONFIG" || rm -rf "$target/usr/lib/mq" "$target/usr/share/mq"
grep -q '^BR2_PACKAGE_MQ_DRIVER_EXAMPLES=y' "$BR2_CONFIG" || rm -rf "$target/usr/share/mq/examples"

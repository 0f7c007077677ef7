# SPDX-License-Identifier: GPL-2.0
#
# The packages of this tree. Those of mq have the repository around this tree for their source, and its version.

MQ_SITE = $(abspath $(BR2_EXTERNAL_MQ_PATH)/..)
MQ_VERSION := $(shell sed -n '/^\[workspace.package\]/,/^$$/s/^version = "\(.*\)"/\1/p' $(MQ_SITE)/Cargo.toml)
# What was built in the repository outside of Buildroot.
MQ_RSYNC_EXCLUSIONS = --exclude /build --exclude /target

include $(sort $(wildcard $(BR2_EXTERNAL_MQ_PATH)/package/*/*.mk))

# Here because LINUX_DIR is not known yet where linux/ is read.
ifneq ($(MQ_LINUX_OPTIONS),)
$(LINUX_DIR)/.stamp_dotconfig: $(MQ_LINUX_ALLCONFIG)

$(MQ_LINUX_ALLCONFIG): $(MQ_LINUX_OPTIONS)
	mkdir -p $(@D)
	cat $^ >$@
endif

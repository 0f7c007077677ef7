# SPDX-License-Identifier: GPL-2.0
#
# The packages of this tree. Those of mq have the repository around this tree for their source, and its version.

MQ_SITE = $(abspath $(BR2_EXTERNAL_MQ_PATH)/..)
MQ_VERSION := $(shell sed -n '/^\[workspace.package\]/,/^$$/s/^version = "\(.*\)"/\1/p' $(MQ_SITE)/Cargo.toml)
# Without what was built in the repository outside of Buildroot. What was removed there goes from Buildroot's copy, too,
# but not its notes: a module of Rust that has moved must not be found in both places.
MQ_RSYNC_EXCLUSIONS = --exclude /build --exclude /target --delete --filter 'protect /.*'

include $(sort $(wildcard $(BR2_EXTERNAL_MQ_PATH)/package/*/*.mk))

# legal-info copies all of a local source, and does not ask the package for exclusions.
mq-admin-legal-info mq-driver-legal-info: private RSYNC_VCS_EXCLUSIONS += $(MQ_RSYNC_EXCLUSIONS)

# Here because LINUX_DIR is not known yet where linux/ is read.
ifneq ($(MQ_LINUX_OPTIONS),)
$(LINUX_DIR)/.stamp_dotconfig: $(MQ_LINUX_ALLCONFIG)

$(MQ_LINUX_ALLCONFIG): $(MQ_LINUX_OPTIONS)
	mkdir -p $(@D)
	cat $^ >$@
endif

# BusyBox's Kconfig, too, says nothing when it drops an option. What a project lays over it is not judged here, only what
# is of this tree.
MQ_BUSYBOX_OPTIONS = $(filter $(BR2_EXTERNAL_MQ_PATH)/%,$(call qstrip,$(BR2_PACKAGE_BUSYBOX_CONFIG_FRAGMENT_FILES)))
ifneq ($(MQ_BUSYBOX_OPTIONS),)
define MQ_CHECK_BUSYBOX
	$(MQ_SITE)/kernel/lost-options $(BUSYBOX_DIR)/.config $(MQ_BUSYBOX_OPTIONS)
endef
BUSYBOX_POST_CONFIGURE_HOOKS += MQ_CHECK_BUSYBOX
endif

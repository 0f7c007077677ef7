################################################################################
#
# mq-driver
#
################################################################################

MQ_DRIVER_VERSION = $(MQ_VERSION)
MQ_DRIVER_SITE = $(MQ_SITE)
MQ_DRIVER_SITE_METHOD = local
MQ_DRIVER_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = $(MQ_RSYNC_EXCLUSIONS)
MQ_DRIVER_LICENSE = GPL-2.0
MQ_DRIVER_LICENSE_FILES = LICENSE
MQ_DRIVER_MODULE_SUBDIRS = driver
MQ_DRIVER_INSTALL_STAGING = YES

define MQ_DRIVER_INSTALL_STAGING_CMDS
	$(INSTALL) -D -m 0644 $(@D)/include/uapi/linux/mq.h $(STAGING_DIR)/usr/include/linux/mq.h
endef

define MQ_DRIVER_LINUX_CONFIG_FIXUPS
	$(call KCONFIG_ENABLE_OPT,CONFIG_RUST)
	$(call KCONFIG_ENABLE_OPT,CONFIG_PROC_FS)
	$(call KCONFIG_ENABLE_OPT,CONFIG_SYSFS)
	$(call KCONFIG_ENABLE_OPT,CONFIG_MODULE_UNLOAD)
endef

define MQ_DRIVER_INSTALL_CONF
	$(INSTALL) -D -m 0644 $(@D)/rootfs-overlay/etc/mq.conf $(TARGET_DIR)/etc/mq.conf
	$(MQ_DRIVER_PKGDIR)/configure $(BR2_CONFIG) $(TARGET_DIR)/etc/mq.conf
endef
MQ_DRIVER_POST_INSTALL_TARGET_HOOKS += MQ_DRIVER_INSTALL_CONF

ifeq ($(BR2_PACKAGE_MQ_DRIVER_SCRIPTS),y)
define MQ_DRIVER_INSTALL_SCRIPTS
	$(INSTALL) -D -m 0644 $(@D)/rootfs-overlay/usr/lib/mq/mq.sh $(TARGET_DIR)/usr/lib/mq/mq.sh
	$(INSTALL) -D -m 0644 $(@D)/rootfs-overlay/usr/share/mq/README $(TARGET_DIR)/usr/share/mq/README
endef
MQ_DRIVER_POST_INSTALL_TARGET_HOOKS += MQ_DRIVER_INSTALL_SCRIPTS
endif

ifeq ($(BR2_PACKAGE_MQ_DRIVER_EXAMPLES),y)
define MQ_DRIVER_INSTALL_EXAMPLES
	mkdir -p $(TARGET_DIR)/usr/share/mq/examples
	$(INSTALL) -m 0755 $(@D)/rootfs-overlay/usr/share/mq/examples/* $(TARGET_DIR)/usr/share/mq/examples
endef
MQ_DRIVER_POST_INSTALL_TARGET_HOOKS += MQ_DRIVER_INSTALL_EXAMPLES
endif

define MQ_DRIVER_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(@D)/rootfs-overlay/etc/init.d/S10mq $(TARGET_DIR)/etc/init.d/S10mq
endef

$(eval $(kernel-module))
$(eval $(generic-package))

################################################################################
#
# mq-admin
#
################################################################################

MQ_ADMIN_VERSION = $(MQ_VERSION)
MQ_ADMIN_SITE = $(MQ_SITE)
MQ_ADMIN_SITE_METHOD = local
MQ_ADMIN_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = $(MQ_RSYNC_EXCLUSIONS)
MQ_ADMIN_SUBDIR = mq-admin
MQ_ADMIN_LICENSE = GPL-2.0, Apache-2.0 or MIT (crates), MIT (crates), Unicode-3.0 (crates), Zlib (crates)
MQ_ADMIN_LICENSE_FILES = LICENSE

# Buildroot vendors the crates of what it downloads, but not those of a local
# source. They are kept among the downloads: once there, no network is needed.
# cargo holds each of them against its checksum in Cargo.lock.
MQ_ADMIN_CRATES = $(MQ_ADMIN_DL_DIR)/crates-$(shell sha256sum $(MQ_SITE)/Cargo.lock | cut -c 1-12)

define MQ_ADMIN_VENDOR
	$(TARGET_MAKE_ENV) $(PKG_COMMON_CARGO_ENV) \
		$(MQ_ADMIN_PKGDIR)/vendor $(@D)/Cargo.toml $(MQ_ADMIN_CRATES)
	mkdir -p $(@D)/.cargo
	printf '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "%s"\n' \
		$(MQ_ADMIN_CRATES) >$(@D)/.cargo/config.toml
endef
MQ_ADMIN_PRE_BUILD_HOOKS += MQ_ADMIN_VENDOR

$(eval $(cargo-package))

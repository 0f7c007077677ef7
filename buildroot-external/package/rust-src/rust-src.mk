################################################################################
#
# rust-src
#
################################################################################

# The sources of the library that Buildroot's rustc comes with: the kernel
# builds its own from them.
RUST_SRC_VERSION = $(RUST_BIN_VERSION)
RUST_SRC_SITE = https://static.rust-lang.org/dist
RUST_SRC_SOURCE = rust-src-$(RUST_SRC_VERSION).tar.xz
RUST_SRC_LICENSE = Apache-2.0 or MIT
RUST_SRC_LICENSE_FILES = LICENSE-APACHE LICENSE-MIT

define HOST_RUST_SRC_INSTALL_CMDS
	mkdir -p $(HOST_DIR)/lib/rustlib/src/rust
	cp -R $(@D)/rust-src/lib/rustlib/src/rust/library $(HOST_DIR)/lib/rustlib/src/rust
endef

$(eval $(host-generic-package))

################################################################################
#
# linux-ext-mq
#
################################################################################

# What Buildroot's kernel needs for Rust, and its configuration from nothing but
# a list of options. Not here: which options the driver wants, see mq-driver.mk.

ifeq ($(BR2_LINUX_KERNEL_EXT_MQ_RUST),y)

MQ_BINDGEN = $(call qstrip,$(BR2_LINUX_KERNEL_EXT_MQ_BINDGEN))

# Kconfig asks for the tools, too: without them it drops CONFIG_RUST.
LINUX_KCONFIG_DEPENDENCIES += \
	host-rustc \
	host-rust-src \
	$(if $(MQ_BINDGEN),,host-rust-bindgen)

# HOSTCC is the linker of Rust's host programs, too, so it has to be one word.
LINUX_MAKE_FLAGS += \
	HOSTCC="$(HOSTCC_NOCCACHE)" \
	HOSTCFLAGS="$(HOST_CFLAGS)" \
	HOSTLDFLAGS="$(HOST_LDFLAGS)" \
	RUSTC="$(HOST_DIR)/bin/rustc" \
	HOSTRUSTC="$(HOST_DIR)/bin/rustc" \
	RUST_LIB_SRC="$(HOST_DIR)/lib/rustlib/src/rust/library" \
	BINDGEN="$(or $(MQ_BINDGEN),$(HOST_DIR)/bin/bindgen)"

# Kconfig says nothing when it drops an option.
define MQ_CHECK_RUST
	@grep -q '^CONFIG_RUST=y' $(LINUX_DIR)/.config || { \
		echo "The kernel has lost CONFIG_RUST, whose conditions are in its init/Kconfig."; \
		echo "Of the tools it says:"; \
		$(LINUX_MAKE_ENV) $(MAKE) -s $(LINUX_MAKE_FLAGS) -C $(LINUX_DIR) rustavailable; \
		exit 1; \
	} >&2
endef
LINUX_POST_CONFIGURE_HOOKS += MQ_CHECK_RUST

endif # BR2_LINUX_KERNEL_EXT_MQ_RUST

MQ_LINUX_OPTIONS = $(call qstrip,$(BR2_LINUX_KERNEL_EXT_MQ_OPTIONS))
ifneq ($(MQ_LINUX_OPTIONS),)

# external.mk has the rule for this file.
MQ_LINUX_ALLCONFIG = $(BUILD_DIR)/linux-mq.config
LINUX_MAKE_ENV += KCONFIG_ALLCONFIG=$(MQ_LINUX_ALLCONFIG)
LINUX_KCONFIG_DEFCONFIG = allnoconfig

define MQ_CHECK_OPTIONS
	$(MQ_SITE)/kernel/lost-options $(LINUX_DIR)/.config $(MQ_LINUX_OPTIONS)
endef
LINUX_POST_CONFIGURE_HOOKS += MQ_CHECK_OPTIONS

endif # MQ_LINUX_OPTIONS

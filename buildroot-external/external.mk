# SPDX-License-Identifier: GPL-2.0
#
# The packages of this tree.
include $(sort $(wildcard $(BR2_EXTERNAL_MQ_PATH)/package/*/*.mk))

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads, and turns into what driver/ffi/mod.rs calls `shim`.
 */
#include "shim.h"
#include "trace.h"

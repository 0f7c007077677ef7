// SPDX-License-Identifier: GPL-2.0
/*
 * The code that the kernel makes of the tracepoints in trace.h.
 */
#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "trace.h"

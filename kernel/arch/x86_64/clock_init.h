/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/base/types.h"

/* Starts the counters that the cycle counter will be compared with. First thing at boot. */
void clock_calibration_start(void);

/* Each CPU's timer, once arch_clock_init() has run on the boot CPU; it calls this itself. */
void clock_init_cpu(void);

/* The cycle counter's rate. */
u64 clock_cycles_hz(void);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Starts the counters that the cycle counter will be compared with. First thing at boot. */
void clock_calibration_start(void);

/* Each CPU's timer, once arch_clock_init() has run on the boot CPU; it calls this itself. */
void clock_init_cpu(void);

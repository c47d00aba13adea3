/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/base/types.h"

/*
 * Clock numbers below 0 name the CPU time of a thread, whose number goes to `*tid`, or of the
 * process: 0. -EINVAL when there is no such clock, or no such thread.
 */
int cpu_clock_thread(int clock, u32 *tid) MUST_USE;

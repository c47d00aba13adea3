/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The machine's clock and its one-shot timer per CPU. kernel/core/clock.h is what others use. */

#include "lib/base/types.h"

/* Finds the best clock (paravirtual, else the cycle counter, calibrated). */
void arch_clock_init(void);

/* Nanoseconds since some moment during boot; never goes back, on any CPU. Any context. */
u64 arch_clock_ns(void);

/* Seconds and nanoseconds since 1970 as the machine's clock knows them now. Once, at boot. */
void arch_wall_clock(u64 *seconds, u32 *ns);

/*
 * How the vDSO can compute the same clock without the kernel: ns = ((cycles - base) * mult) >>
 * shift + offset_ns. False when it cannot (the clock changes under us).
 */
bool arch_clock_vdso(u64 *base_cycles, u64 *offset_ns, u32 *mult, u32 *shift);

/*
 * Arms this CPU's timer for `deadline_ns` on arch_clock_ns(), or disarms it (UINT64_MAX). When it
 * fires, upcall_timer() runs in interrupt context; it may fire early, the core checks.
 */
void arch_timer_arm(u64 deadline_ns);

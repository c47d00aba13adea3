/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/core/clock.h"

#include "kernel/arch/time.h"
#include "lib/base/num.h"

/* [atomic] CLOCK_REALTIME minus CLOCK_MONOTONIC. UINT64_MAX until somebody asks. */
static u64 wall_offset_ns = UINT64_MAX;

u64 clock_now_ns(void)
{
    return arch_clock_ns();
}

/* The machine's clock is slow to read, and few programs ask: it is read at the first question. */
static u64 wall_offset_find(void)
{
    u64 unknown = UINT64_MAX;
    u64 seconds;
    u64 offset;
    u32 ns;

    arch_wall_clock(&seconds, &ns);
    offset = seconds * NS_PER_SECOND + ns - arch_clock_ns();
    if (__atomic_compare_exchange_n(&wall_offset_ns, &unknown, offset, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED))
        return offset;
    return unknown;
}

u64 clock_wall_offset_ns(void)
{
    u64 offset = __atomic_load_n(&wall_offset_ns, __ATOMIC_RELAXED); /* A word by itself. */

    return offset != UINT64_MAX ? offset : wall_offset_find();
}

u64 clock_wall_ns(void)
{
    return clock_wall_offset_ns() + arch_clock_ns();
}

void clock_set_wall_ns(u64 wall_ns)
{
    __atomic_store_n(&wall_offset_ns, wall_ns - arch_clock_ns(), __ATOMIC_RELAXED);
}

u64 clock_deadline(u64 delay_ns)
{
    u64 deadline_ns;

    return u64_add(arch_clock_ns(), delay_ns, &deadline_ns) ? deadline_ns : DEADLINE_NONE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The stack's event counters, one set a CPU. */
#include "kernel/arch/cpu.h"
#include "kernel/net/net.h"
#include "lib/base/types.h"

struct counters {
    u64 value[NET_COUNTER_COUNT];
} __attribute__((aligned(CACHE_LINE_SIZE)));

static struct counters counters[CPUS_MAX];

/*
 * An interrupt between the load and the store of the same counter could lose one count: that is no
 * harm in statistics, and an atomic addition would cost ten times as much.
 */
void net_count(enum net_counter counter)
{
    u64 *value = &counters[cpu_id()].value[counter];

    __atomic_store_n(value, __atomic_load_n(value, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

u64 net_counter(enum net_counter counter)
{
    u64 sum = 0;

    for (u32 cpu = 0; cpu < CPUS_MAX; cpu++)
        sum += __atomic_load_n(&counters[cpu].value[counter], __ATOMIC_RELAXED);
    return sum;
}

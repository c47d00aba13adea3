/* SPDX-License-Identifier: Apache-2.0 */
/* The stack's event counters, one set a CPU. */
#include "kernel/arch/cpu.h"
#include "kernel/net/net.h"
#include "lib/base/types.h"

struct net_counters net_counters[CPUS_MAX];

u64 net_counter(enum net_counter counter)
{
    u64 sum = 0;

    for (u32 cpu = 0; cpu < CPUS_MAX; cpu++)
        sum += __atomic_load_n(&net_counters[cpu].value[counter], __ATOMIC_RELAXED);
    return sum;
}

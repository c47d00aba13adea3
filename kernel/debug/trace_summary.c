/* SPDX-License-Identifier: Apache-2.0 */
/* How often each system call was made, how often it failed, and the CPU time it took. */
#include "abi/linux/errors.h"
#include "abi/linux/nr_x86_64.h"
#include "kernel/debug/trace.h"
#include "kernel/debug/trace_parts.h"
#include "kernel/mm/heap.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    LINE_SIZE = 128,
    ERROR_MAX = 4095,
};

/* [atomic] Relaxed: counts, looked at when nobody counts any more. */
struct counts {
    u64 calls;
    u64 errors;
    u64 cpu_ns;
};

static struct counts *counts; /* [const] By number; those Linux does not have are the last. */

int trace_summary_start(void)
{
    counts = heap_alloc_array(NR_COUNT + 1, sizeof(*counts));
    return counts ? 0 : -ENOMEM;
}

static struct counts *counts_of(u64 nr)
{
    return &counts[trace_call_name(nr) ? nr : NR_COUNT];
}

void trace_summary_count(u64 nr)
{
    __atomic_fetch_add(&counts_of(nr)->calls, 1, __ATOMIC_RELAXED);
}

void trace_summary_result(u64 nr, long result, u64 cpu_ns)
{
    struct counts *its = counts_of(nr);

    __atomic_fetch_add(&its->cpu_ns, cpu_ns, __ATOMIC_RELAXED);
    if (result < 0 && result >= -ERROR_MAX)
        __atomic_fetch_add(&its->errors, 1, __ATOMIC_RELAXED);
}

void trace_summary_tell(void)
{
    char line[LINE_SIZE];
    struct text text;

    for (u32 nr = 0; nr <= NR_COUNT; nr++) {
        const char *name = nr < NR_COUNT ? trace_call_name(nr) : "unknown";

        if (counts[nr].calls == 0)
            continue;
        text_init(&text, line, sizeof(line));
        text_format(&text, "%s %llu %llu %llu", name, (unsigned long long)counts[nr].calls,
                    (unsigned long long)counts[nr].errors, (unsigned long long)counts[nr].cpu_ns);
        trace_report("syscalls", line);
    }
}

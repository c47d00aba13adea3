/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The CPU for unit tests: one thread, whichever CPU number the test says, nothing interrupts. */

#include "lib/base/types.h"

struct thread;

extern u32 fake_cpu;
extern bool fake_irq_on;
extern u32 fake_lock_words[]; /* By CPU. */
extern struct thread *fake_thread;

/* Called where other CPUs or an interrupt could come in between; NULL without fake_smp.c. */
extern void (*fake_interleave)(void);

static inline void fake_point(void)
{
    if (fake_interleave)
        fake_interleave();
}

static inline u32 cpu_id(void)
{
    fake_point();
    return fake_cpu;
}

static inline struct thread *thread_current(void)
{
    fake_point();
    return fake_thread;
}

static inline void thread_set_current(struct thread *thread)
{
    fake_thread = thread;
}

static inline bool irq_save(void)
{
    bool were_on = fake_irq_on;

    fake_point();
    fake_irq_on = false;
    return were_on;
}

static inline void irq_restore(bool were_on)
{
    fake_irq_on = were_on;
    fake_point();
}

static inline void irq_enable(void)
{
    fake_irq_on = true;
    fake_point();
}

static inline void irq_disable(void)
{
    fake_irq_on = false;
}

static inline bool irq_enabled(void)
{
    return fake_irq_on;
}

static inline u32 lock_word(void)
{
    return fake_lock_words[fake_cpu];
}

static inline void lock_word_set(u32 word)
{
    fake_lock_words[fake_cpu] = word;
}

static inline void cpu_relax(void)
{
    fake_point();
}

static inline u64 cpu_cycles(void)
{
    static u64 cycles;

    cycles += 100;
    return cycles;
}

static inline u64 index_clamp(u64 index, u64 count)
{
    return index < count ? index : 0;
}

static inline void memory_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

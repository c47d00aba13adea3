/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread that sleeps: what goes on meanwhile is the test's fake_sleep_hook. The real
 * kernel/core/wait.c stands on this.
 */
#include "kernel/core/bottom_half.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>

int fake_wakes;
int fake_yields;
u64 fake_idle_ns;
void (*fake_sleep_hook)(u64 deadline_ns);

static struct thread main_thread = { .state = THREAD_RUNNABLE, .name = "test", .affinity = ~0ull };
struct thread *fake_thread = &main_thread;

struct thread *fake_thread_switch(struct thread *thread)
{
    struct thread *before = fake_thread;

    fake_thread = thread;
    return before;
}

void sched_sleep_prepare(void)
{
    fake_thread->state = THREAD_SLEEPING;
}

void sched_sleep_cancel(void)
{
    fake_thread->state = THREAD_RUNNABLE;
}

bool sched_sleep(u64 deadline_ns)
{
    fake_may_sleep("sleep under a spinlock");
    if (in_interrupt()) {
        fputs("fake_sched: sleep in a bottom half\n", stderr);
        abort();
    }
    while (fake_thread->state == THREAD_SLEEPING && fake_now_ns < deadline_ns) {
        if (!fake_sleep_hook) {
            fputs("fake_sched: sleeps, and no fake_sleep_hook would wake it\n", stderr);
            abort();
        }
        fake_sleep_hook(deadline_ns);
    }
    if (fake_thread->state != THREAD_SLEEPING)
        return true;
    fake_thread->state = THREAD_RUNNABLE;
    return false;
}

void sched_wake(struct thread *thread)
{
    fake_wakes++;
    if (thread->state == THREAD_SLEEPING)
        thread->state = THREAD_RUNNABLE;
}

void thread_yield(void)
{
    fake_may_sleep("yield under a spinlock");
    fake_yields++;
}

void sched_yield_if_due(void)
{
    fake_may_sleep("yield under a spinlock");
}

void thread_post_work(struct thread *thread, u32 work)
{
    thread->work |= work;
    if (work & (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT))
        sched_wake(thread);
}

u64 sched_runtime_ns(struct thread *thread)
{
    return thread->runtime_ns;
}

u64 sched_busy_ns(u32 cpu)
{
    return clock_now_ns() - sched_idle_ns(cpu);
}

u64 sched_idle_ns(u32 cpu)
{
    (void)cpu;
    return fake_idle_ns;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The CPU this code runs on, and its interrupt flag.
 *
 * CPUs are numbered from 0, the one that booted, without gaps. State per CPU is an array with
 * CPUS_MAX elements in the module that owns it, indexed by cpu_id(). The kernel is not preemptible:
 * between two calls that may sleep cpu_id() does not change.
 */

#include "lib/base/types.h"

struct thread;

enum {
    CPUS_MAX = 64,
    CACHE_LINE_SIZE = 64,
};

/*
 * <machine/cpu.h> provides, inline:
 *
 *   u32 cpu_id(void)                      this CPU's number
 *   struct thread *thread_current(void)   the thread that runs on it
 *   void thread_set_current(thread)       its first one; later context_switch() does it
 *   bool irq_save(void)                   interrupts off; returns whether they were on
 *   void irq_restore(bool were_on)        back to what irq_save() said
 *   void irq_enable(void), irq_disable(void)
 *   u32 lock_word(void)                   a word of this CPU's own, 0 at first: spinlock.h's
 *   void lock_word_set(u32 word)
 *   bool irq_enabled(void)
 *   void cpu_relax(void)                  in a loop that waits for another CPU
 *   u64 cpu_cycles(void)                  a counter that never goes back on one CPU
 *   void memory_barrier(void)             all before, then all after, DMA included
 *   u64 index_clamp(u64 index, u64 count) `index`, which is below `count`; 0 where a CPU that runs
 *                                         ahead only guesses that it is (Spectre variant 1)
 */
#include <machine/cpu.h> /* IWYU pragma: export */

/*
 * Once more around a loop that waits for another CPU. To pause each time would starve that CPU
 * under emulation, where a pause takes the lock that the other one needs to get its interrupt.
 */
static inline void cpu_spin(u32 turns)
{
    enum {
        TURNS_PER_PAUSE = 256,
    };

    if (turns % TURNS_PER_PAUSE == 0)
        cpu_relax();
}

/* How many CPUs are up. [const] once cpus_start() has returned. */
u32 cpu_count(void);

/* Brings up all other CPUs the machine has, up to CPUS_MAX. Each enters upcall_cpu_started(). */
void cpus_start(void);

/*
 * Sleeps until an interrupt; called by the idle thread with interrupts off, returns with them on.
 * An interrupt that came since they went off ends it at once.
 */
void cpu_idle(void);

/* Makes `cpu` look at its run queue: an interrupt ends its cpu_idle() and asks for a reschedule. */
void cpu_kick(u32 cpu);

/* Stops every other CPU for good; for panic, reset and power off. Safe in any context. */
void cpus_stop(void);

/* The same, and waits until they have. False: one of them does not answer. */
bool cpus_stop_wait(void) MUST_USE;

/* Whether RDTSCP gives the program its CPU's number, as on Linux: for the vDSO's getcpu(). */
bool cpu_has_rdtscp(void);

/* What AT_HWCAP tells the program: on x86-64 EDX of CPUID 1. */
u32 cpu_hwcap(void);

/* Writes what /proc/cpuinfo says of CPU `cpu` through `put(arg, text, len)`. */
void cpu_info_emit(u32 cpu, void (*put)(void *arg, const char *text, size_t len), void *arg);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/base/types.h"

struct thread;

static inline u32 cpu_id(void)
{
    u32 id;

    __asm__ volatile("movl %%gs:32, %0" : "=r"(id));
    return id;
}

static inline struct thread *thread_current(void)
{
    struct thread *thread;

    /* Not volatile: on one stack it is always the same. */
    __asm__("movq %%gs:8, %0" : "=r"(thread));
    return thread;
}

static inline void thread_set_current(struct thread *thread)
{
    __asm__ volatile("movq %0, %%gs:8" : : "r"(thread) : "memory");
}

static inline bool irq_enabled(void)
{
    u64 flags;

    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
    return (flags & 0x200) != 0;
}

static inline void irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline bool irq_save(void)
{
    u64 flags;

    __asm__ volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(flags) : : "memory");
    return (flags & 0x200) != 0;
}

static inline void irq_restore(bool were_on)
{
    if (were_on)
        irq_enable();
}

static inline u32 lock_word(void)
{
    u32 word;

    __asm__ volatile("movl %%gs:60, %0" : "=r"(word));
    return word;
}

static inline void lock_word_set(u32 word)
{
    __asm__ volatile("movl %0, %%gs:60" : : "ri"(word) : "memory");
}

static inline void cpu_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline u64 cpu_cycles(void)
{
    u32 low;
    u32 high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

/* By arithmetic, which no CPU guesses: the borrow of the comparison becomes the mask. */
static inline u64 index_clamp(u64 index, u64 count)
{
    u64 mask;

    __asm__ volatile("cmpq %2, %1\n\tsbbq %0, %0" : "=r"(mask) : "r"(index), "ri"(count) : "cc");
    return index & mask;
}

/* [const] after boot: see memory_barrier(). */
extern bool cpu_drops_fences;

/*
 * QEMU's emulation of a single CPU drops fences, up to version 7.2 at least: it thinks nobody else
 * looks. But its devices do, from a thread of their own, and then a device and its driver can each
 * miss what the other has just written, and both wait for ever. Reading the cycle counter takes a
 * lock inside QEMU, which is the fence that was dropped.
 */
static inline void memory_barrier(void)
{
    __asm__ volatile("mfence" : : : "memory");
    if (__builtin_expect(cpu_drops_fences, 0))
        __asm__ volatile("rdtsc" : : : "eax", "edx", "memory");
}

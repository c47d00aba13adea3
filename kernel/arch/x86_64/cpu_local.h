/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One CPU's own state, based at GS, with its descriptor tables. */

#include "kernel/arch/cpu.h"
#include "lib/base/types.h"

enum ist_index {
    IST_NMI = 1,
    IST_DEBUG,
    IST_DOUBLE_FAULT,
    IST_MACHINE_CHECK,
    IST_COUNT,
};

struct __attribute__((packed)) task_state {
    u32 reserved0;
    u64 rsp[3];
    u64 ist[8]; /* [0] is reserved. */
    u64 reserved1;
    u16 reserved2;
    u16 io_map_base;
};
static_assert(sizeof(struct task_state) == 104, "Intel SDM volume 3, 8.7");

struct cpu_local {
    struct cpu_local *self;
    struct thread *thread;
    u64 user_sp;   /* Entry code's scratch. */
    u64 stack_top; /* Where the next system call finds its stack. */
    u32 id;
    u8 vector_stale; /* The vector registers are not those of `thread`. */
    u64 canary;
    struct arch_context *vector_owner; /* Whose state the vector registers hold. */
    u32 apic_id;
    u32 lock_word; /* See kernel/core/spinlock.h. */
    u64 irq_count;
    u64 timer_deadline_ns;
    u64 gdt[10];
    struct task_state tss;
} __attribute__((aligned(CACHE_LINE_SIZE)));

static inline struct cpu_local *cpu_local(void)
{
    struct cpu_local *self;

    __asm__ volatile("movq %%gs:0, %0" : "=r"(self));
    return self;
}

struct cpu_local *cpu_local_of(u32 cpu);

/*
 * Loads GS, descriptor tables and control registers of CPU `cpu`, whose traps on stacks of their
 * own use `ist_stacks` (IST_COUNT - 1 of them, IST_STACK_SIZE each, aligned to that).
 */
void cpu_local_load(u32 cpu, u8 *ist_stacks);

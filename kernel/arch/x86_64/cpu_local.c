/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-CPU base, descriptor tables, and the control registers that every CPU sets the same way
 * (Intel SDM volume 3, chapters 2, 3, 5 and 7).
 */
#include "kernel/arch/x86_64/cpu_local.h"

#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/core/thread.h"
#include "lib/base/types.h"

/* Offsets known to assembly, inline functions and the compiler's stack protector (Makefile). */
static_assert(offsetof(struct cpu_local, thread) == CPU_LOCAL_THREAD, "entry.S");
static_assert(offsetof(struct cpu_local, user_sp) == CPU_LOCAL_USER_SP, "entry.S");
static_assert(offsetof(struct cpu_local, stack_top) == CPU_LOCAL_STACK_TOP, "entry.S");
static_assert(offsetof(struct cpu_local, id) == CPU_LOCAL_ID, "cpu.h");
static_assert(offsetof(struct cpu_local, vector_stale) == CPU_LOCAL_VECTOR_STALE, "entry.S");
static_assert(offsetof(struct cpu_local, canary) == CPU_LOCAL_CANARY, "Makefile");
static_assert(offsetof(struct cpu_local, lock_word) == CPU_LOCAL_LOCK_WORD, "cpu.h");
static_assert(offsetof(struct thread, work) == THREAD_WORK, "entry.S");
static_assert(offsetof(struct user_regs, rip) == REGS_RIP, "entry.S");
static_assert(sizeof(struct user_regs) == REGS_SIZE, "entry.S");

enum {
    IDT_ENTRIES = 256,
    IDT_INTERRUPT = 0x8e,
    IDT_INTERRUPT_USER = 0xee, /* The program may raise it: int3, into. */
    VECTOR_DEBUG = 1,
    VECTOR_NMI = 2,
    VECTOR_BREAKPOINT = 3,
    VECTOR_OVERFLOW = 4,
    VECTOR_DOUBLE_FAULT = 8,
    VECTOR_MACHINE_CHECK = 18,
};

struct __attribute__((packed)) table_pointer {
    u16 limit;
    u64 base;
};

struct idt_entry {
    u16 offset_low;
    u16 selector;
    u8 ist;
    u8 type;
    u16 offset_middle;
    u32 offset_high;
    u32 reserved;
};

extern const u64 trap_stubs[IDT_ENTRIES];
extern void syscall_entry(void);

static struct cpu_local locals[CPUS_MAX];
static struct idt_entry idt[IDT_ENTRIES]; /* [const] after the boot CPU filled it. */

struct cpu_local *cpu_local_of(u32 cpu)
{
    return &locals[cpu];
}

static void idt_fill(void)
{
    static const struct {
        u8 vector;
        u8 ist;
    } own_stacks[] = {
        { VECTOR_NMI, IST_NMI },
        { VECTOR_DEBUG, IST_DEBUG },
        { VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT },
        { VECTOR_MACHINE_CHECK, IST_MACHINE_CHECK },
    };

    for (u32 i = 0; i < IDT_ENTRIES; i++) {
        u64 stub = trap_stubs[i];
        bool raisable = i == VECTOR_BREAKPOINT || i == VECTOR_OVERFLOW;

        idt[i] = (struct idt_entry){
            .offset_low = (u16)stub,
            .offset_middle = (u16)(stub >> 16),
            .offset_high = (u32)(stub >> 32),
            .selector = KERNEL_CS,
            .type = raisable ? IDT_INTERRUPT_USER : IDT_INTERRUPT,
        };
    }
    for (u32 i = 0; i < ARRAY_COUNT(own_stacks); i++)
        idt[own_stacks[i].vector].ist = own_stacks[i].ist;
}

static void gdt_fill(struct cpu_local *local)
{
    u64 tss = (u64)&local->tss;

    local->gdt[1] = 0x00cf9b000000ffff; /* 0x08: 32-bit kernel code */
    local->gdt[2] = 0x00af9b000000ffff; /* KERNEL_CS */
    local->gdt[3] = 0x00cf93000000ffff; /* KERNEL_SS */
    local->gdt[4] = 0x00cffb000000ffff; /* USER_CS32 */
    local->gdt[5] = 0x00cff3000000ffff; /* USER_SS */
    local->gdt[6] = 0x00affb000000ffff; /* USER_CS */
    local->gdt[8] = (sizeof(local->tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 |
                    (tss >> 24 & 0xff) << 56;
    local->gdt[9] = tss >> 32;
}

/* The canary is in what GS shows, and that is not there yet. */
__attribute__((no_stack_protector)) static void tables_load(struct cpu_local *local)
{
    struct table_pointer gdt = { sizeof(local->gdt) - 1, (u64)local->gdt };
    struct table_pointer idtr = { sizeof(idt) - 1, (u64)idt };

    __asm__ volatile("lgdt %0" : : "m"(gdt));
    __asm__ volatile("pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:"
                     :
                     : "i"(KERNEL_CS)
                     : "rax", "memory");
    __asm__ volatile("movl %0, %%ss\n\tmovl %0, %%ds\n\tmovl %0, %%es" : : "r"(KERNEL_SS));
    __asm__ volatile("movl %0, %%fs\n\tmovl %0, %%gs" : : "r"(0));
    __asm__ volatile("lidt %0" : : "m"(idtr));
    __asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR));
}

static void control_registers_load(void)
{
    u64 cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    u64 efer = EFER_SCE | EFER_LME;

    if (cpu_features.smep)
        cr4 |= CR4_SMEP;
    if (cpu_features.smap)
        cr4 |= CR4_SMAP;
    if (cpu_features.umip)
        cr4 |= CR4_UMIP;
    if (cpu_features.fsgsbase)
        cr4 |= CR4_FSGSBASE;
    if (cpu_features.xsave)
        cr4 |= CR4_OSXSAVE;
    if (cpu_features.nx)
        efer |= EFER_NXE;
    cr4_write(cr4);
    msr_write(MSR_EFER, efer);

    if (cpu_features.xsave) {
        __asm__ volatile("xsetbv" : : "c"(0), "a"((u32)cpu_features.xcr0), "d"(0));
        cpu_features.vector_size = cpuid(0xd, 0).ebx;
    }
}

static void syscall_msrs_load(void)
{
    msr_write(MSR_STAR, (u64)KERNEL_CS << 32 | (u64)USER_CS32 << 48);
    msr_write(MSR_LSTAR, (u64)&syscall_entry);
    msr_write(MSR_SFMASK, FLAGS_IF | FLAGS_TF | FLAGS_DF | FLAGS_AC | FLAGS_NT | FLAGS_RF);
}

__attribute__((no_stack_protector)) void cpu_local_load(u32 cpu, u8 *ist_stacks)
{
    struct cpu_local *local = &locals[cpu];

    if (cpu == 0)
        idt_fill();
    local->self = local;
    local->id = cpu;
    local->timer_deadline_ns = UINT64_MAX;
    for (u32 i = 1; i < IST_COUNT; i++) {
        u8 *stack = ist_stacks + (u64)(i - 1) * IST_STACK_SIZE;

        *(struct cpu_local **)(void *)stack = local; /* For paranoid_common in entry.S. */
        local->tss.ist[i] = (u64)stack + IST_STACK_SIZE;
    }
    local->tss.io_map_base = sizeof(local->tss);
    gdt_fill(local);
    tables_load(local);
    msr_write(MSR_GS_BASE, (u64)local);
    msr_write(MSR_KERNEL_GS_BASE, 0);
    if (cpu_features.rdtscp)
        msr_write(MSR_TSC_AUX, cpu);
    control_registers_load();
    syscall_msrs_load();
    local->apic_id = cpuid(1, 0).ebx >> 24;
}

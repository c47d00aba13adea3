/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other CPUs: brought up all at once, kicked, stopped (Intel SDM volume 3, 8.4).
 *
 * Each gets INIT and STARTUP, runs the trampoline of boot.S at TRAMPOLINE_ADDRESS, and takes the
 * next free number there, so the order is the order of arrival. Under a hypervisor the waits the
 * manual asks between them for are not needed; they are kept short, and a second STARTUP follows
 * for a CPU that missed the first.
 */
#include "kernel/arch/x86_64/smp.h"

#include "kernel/arch/acpi_info.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/time.h"
#include "kernel/arch/upcall.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/clock_init.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/early.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

#include <stdatomic.h>

/* At the end of the trampoline; the layout is boot.S's. */
struct trampoline_data {
    u64 cr3;
    u64 stacks;
    u64 entry;
    u32 cr4;
    u32 efer;
    u32 next;
    u32 limit;
};

extern const u8 trampoline_start[], trampoline_data[], trampoline_end[];

enum {
    STARTUP_AGAIN_NS = 200 * 1000,
    STARTUP_LIMIT_NS = 1000 * 1000 * 1000,
    STOP_LIMIT_NS = 1000 * 1000 * 1000,
    IST_ORDER = 3, /* (IST_COUNT - 1) * IST_STACK_SIZE is 32 KiB. */
};
static_assert((IST_COUNT - 1) * IST_STACK_SIZE == PAGE_SIZE << IST_ORDER, "");

static atomic_uint cpus_up = 1;
static atomic_uint stopper;  /* The CPU that stops the others, plus 1; 0: none. */
static atomic_ulong stopped; /* CPUs, one bit each. */
static u8 *stacks[CPUS_MAX]; /* Tops. [0] is not used. */
static u8 *ist_stacks[CPUS_MAX];

u32 cpu_count(void)
{
    /* Pairs with the release in cpu_entry(): who counts a CPU may use its state. */
    return atomic_load_explicit(&cpus_up, memory_order_acquire);
}

static _Noreturn void cpu_entry(u32 cpu);

__attribute__((no_stack_protector)) static _Noreturn void cpu_entry(u32 cpu)
{
    struct cpu_local *local = cpu_local_of(cpu);
    u32 before = cpu;

    local->canary = early_layout.canary;
    cpu_local_load(cpu, ist_stacks[cpu]);
    local->stack_top = (u64)stacks[cpu];
    local->tss.rsp[0] = local->stack_top;
    apic_init();
    local->apic_id = apic_id();
    clock_init_cpu();

    /* Counted in order of number, so that cpu_count() CPUs are 0 to cpu_count() - 1. */
    while (!atomic_compare_exchange_weak_explicit(&cpus_up, &before, cpu + 1, memory_order_release,
                                                  memory_order_relaxed)) {
        before = cpu;
        cpu_relax();
    }
    tlb_idle_begin();
    upcall_cpu_started();
}

/* Stacks for `wanted` CPUs; returns for how many there was memory. */
static u32 stacks_prepare(u32 wanted)
{
    for (u32 cpu = 1; cpu < wanted; cpu++) {
        struct page *ist = page_alloc(IST_ORDER, PAGE_ALLOC_ZERO);
        u8 *stack = stack_alloc(THREAD_STACK_SIZE);

        if (!ist || !stack)
            return cpu;
        ist_stacks[cpu] = page_virt(ist);
        stacks[cpu] = stack + THREAD_STACK_SIZE;
    }
    return wanted;
}

/* The trampoline runs with paging on at its physical address: that page is mapped to itself. */
static bool trampoline_map(void)
{
    bool is_large;
    mmu_entry_t *slot = mmu_slot(TRAMPOLINE_ADDRESS, false, true, &is_large);

    if (!slot)
        return false;
    mmu_slot_exchange(slot, mmu_entry_make(TRAMPOLINE_ADDRESS, MMU_WRITE | MMU_EXEC));
    return true;
}

static void trampoline_unmap(void)
{
    mmu_slot_exchange(mmu_slot(TRAMPOLINE_ADDRESS, false, false, NULL), 0);
    irq_enable(); /* As a flush on other CPUs wants it. */
    tlb_flush(TRAMPOLINE_ADDRESS, PAGE_SIZE);
    mmu_free_tables(0, LARGE_PAGE_SIZE, &(struct mmu_hole){ 0, LARGE_PAGE_SIZE });
    irq_disable();
}

static void trampoline_fill(u32 limit)
{
    u8 *page = phys_to_virt(TRAMPOLINE_ADDRESS);
    struct trampoline_data data = {
        .cr3 = cr3_read(),
        .stacks = (u64)stacks,
        .entry = (u64)&cpu_entry,
        .cr4 = CR4_PAE | CR4_PGE,
        .efer = EFER_LME | (cpu_features.nx ? EFER_NXE : 0),
        .next = 1,
        .limit = limit,
    };

    mem_copy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
    mem_copy(page + (trampoline_data - trampoline_start), &data, sizeof(data));
}

static void startup_all(const struct acpi_info *acpi)
{
    for (u32 i = 0; i < acpi->cpu_count; i++) {
        if (acpi->apic_ids[i] != apic_id())
            apic_send_startup(acpi->apic_ids[i], TRAMPOLINE_ADDRESS);
    }
}

static void wait_for_cpus(const struct acpi_info *acpi, u32 wanted)
{
    u64 start = arch_clock_ns();
    bool again = false;

    while (cpu_count() < wanted) {
        u64 waited = arch_clock_ns() - start;

        if (!again && waited > STARTUP_AGAIN_NS) {
            startup_all(acpi);
            again = true;
        }
        if (waited > STARTUP_LIMIT_NS)
            break;
        cpu_relax();
    }
}

void cpus_start(void)
{
    const struct acpi_info *acpi = acpi_info();
    u32 wanted = acpi->cpu_count < CPUS_MAX ? acpi->cpu_count : CPUS_MAX;

    if (wanted <= 1)
        return;
    wanted = stacks_prepare(wanted);
    if (wanted <= 1 || !trampoline_map())
        return;
    trampoline_fill(wanted);
    for (u32 i = 0; i < acpi->cpu_count; i++) {
        if (acpi->apic_ids[i] != apic_id())
            apic_send_init(acpi->apic_ids[i]);
    }
    startup_all(acpi);
    wait_for_cpus(acpi, wanted);
    trampoline_unmap();
    if (cpu_count() < acpi->cpu_count)
        log_warn("cpu: %u of %u CPUs came up", cpu_count(), acpi->cpu_count);
}

void cpu_idle(void)
{
    __asm__ volatile("sti\n\thlt" : : : "memory"); /* sti takes effect after hlt has begun. */
}

void cpu_kick(u32 cpu)
{
    apic_send(cpu_local_of(cpu)->apic_id, IPI_KICK);
}

void cpus_stop(void)
{
    u32 none = 0;

    /* Of two that would stop each other, the first goes on. */
    (void)atomic_compare_exchange_strong_explicit(&stopper, &none, cpu_id() + 1,
                                                  memory_order_release, memory_order_relaxed);
    /* One by one: a CPU that never came up has no table to handle an NMI with. */
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        if (cpu != cpu_id())
            apic_send_nmi(cpu_local_of(cpu)->apic_id);
    }
}

bool cpus_stop_wait(void)
{
    u64 others = (UINT64_MAX >> (64 - cpu_count())) & ~(1ull << cpu_id());
    u64 start = arch_clock_ns();

    cpus_stop();
    while (atomic_load_explicit(&stopped, memory_order_acquire) != others) {
        if (arch_clock_ns() - start > STOP_LIMIT_NS)
            return false;
        cpu_relax();
    }
    return true;
}

void smp_nmi(void)
{
    u32 by = atomic_load_explicit(&stopper, memory_order_acquire);

    if (by == 0 || by == cpu_id() + 1)
        return;
    /* Pairs with the acquire in cpus_stop_wait(): this CPU changes nothing any more. */
    atomic_fetch_or_explicit(&stopped, 1ull << cpu_id(), memory_order_release);
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

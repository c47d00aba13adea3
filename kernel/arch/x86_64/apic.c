/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/arch/x86_64/apic.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/port.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/panic.h"
#include "kernel/mm/kernel_map.h"
#include "lib/base/types.h"

enum apic_register {
    APIC_ID = 0x20,
    APIC_TASK_PRIORITY = 0x80,
    APIC_EOI = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_COMMAND_LOW = 0x300,
    APIC_COMMAND_HIGH = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
};

enum {
    APIC_BASE_ENABLE = 1 << 11,
    APIC_BASE_X2APIC = 1 << 10,
    SPURIOUS_ENABLE = 1 << 8,
    LVT_MASKED = 1 << 16,
    LVT_NMI = 4 << 8,
    LVT_TSC_DEADLINE = 2 << 17,
    DIVIDE_BY_16 = 3,

    COMMAND_NMI = 4 << 8,
    COMMAND_INIT = 5 << 8,
    COMMAND_STARTUP = 6 << 8,
    COMMAND_PENDING = 1 << 12,
    COMMAND_ASSERT = 1 << 14,
    COMMAND_OTHERS = 3 << 18,
};
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull

static bool x2apic;
static volatile u8 *registers; /* xAPIC only. */

static u32 apic_read(u32 reg)
{
    if (x2apic)
        return (u32)msr_read(MSR_X2APIC + reg / 16);
    return mmio_read32(registers + reg);
}

static void apic_write(u32 reg, u32 value)
{
    if (x2apic) {
        msr_write(MSR_X2APIC + reg / 16, value);
    } else {
        mmio_write32(registers + reg, value);
    }
}

static void apic_enable(void)
{
    u64 base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;

    if (cpu_features.x2apic) {
        msr_write(MSR_APIC_BASE, base); /* Off to x2APIC goes by way of xAPIC. */
        msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
        x2apic = true;
        return;
    }
    msr_write(MSR_APIC_BASE, base);
    if (!registers)
        registers = device_map(base & APIC_BASE_ADDRESS, 4096);
    if (!registers)
        panic("no room to map the local APIC");
}

void apic_init(void)
{
    apic_enable();
    apic_write(APIC_TASK_PRIORITY, 0);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

u32 apic_id(void)
{
    return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void apic_end_of_interrupt(void)
{
    apic_write(APIC_EOI, 0);
}

static void command(u32 destination, u32 low)
{
    if (x2apic) {
        /* The write does not wait for earlier stores, which the target will read (SDM 10.12.3). */
        __asm__ volatile("mfence\n\tlfence" : : : "memory");
        msr_write(MSR_X2APIC + APIC_COMMAND_LOW / 16, (u64)destination << 32 | low);
        return;
    }

    /* Two writes: an interrupt in between that sends one of its own would tear them. */
    bool were_on = irq_save();

    while ((apic_read(APIC_COMMAND_LOW) & COMMAND_PENDING) != 0)
        cpu_relax();
    apic_write(APIC_COMMAND_HIGH, destination << 24);
    apic_write(APIC_COMMAND_LOW, low);
    irq_restore(were_on);
}

void apic_send(u32 apic_id, u8 vector)
{
    command(apic_id, COMMAND_ASSERT | vector);
}

void apic_send_others(u8 vector)
{
    command(0, COMMAND_OTHERS | COMMAND_ASSERT | vector);
}

void apic_send_nmi(u32 apic_id)
{
    command(apic_id, COMMAND_ASSERT | COMMAND_NMI);
}

void apic_send_init(u32 apic_id)
{
    command(apic_id, COMMAND_ASSERT | COMMAND_INIT);
}

void apic_send_startup(u32 apic_id, u64 address)
{
    command(apic_id, COMMAND_ASSERT | COMMAND_STARTUP | (u32)(address >> 12));
}

void apic_timer_init(bool deadline)
{
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline ? LVT_TSC_DEADLINE : 0));
    if (deadline)
        memory_barrier(); /* The LVT write is visible before the first deadline (SDM 10.5.4.1). */
}

void apic_timer_start(u32 count)
{
    apic_write(APIC_TIMER_INITIAL, count);
}

u32 apic_timer_left(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

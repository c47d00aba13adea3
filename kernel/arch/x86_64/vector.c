/* SPDX-License-Identifier: Apache-2.0 */
/* XSAVE and FXSAVE (Intel SDM volume 1, chapters 10.5 and 13). */
#include "kernel/arch/x86_64/vector.h"

#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/core/thread.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    AREA_FCW = 0,
    AREA_MXCSR = 24,
    AREA_MXCSR_MASK = 28,
    AREA_HEADER = 512, /* XSTATE_BV, XCOMP_BV, then reserved. */
    AREA_HEADER_SIZE = 64,
    FCW_INITIAL = 0x37f,
    MXCSR_INITIAL = 0x1f80,
    MXCSR_MASK_DEFAULT = 0xffbf,
    VECTOR_CPU_NONE = CPUS_MAX,
};

static void area_save(u8 *area)
{
    u32 low = (u32)cpu_features.xcr0;

    if (cpu_features.xsaveopt) {
        __asm__ volatile("xsaveopt64 (%0)" : : "r"(area), "a"(low), "d"(0) : "memory");
    } else if (cpu_features.xsave) {
        __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(low), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
    }
}

static void area_load(const u8 *area)
{
    u32 low = (u32)cpu_features.xcr0;

    if (cpu_features.xsave) {
        __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(low), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
    }
}

void vector_leave(struct arch_context *from)
{
    struct cpu_local *local = cpu_local();

    if (from->vector && !local->vector_stale)
        area_save(from->vector);
}

void vector_enter(struct arch_context *to)
{
    struct cpu_local *local = cpu_local();

    if (!to->vector)
        return; /* Its next switch leaves the registers alone: they stay the owner's. */
    local->vector_stale = local->vector_owner != to || to->vector_cpu != local->id;
}

u8 *vector_save_current(struct arch_context *context)
{
    bool were_on = irq_save();

    if (!cpu_local()->vector_stale)
        area_save(context->vector);
    irq_restore(were_on);
    return context->vector;
}

void vector_changed(struct arch_context *context)
{
    bool were_on = irq_save();

    cpu_local()->vector_stale = 1;
    context->vector_cpu = VECTOR_CPU_NONE;
    irq_restore(were_on);
}

/* Interrupts are off. */
void vector_restore(void)
{
    struct cpu_local *local = cpu_local();
    struct arch_context *context = &local->thread->context;

    area_load(context->vector);
    local->vector_owner = context;
    context->vector_cpu = local->id;
    local->vector_stale = 0;
}

void vector_area_init(u8 *area)
{
    u16 fcw = FCW_INITIAL;
    u32 mxcsr = MXCSR_INITIAL;

    mem_zero(area, cpu_features.vector_size);
    mem_copy(area + AREA_FCW, &fcw, sizeof(fcw));
    mem_copy(area + AREA_MXCSR, &mxcsr, sizeof(mxcsr));
}

static u32 mxcsr_mask(void)
{
    static u32 mask; /* The same for all: computed twice at worst. */
    u8 area[512] __attribute__((aligned(16)));

    if (mask == 0) {
        u32 found;

        mem_zero(area, sizeof(area));
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
        mem_copy(&found, area + AREA_MXCSR_MASK, sizeof(found));
        mask = found != 0 ? found : MXCSR_MASK_DEFAULT;
    }
    return mask;
}

bool vector_area_check(u8 *area)
{
    u64 header[AREA_HEADER_SIZE / sizeof(u64)];
    u32 mxcsr;

    mem_copy(&mxcsr, area + AREA_MXCSR, sizeof(mxcsr));
    if ((mxcsr & ~mxcsr_mask()) != 0)
        return false;
    if (!cpu_features.xsave)
        return true;

    mem_copy(header, area + AREA_HEADER, sizeof(header));
    if ((header[0] & ~cpu_features.xcr0) != 0)
        return false;
    for (u32 i = 1; i < ARRAY_COUNT(header); i++) {
        if (header[i] != 0)
            return false;
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/arch/context.h"

#include "abi/linux/errors.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/vector.h"
#include "kernel/core/thread.h"
#include "kernel/mm/heap.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

/* What context_switch_stacks() of entry.S finds on the stack of a thread that has not run. */
struct first_frame {
    u64 r15, r14, r13, r12, rbx, rbp;
    u64 return_address;
    u64 padding;
};

void context_first(void);
void context_switch_stacks(u64 *save_rsp, u64 rsp);

void context_init(struct arch_context *context, void *stack_top, void (*entry)(void *arg),
                  void *arg)
{
    /* The program's registers have their place at the top; below it the kernel's stack begins. */
    struct first_frame *frame =
        (struct first_frame *)((u64)context_user_regs(stack_top) & ~15ull) - 1;

    mem_zero(frame, sizeof(*frame));
    frame->r12 = (u64)entry;
    frame->r13 = (u64)arg;
    frame->return_address = (u64)&context_first;
    mem_zero(context, sizeof(*context));
    context->rsp = (u64)frame;
    context->vector_cpu = CPUS_MAX;
}

int context_user_init(struct arch_context *context)
{
    context->vector = heap_alloc(cpu_features.vector_size);
    if (!context->vector)
        return -ENOMEM;
    vector_area_init(context->vector);
    context->vector_cpu = CPUS_MAX;
    return 0;
}

void context_user_fini(struct arch_context *context)
{
    heap_free(context->vector);
    context->vector = NULL;
}

static u64 fs_base_read(void)
{
    u64 base;

    if (!cpu_features.fsgsbase)
        return thread_current()->context.fs_base; /* Only system calls change it. */
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

static void fs_base_write(u64 base)
{
    if (cpu_features.fsgsbase) {
        __asm__ volatile("wrfsbase %0" : : "r"(base));
    } else {
        msr_write(MSR_FS_BASE, base);
    }
}

/* The program's GS base waits in an MSR while the kernel runs. Interrupts are off. */
static u64 gs_base_read(void)
{
    return cpu_features.fsgsbase ? msr_read(MSR_KERNEL_GS_BASE) : thread_current()->context.gs_base;
}

void context_user_copy(struct arch_context *to)
{
    struct arch_context *from = &thread_current()->context;

    mem_copy(to->vector, vector_save_current(from), cpu_features.vector_size);
    to->fs_base = fs_base_read();
    to->gs_base = gs_base_read();
}

static void segments_leave(struct arch_context *from)
{
    if (!from->vector || !cpu_features.fsgsbase)
        return;
    from->fs_base = fs_base_read();
    from->gs_base = gs_base_read();
}

static void segments_enter(const struct arch_context *to)
{
    if (!to->vector)
        return;
    fs_base_write(to->fs_base);
    msr_write(MSR_KERNEL_GS_BASE, to->gs_base);
}

void context_switch(struct arch_context *from, struct arch_context *to, void *stack_top)
{
    struct cpu_local *local = cpu_local();

    vector_leave(from);
    segments_leave(from);
    local->thread = CONTAINER_OF(to, struct thread, context);
    local->stack_top = (u64)stack_top;
    local->tss.rsp[0] = (u64)stack_top;
    vector_enter(to);
    segments_enter(to);
    context_switch_stacks(&from->rsp, to->rsp);
}

struct user_regs *context_user_regs(void *stack_top)
{
    return (struct user_regs *)stack_top - 1;
}

void user_regs_init(struct user_regs *regs, u64 ip, u64 sp)
{
    mem_zero(regs, sizeof(*regs));
    regs->rip = ip < USER_END ? ip : USER_END; /* USER_END is never mapped: it faults there. */
    regs->rsp = sp;
    regs->cs = USER_CS;
    regs->ss = USER_SS;
    regs->flags = FLAGS_IF;
    regs->orig_rax = UINT64_MAX;
}

void context_set_thread_pointer(u64 base)
{
    thread_current()->context.fs_base = base;
    fs_base_write(base);
}

u64 context_thread_pointer(void)
{
    return fs_base_read();
}

void context_init_thread_pointer(struct arch_context *context, u64 base)
{
    context->fs_base = base;
}

u32 context_vector_size(void)
{
    return cpu_features.vector_size;
}

u64 context_segment_base(void)
{
    bool were_on = irq_save();
    u64 base = gs_base_read();

    irq_restore(were_on);
    return base;
}

void context_set_segment_base(u64 base)
{
    bool were_on = irq_save();

    thread_current()->context.gs_base = base;
    msr_write(MSR_KERNEL_GS_BASE, base);
    irq_restore(were_on);
}

void regs_emit(const struct user_regs *regs, void (*put)(const char *line))
{
    const struct {
        const char *names[3];
        u64 values[3];
    } rows[] = {
        { { "rip", "rsp", "rbp" }, { regs->rip, regs->rsp, regs->rbp } },
        { { "rax", "rbx", "rcx" }, { regs->rax, regs->rbx, regs->rcx } },
        { { "rdx", "rsi", "rdi" }, { regs->rdx, regs->rsi, regs->rdi } },
        { { "r8 ", "r9 ", "r10" }, { regs->r8, regs->r9, regs->r10 } },
        { { "r11", "r12", "r13" }, { regs->r11, regs->r12, regs->r13 } },
        { { "r14", "r15", "flg" }, { regs->r14, regs->r15, regs->flags } },
    };

    for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
        char line[80];
        struct text text;

        text_init(&text, line, sizeof(line));
        for (u32 j = 0; j < 3; j++)
            text_format(&text, "%s %016lx  ", rows[i].names[j], rows[i].values[j]);
        put(line);
    }
}

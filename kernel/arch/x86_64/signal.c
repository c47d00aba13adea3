/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal frames as Linux lays them out on x86-64, so that unwinders, debuggers and language
 * runtimes find their way: return address, ucontext, siginfo, and above them the vector state,
 * 64-byte aligned.
 */
#include "kernel/arch/signal.h"

#include "abi/linux/errors.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/vector.h"
#include "kernel/core/thread.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/uaccess.h"
#include "lib/base/mem.h"
#include "lib/base/types.h"

enum {
    RED_ZONE = 128, /* Leaf functions keep data below their stack pointer. */
    VECTOR_ALIGN = 64,

    UC_FP_XSTATE = 1,
    UC_SIGCONTEXT_SS = 2,
    UC_STRICT_RESTORE_SS = 4,

    /* Bytes 464 to 511 of the FXSAVE area are software's. */
    VECTOR_SOFTWARE = 464,
    FXSAVE_SIZE = 512,
    XSAVE_HEADER = 512,
};
#define VECTOR_MAGIC1 0x46505853u
#define VECTOR_MAGIC2 0x46505845u

/* Flags a program may set: arithmetic, trap, direction, resume, alignment check. */
#define FLAGS_PROGRAM 0x00050dd5ull

struct machine_context {
    u64 r8, r9, r10, r11, r12, r13, r14, r15;
    u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, flags;
    u16 cs, gs, fs, ss;
    u64 error, trap, old_mask, cr2;
    u64 vector; /* Address of the vector state, or 0. */
    u64 reserved[8];
};

struct user_context {
    u64 flags;
    u64 link;
    u64 stack_sp;
    u32 stack_flags;
    u32 padding;
    u64 stack_size;
    struct machine_context machine;
    u64 mask;
};

struct signal_frame {
    u64 restorer;
    struct user_context context;
    u8 siginfo[128];
};
static_assert(sizeof(struct machine_context) == 256, "Linux' layout");
static_assert(sizeof(struct signal_frame) == 8 + 304 + 128, "Linux' layout");

struct vector_software {
    u32 magic1;
    u32 extended_size;
    u64 features;
    u32 size;
    u32 padding[7];
};
static_assert(sizeof(struct vector_software) == FXSAVE_SIZE - VECTOR_SOFTWARE, "");

static u32 vector_bytes(void)
{
    return cpu_features.vector_size + (cpu_features.xsave ? (u32)sizeof(u32) : 0);
}

static int vector_push(uaddr_t to)
{
    u8 *area = vector_save_current(&thread_current()->context);
    struct vector_software software = {
        .magic1 = VECTOR_MAGIC1,
        .extended_size = vector_bytes(),
        .features = cpu_features.xcr0,
        .size = cpu_features.vector_size,
    };
    u32 magic2 = VECTOR_MAGIC2;

    if (copy_out(to, area, cpu_features.vector_size) < 0)
        return -EFAULT;
    if (!cpu_features.xsave)
        return 0;
    if (copy_out(to + VECTOR_SOFTWARE, &software, sizeof(software)) < 0)
        return -EFAULT;
    return copy_out(to + cpu_features.vector_size, &magic2, sizeof(magic2));
}

static void machine_fill(struct machine_context *to, const struct user_regs *regs)
{
    *to = (struct machine_context){
        .r8 = regs->r8,
        .r9 = regs->r9,
        .r10 = regs->r10,
        .r11 = regs->r11,
        .r12 = regs->r12,
        .r13 = regs->r13,
        .r14 = regs->r14,
        .r15 = regs->r15,
        .rdi = regs->rdi,
        .rsi = regs->rsi,
        .rbp = regs->rbp,
        .rbx = regs->rbx,
        .rdx = regs->rdx,
        .rax = regs->rax,
        .rcx = regs->rcx,
        .rsp = regs->rsp,
        .rip = regs->rip,
        .flags = regs->flags,
        .cs = USER_CS,
        .ss = USER_SS,
    };
}

static void frame_fill(struct signal_frame *frame, const struct user_regs *regs,
                       const struct signal_frame_request *request, uaddr_t vector)
{
    const struct arch_context *context = &thread_current()->context;

    mem_zero(frame, sizeof(*frame));
    frame->restorer = request->restorer;
    frame->context.flags =
        (cpu_features.xsave ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    frame->context.stack_sp = request->altstack_sp;
    frame->context.stack_size = request->altstack_size;
    frame->context.stack_flags = request->altstack_flags;
    frame->context.mask = request->mask;
    machine_fill(&frame->context.machine, regs);
    frame->context.machine.error = context->fault_error;
    frame->context.machine.trap = context->fault_vector;
    frame->context.machine.cr2 = context->fault_address;
    frame->context.machine.old_mask = request->mask;
    frame->context.machine.vector = vector;
    mem_copy(frame->siginfo, request->siginfo, sizeof(frame->siginfo));
}

int signal_frame_push(struct user_regs *regs, const struct signal_frame_request *request)
{
    uaddr_t top = request->stack_top != 0 ? request->stack_top : regs->rsp - RED_ZONE;
    uaddr_t vector = (top - vector_bytes()) & ~(u64)(VECTOR_ALIGN - 1);
    uaddr_t place = ((vector - sizeof(struct signal_frame)) & ~15ull) - 8;
    struct signal_frame frame;

    if (vector_push(vector) < 0)
        return -EFAULT;
    frame_fill(&frame, regs, request, vector);
    if (copy_out(place, &frame, sizeof(frame)) < 0)
        return -EFAULT;

    regs->rdi = request->signal;
    regs->rsi = place + offsetof(struct signal_frame, siginfo);
    regs->rdx = place + offsetof(struct signal_frame, context);
    regs->rax = 0;
    regs->rsp = place;
    regs->rip = request->handler < USER_END ? request->handler : USER_END; /* Faults there. */
    regs->flags &= ~(u64)(FLAGS_DF | FLAGS_TF | FLAGS_RF);
    regs->orig_rax = UINT64_MAX;
    return 0;
}

static void machine_restore(struct user_regs *regs, const struct machine_context *from)
{
    regs->r8 = from->r8;
    regs->r9 = from->r9;
    regs->r10 = from->r10;
    regs->r11 = from->r11;
    regs->r12 = from->r12;
    regs->r13 = from->r13;
    regs->r14 = from->r14;
    regs->r15 = from->r15;
    regs->rdi = from->rdi;
    regs->rsi = from->rsi;
    regs->rbp = from->rbp;
    regs->rbx = from->rbx;
    regs->rdx = from->rdx;
    regs->rax = from->rax;
    regs->rcx = from->rcx;
    regs->rsp = from->rsp;
    regs->rip = from->rip < USER_END ? from->rip : USER_END;
    regs->flags = (from->flags & FLAGS_PROGRAM) | FLAGS_IF | 2;
    regs->cs = USER_CS;
    regs->ss = USER_SS;
    regs->orig_rax = UINT64_MAX;
}

/* Reads the vector state at `from` into `area`: the old part alone if it lacks our format. */
static int vector_read(u8 *area, uaddr_t from)
{
    struct vector_software software;
    u64 features_old = 3;

    if (copy_in(area, from, FXSAVE_SIZE) < 0)
        return -EFAULT;
    if (cpu_features.xsave) {
        mem_copy(&software, area + VECTOR_SOFTWARE, sizeof(software));
        mem_zero(area + FXSAVE_SIZE, cpu_features.vector_size - FXSAVE_SIZE);
        if (software.magic1 == VECTOR_MAGIC1 && software.size == cpu_features.vector_size) {
            if (copy_in(area, from, cpu_features.vector_size) < 0)
                return -EFAULT;
        } else {
            mem_copy(area + XSAVE_HEADER, &features_old, sizeof(features_old));
        }
    }
    return vector_area_check(area) ? 0 : -EFAULT;
}

static int vector_pop(uaddr_t from)
{
    struct arch_context *context = &thread_current()->context;
    u8 *area = heap_alloc(cpu_features.vector_size);
    int err = 0;

    if (!area)
        return -EFAULT;
    if (from == 0) {
        vector_area_init(area);
    } else {
        err = vector_read(area, from);
    }
    if (err == 0) {
        vector_changed(context);
        mem_copy(context->vector, area, cpu_features.vector_size);
    }
    heap_free(area);
    return err;
}

int signal_frame_pop(struct user_regs *regs, struct signal_frame_restored *restored)
{
    /* The restorer's `ret` has taken the return address off. */
    struct user_context context;

    if (copy_in(&context, regs->rsp, sizeof(context)) < 0)
        return -EFAULT;
    if (vector_pop(context.machine.vector) < 0)
        return -EFAULT;
    machine_restore(regs, &context.machine);
    restored->mask = context.mask;
    restored->altstack_sp = context.stack_sp;
    restored->altstack_size = context.stack_size;
    restored->altstack_flags = context.stack_flags;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the CPU complains about (Intel SDM volume 3, chapter 6): whose fault, and who is told. */
#include "abi/linux/signal.h"
#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/power.h"
#include "kernel/arch/upcall.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/arch/x86_64/uaccess_init.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/thread.h"
#include "lib/base/types.h"

enum vector {
    VECTOR_DIVIDE = 0,
    VECTOR_DEBUG = 1,
    VECTOR_NMI = 2,
    VECTOR_BREAKPOINT = 3,
    VECTOR_ILLEGAL = 6,
    VECTOR_PAGE_FAULT = 14,
    VECTOR_X87 = 16,
    VECTOR_ALIGNMENT = 17,
    VECTOR_SIMD = 19,
};

enum page_fault_code {
    PF_PRESENT = 1 << 0,
    PF_WRITE = 1 << 1,
    PF_USER = 1 << 2,
    PF_FETCH = 1 << 4,
};

enum fpu_exception {
    FPU_INVALID = 1 << 0,
    FPU_DENORMAL = 1 << 1,
    FPU_DIVISION = 1 << 2,
    FPU_OVERFLOW = 1 << 3,
    FPU_UNDERFLOW = 1 << 4,
    FPU_PRECISION = 1 << 5,
    FPU_ALL = 0x3f,
};

/* Where to go on after a fault that cannot be resolved; both relative to their own place. */
struct extable_entry {
    s32 at;
    s32 fixup;
};
extern const struct extable_entry extable_start[], extable_end[];

void trap_from_user(struct user_regs *regs, u64 vector, u64 code);
_Noreturn void __stack_chk_fail(void); /* NOLINT(readability-identifier-naming): gcc's name. */
void trap_from_kernel(struct user_regs *regs, u64 vector, u64 code);
void trap_paranoid(struct user_regs *regs, u64 vector, u64 code);

static u32 access_of(u64 code)
{
    u32 access = 0;

    if ((code & PF_PRESENT) != 0)
        access |= FAULT_PRESENT;
    if ((code & PF_WRITE) != 0)
        access |= FAULT_WRITE;
    if ((code & PF_USER) != 0)
        access |= FAULT_USER;
    if ((code & PF_FETCH) != 0)
        access |= FAULT_EXEC;
    return access;
}

static enum trap_kind kind_of(u64 vector)
{
    switch (vector) {
    case VECTOR_DIVIDE:
        return TRAP_DIVIDE;
    case VECTOR_DEBUG:
        return TRAP_STEP;
    case VECTOR_BREAKPOINT:
        return TRAP_BREAKPOINT;
    case VECTOR_ILLEGAL:
        return TRAP_ILLEGAL;
    case VECTOR_X87:
    case VECTOR_SIMD:
        return TRAP_FPU;
    case VECTOR_ALIGNMENT:
        return TRAP_ALIGNMENT;
    default:
        return TRAP_PROTECTION;
    }
}

/* Exception flags that are set and not masked, as MXCSR and the x87 status word have them. */
static u32 simd_exceptions(void)
{
    u32 mxcsr;

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return mxcsr & ~(mxcsr >> 7) & FPU_ALL;
}

static u32 x87_exceptions(void)
{
    u16 status;
    u16 control;

    __asm__ volatile("fnstsw %0" : "=m"(status));
    __asm__ volatile("fnstcw %0" : "=m"(control));
    return status & ~(u32)control & FPU_ALL;
}

/* The first that applies, in Linux' order. */
static u64 fpu_code(u32 exceptions)
{
    if ((exceptions & FPU_INVALID) != 0)
        return FPE_FLTINV;
    if ((exceptions & FPU_DIVISION) != 0)
        return FPE_FLTDIV;
    if ((exceptions & FPU_OVERFLOW) != 0)
        return FPE_FLTOVF;
    if ((exceptions & (FPU_UNDERFLOW | FPU_DENORMAL)) != 0)
        return FPE_FLTUND;
    return (exceptions & FPU_PRECISION) != 0 ? FPE_FLTRES : 0;
}

/* For the signal frame, should this become a signal. */
static void fault_note(u64 vector, u64 code, u64 address)
{
    struct arch_context *context = &thread_current()->context;

    context->fault_vector = vector;
    context->fault_error = code;
    if (vector == VECTOR_PAGE_FAULT)
        context->fault_address = address;
}

/* Interrupts are off; this turns them on, but for an NMI. */
void trap_from_user(struct user_regs *regs, u64 vector, u64 code)
{
    u64 address = cr2_read();

    uaccess_close();
    if (vector == VECTOR_NMI) {
        smp_nmi(); /* With interrupts off: one might want a lock that a stopped CPU has. */
        return;
    }
    fault_note(vector, code, address);
    if (vector == VECTOR_X87) {
        code = fpu_code(x87_exceptions());
    } else if (vector == VECTOR_SIMD) {
        code = fpu_code(simd_exceptions());
    }
    irq_enable();
    if (vector == VECTOR_PAGE_FAULT) {
        (void)upcall_page_fault(address, access_of(code));
        return;
    }
    upcall_trap(regs, kind_of(vector), code);
}

static const struct extable_entry *extable_find(u64 ip)
{
    for (const struct extable_entry *entry = extable_start; entry < extable_end; entry++) {
        if ((u64)&entry->at + (u64)(s64)entry->at == ip)
            return entry;
    }
    return NULL;
}

static _Noreturn void trap_fatal(const struct user_regs *regs, u64 vector, u64 code)
{
    static bool entered; /* A fault while this one is reported would go on for ever. */

    irq_disable();
    if (__atomic_exchange_n(&entered, true, __ATOMIC_RELAXED))
        machine_power_off();
    log_begin_panic();
    log_error("rip %016llx rsp %016llx flags %08llx", (unsigned long long)regs->rip,
              (unsigned long long)regs->rsp, (unsigned long long)regs->flags);
    log_error("rax %016llx rbx %016llx rcx %016llx rdx %016llx", (unsigned long long)regs->rax,
              (unsigned long long)regs->rbx, (unsigned long long)regs->rcx,
              (unsigned long long)regs->rdx);
    log_error("rsi %016llx rdi %016llx rbp %016llx r8  %016llx", (unsigned long long)regs->rsi,
              (unsigned long long)regs->rdi, (unsigned long long)regs->rbp,
              (unsigned long long)regs->r8);
    log_error("r9  %016llx r10 %016llx r11 %016llx r12 %016llx", (unsigned long long)regs->r9,
              (unsigned long long)regs->r10, (unsigned long long)regs->r11,
              (unsigned long long)regs->r12);
    log_error("r13 %016llx r14 %016llx r15 %016llx cr2 %016llx", (unsigned long long)regs->r13,
              (unsigned long long)regs->r14, (unsigned long long)regs->r15,
              (unsigned long long)cr2_read());
    panic_at(regs->rip, regs->rbp, "trap %llu, error code %llx", (unsigned long long)vector,
             (unsigned long long)code);
}

/*
 * In the kernel only copies from and to the program may fault. Their page may be brought in first
 * if the copy runs with interrupts on, which says that it may sleep.
 */
void trap_from_kernel(struct user_regs *regs, u64 vector, u64 code)
{
    const struct extable_entry *entry = extable_find(regs->rip);
    u64 address = cr2_read();
    bool resolved = false;

    uaccess_close();
    if (!entry)
        trap_fatal(regs, vector, code);

    if (vector == VECTOR_PAGE_FAULT && address < USER_END && (regs->flags & FLAGS_IF) != 0) {
        irq_enable();
        resolved = upcall_page_fault(address, access_of(code));
        irq_disable();
    }
    if (!resolved)
        regs->rip = (u64)&entry->fixup + (u64)(s64)entry->fixup;
}

/* From the kernel, on a stack of its own: nothing here may sleep or take locks. */
void trap_paranoid(struct user_regs *regs, u64 vector, u64 code)
{
    if (vector == VECTOR_NMI) {
        smp_nmi();
        return;
    }
    if (vector == VECTOR_DEBUG)
        return; /* A single step that came with the program's system call: DR6 is its own matter. */
    trap_fatal(regs, vector, code);
}

_Noreturn void __stack_chk_fail(void) /* NOLINT(readability-identifier-naming) */
{
    panic("a stack was overrun");
}

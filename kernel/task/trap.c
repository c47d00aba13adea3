/* SPDX-License-Identifier: Apache-2.0 */
/* Faults and traps of the program become signals. */
#include "abi/linux/signal.h"
#include "kernel/arch/context.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/log.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "kernel/vm/vm.h"
#include "lib/base/types.h"

/* The program's end is near: the thread that got no page can not go on. */
static void out_of_memory(void)
{
    struct abi_siginfo info;

    log_error("program: out of memory");
    signal_info_init(&info, SIGKILL, SI_KERNEL);
    if (task_current())
        (void)signal_post_tid(task_current()->tid, &info);
}

static void fault_signal(u64 address, enum vm_fault fault)
{
    struct abi_siginfo info;

    signal_info_init(&info, SIGSEGV, SEGV_MAPERR);
    if (fault == VM_FAULT_DENIED)
        info.code = SEGV_ACCERR;
    if (fault == VM_FAULT_NO_DATA) {
        info.signo = SIGBUS;
        info.code = BUS_ADRERR;
    }
    info.fault.address = address;
    signal_force(&info);
}

bool upcall_page_fault(u64 address, u32 access)
{
    enum vm_fault fault = vm_fault(address, access);

    if (fault == VM_FAULT_DONE)
        return true;
    if (fault == VM_FAULT_NO_MEMORY) {
        out_of_memory();
    } else if (access & FAULT_USER) {
        fault_signal(address, fault);
    }
    return false;
}

struct trap_signal {
    int signal;
    int code;
    bool has_address; /* si_addr is where the instruction is. */
};

static const struct trap_signal trap_signals[] = {
    [TRAP_DIVIDE] = { SIGFPE, FPE_INTDIV, true },
    [TRAP_FPU] = { SIGFPE, FPE_FLTINV, true },
    [TRAP_BREAKPOINT] = { SIGTRAP, SI_KERNEL, false },
    [TRAP_STEP] = { SIGTRAP, TRAP_TRACE, true },
    [TRAP_ILLEGAL] = { SIGILL, ILL_ILLOPN, true },
    [TRAP_PROTECTION] = { SIGSEGV, SI_KERNEL, false },
    [TRAP_ALIGNMENT] = { SIGBUS, BUS_ADRALN, false },
};

void upcall_trap(struct user_regs *regs, enum trap_kind kind, u64 code)
{
    const struct trap_signal *trap = &trap_signals[kind];
    struct abi_siginfo info;

    signal_info_init(&info, trap->signal, trap->code);
    if (kind == TRAP_FPU && code != 0)
        info.code = (s32)code;
    if (trap->has_address)
        info.fault.address = regs_ip(regs);
    signal_force(&info);
}

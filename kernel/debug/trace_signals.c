/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: their names, sets, actions and origins. */
#include "abi/linux/signal.h"
#include "kernel/debug/trace_call.h"
#include "kernel/debug/trace_names.h"
#include "kernel/debug/trace_put.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    NAME_SIZE = 8, /* Of one in `signal_names`. */
};

/* Without SIG, by number; those of real time are counted instead. */
static const char signal_names[SIGRTMIN][NAME_SIZE] = {
    "0",    "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS",
};

/* "INT", "RTMIN", "RT_1". */
static void put_short(struct text *text, u64 signal)
{
    if (signal < SIGRTMIN) {
        text_format(text, "%s", signal_names[signal]);
    } else if (signal == SIGRTMIN) {
        text_put_string(text, "RTMIN");
    } else {
        text_format(text, "RT_%u", (u32)signal - SIGRTMIN);
    }
}

void trace_put_signal(struct text *text, u64 signal)
{
    if (signal == 0 || signal > SIGNALS) {
        text_format(text, "%d", (int)signal);
        return;
    }
    text_put_string(text, "SIG");
    put_short(text, signal);
}

/* "[INT TERM]", or "~[RTMIN]" for a set that has most of them, as strace does. */
void trace_put_signal_set(struct text *text, u64 set)
{
    const char *before = "";

    if (u64_count_bits(set) >= SIGNALS * 2 / 3) {
        text_put_char(text, '~');
        set = ~set;
    }
    text_put_char(text, '[');
    for (u32 signal = 1; signal <= SIGNALS; signal++) {
        if (!(set & SIGNAL_BIT(signal)))
            continue;
        text_format(text, "%s", before);
        put_short(text, signal);
        before = " ";
    }
    text_put_char(text, ']');
}

void trace_arg_signal(struct trace_call *call, u32 index, const struct trace_names *names)
{
    (void)names;
    trace_put_signal(&call->text, (u32)call->args[index]);
}

void trace_arg_sigset(struct trace_call *call, u32 index, const struct trace_names *names)
{
    u64 set;

    (void)names;
    if (trace_fetch(call, index, &set, sizeof(set)))
        trace_put_signal_set(&call->text, set);
}

static void put_handler(struct text *text, u64 handler)
{
    if (handler == SIG_DFL) {
        text_put_string(text, "SIG_DFL");
    } else if (handler == SIG_IGN) {
        text_put_string(text, "SIG_IGN");
    } else {
        text_format(text, "%#llx", (unsigned long long)handler);
    }
}

void trace_arg_sigaction(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    struct abi_sigaction action;

    (void)names;
    if (!trace_fetch(call, index, &action, sizeof(action)))
        return;
    text_put_string(text, "{sa_handler=");
    put_handler(text, action.handler);
    text_put_string(text, ", sa_mask=");
    trace_put_signal_set(text, action.mask);
    text_put_string(text, ", sa_flags=");
    trace_put_flags(text, &trace_sa_flags, action.flags);
    if (action.flags & SA_RESTORER)
        text_format(text, ", sa_restorer=%#llx", (unsigned long long)action.restorer);
    text_put_char(text, '}');
}

void trace_arg_sigstack(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct text *text = &call->text;
    struct abi_sigaltstack stack;

    (void)names;
    if (!trace_fetch(call, index, &stack, sizeof(stack)))
        return;
    text_put_string(text, "{ss_sp=");
    trace_put_address(text, stack.sp);
    text_put_string(text, ", ss_flags=");
    trace_put_flags(text, &trace_ss_flags, stack.flags);
    text_format(text, ", ss_size=%llu}", (unsigned long long)stack.size);
}

/* ---- Where a signal comes from. ---- */

static const char *code_of_fault(s32 signal, s32 code)
{
    static const struct {
        u8 signal;
        u8 code;
        char name[12];
    } codes[] = {
        { SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR" }, { SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR" },
        { SIGBUS, BUS_ADRALN, "BUS_ADRALN" },    { SIGBUS, BUS_ADRERR, "BUS_ADRERR" },
        { SIGBUS, BUS_OBJERR, "BUS_OBJERR" },    { SIGFPE, FPE_INTDIV, "FPE_INTDIV" },
        { SIGFPE, FPE_FLTDIV, "FPE_FLTDIV" },    { SIGFPE, FPE_FLTOVF, "FPE_FLTOVF" },
        { SIGFPE, FPE_FLTUND, "FPE_FLTUND" },    { SIGFPE, FPE_FLTRES, "FPE_FLTRES" },
        { SIGFPE, FPE_FLTINV, "FPE_FLTINV" },    { SIGILL, ILL_ILLOPN, "ILL_ILLOPN" },
        { SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT" },   { SIGTRAP, TRAP_TRACE, "TRAP_TRACE" },
    };

    for (u32 i = 0; i < ARRAY_COUNT(codes); i++) {
        if (codes[i].signal == signal && codes[i].code == code)
            return codes[i].name;
    }
    return NULL;
}

static const char *code_name(const struct abi_siginfo *info)
{
    switch (info->code) {
    case SI_USER:
        return "SI_USER";
    case SI_KERNEL:
        return "SI_KERNEL";
    case SI_QUEUE:
        return "SI_QUEUE";
    case SI_TIMER:
        return "SI_TIMER";
    case SI_TKILL:
        return "SI_TKILL";
    default:
        return code_of_fault(info->signo, info->code);
    }
}

void trace_put_siginfo(struct text *text, const struct abi_siginfo *info)
{
    const char *code = code_name(info);

    text_put_string(text, "{si_signo=");
    trace_put_signal(text, (u32)info->signo);
    if (code) {
        text_format(text, ", si_code=%s", code);
    } else {
        text_format(text, ", si_code=%#x", (u32)info->code);
    }
    if (info->code == SI_TIMER) {
        text_format(text, ", si_timerid=%d, si_overrun=%d", info->timer.id, info->timer.overrun);
    } else if (info->code == SI_USER || info->code == SI_TKILL || info->code == SI_QUEUE) {
        text_format(text, ", si_pid=%u, si_uid=%u", info->sender.pid, info->sender.uid);
    } else if (code_of_fault(info->signo, info->code)) {
        text_put_string(text, ", si_addr=");
        trace_put_address(text, info->fault.address);
    }
    text_put_char(text, '}');
}

void trace_arg_siginfo_out(struct trace_call *call, u32 index, const struct trace_names *names)
{
    struct abi_siginfo info;

    (void)names;
    if (trace_fetch(call, index, &info, sizeof(info)))
        trace_put_siginfo(&call->text, &info);
}

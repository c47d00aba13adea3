/* SPDX-License-Identifier: Apache-2.0 */
/* The end: why, where, who called, and off. It must work with everything else broken. */
#include "kernel/core/panic.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/power.h"
#include "kernel/core/log.h"
#include "kernel/core/symbols.h"
#include "kernel/core/thread.h"
#include "lib/base/num.h"
#include "lib/base/text.h"

#include <stdarg.h>

enum {
    FRAMES_MAX = 32,
    MESSAGE_SIZE = 256,
};

/* As the compiler lays it out where the frame pointer points. */
struct frame {
    const struct frame *caller;
    u64 return_address;
};

static bool panicking; /* [atomic] */
static u32 panic_cpu;

const char *symbol_find(u64 address, u64 *offset)
{
    u64 off = address - (u64)image_start;
    const char *name = symbol_names;
    const char *found = NULL;
    u64 at = 0;

    if (off >= (u64)(text_end - image_start))
        return NULL;
    for (u32 i = 0; i < symbol_count; i++) {
        at += symbol_steps[i];
        if (at > off)
            break;
        found = name;
        *offset = off - at;
        name += str_len(name) + 1;
    }
    return found;
}

static bool is_readable(const struct frame *frame)
{
    paddr_t physical;
    u32 flags;
    u64 address = (u64)frame;

    return address > USER_END && is_aligned(address, sizeof(u64)) &&
           mmu_translate(address, &physical, &flags) &&
           mmu_translate(address + sizeof(*frame) - 1, &physical, &flags);
}

static void log_frame(u64 address)
{
    u64 offset;
    const char *name = symbol_find(address - 1, &offset); /* The call, not what follows it. */

    if (name) {
        log_error("  %016lx %s+0x%lx", address, name, offset + 1);
    } else {
        log_error("  %016lx", address);
    }
}

static void log_backtrace(const struct frame *frame)
{
    const struct frame *limit = (const struct frame *)((u64)frame + 2ul * THREAD_STACK_SIZE);

    for (int i = 0; i < FRAMES_MAX && is_readable(frame); i++) {
        log_frame(frame->return_address);
        if (frame->caller <= frame || frame->caller > limit)
            break; /* A stack goes one way, and not far. */
        frame = frame->caller;
    }
}

/* One CPU reports; a panic of its own on the way ends it, others wait to be stopped. */
static void claim_panic(void)
{
    irq_disable();
    if (!__atomic_exchange_n(&panicking, true, __ATOMIC_ACQ_REL)) {
        __atomic_store_n(&panic_cpu, cpu_id(), __ATOMIC_RELAXED);
        return;
    }
    if (__atomic_load_n(&panic_cpu, __ATOMIC_RELAXED) == cpu_id())
        machine_power_off();
    for (;;)
        cpu_relax();
}

static _Noreturn void report(u64 ip, const struct frame *frame, const char *format, va_list args)
{
    const struct thread *thread = thread_current();
    char message[MESSAGE_SIZE];
    struct text text;

    claim_panic();
    cpus_stop();
    log_begin_panic();
    text_init(&text, message, sizeof(message));
    text_format_args(&text, format, args);
    log_error("panic: %s", message);
    log_error("cpu %u, thread '%s'", cpu_id(), thread ? thread->name : "none");
    if (ip != 0)
        log_frame(ip + 1); /* Where it happened, not a return address. */
    log_backtrace(frame);
    machine_report("panic", message);
    machine_power_off();
}

_Noreturn void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(0, __builtin_frame_address(0), format, args);
}

_Noreturn void panic_at(u64 ip, u64 frame_pointer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(ip, (const struct frame *)frame_pointer, format, args);
}

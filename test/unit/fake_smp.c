/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/fake_smp.h"

#include "kernel/arch/context.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/time.h"
#include "kernel/arch/upcall.h"
#include "kernel/core/thread.h"
#include "test/unit/fake_kernel.h"

#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SMP_MAX = 8,
    STACK_SIZE = 256 * 1024, /* ASan's frames are large. */
    STEP_NS = 500,
    STEPS_MAX = 20 * 1000 * 1000,
};

/* A stack and where it stopped. ASan has to be told of every change of stacks. */
struct fiber {
    void *sp;
    u8 *bottom;
    size_t size;
    void *shadow;
};

/*
 * swapcontext(), which ASan warns of, without what is not needed here: x86-64 calling convention.
 */
void fake_fiber_jump(void **save_sp, void *sp);
__asm__(".globl fake_fiber_jump\n"
        "fake_fiber_jump:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n");

struct cpu {
    struct fiber *fiber; /* What it runs, or will go on with. */
    struct thread *thread;
    bool irq_on;
    bool halted;
    bool kicked;
    u64 timer_ns;
};

u64 fake_smp_steps;
u32 fake_smp_released;
u64 fake_now_ns = 1000000000;
struct thread *fake_thread;

static struct cpu cpus[SMP_MAX];
static struct fiber outside;
static u32 lot;
static struct thread boot_thread;

static void fiber_entered(struct fiber *from)
{
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(NULL, &bottom, &size);
    if (from && !from->bottom) { /* The test's own stack. */
        from->bottom = (u8 *)(uintptr_t)bottom;
        from->size = size;
    }
}

static void fiber_switch(struct fiber *from, struct fiber *to)
{
    __sanitizer_start_switch_fiber(&from->shadow, to->bottom, to->size);
    fake_fiber_jump(&from->sp, to->sp);
    __sanitizer_finish_switch_fiber(from->shadow, NULL, NULL);
}

static struct fiber *fiber_create(void (*entry)(void))
{
    enum {
        SAVED_REGISTERS = 6,
    };
    struct fiber *fiber = calloc(1, sizeof(*fiber));
    void **top;

    fiber->bottom = malloc(STACK_SIZE);
    fiber->size = STACK_SIZE;
    top = (void **)(void *)(fiber->bottom + STACK_SIZE - 64);
    *--top = NULL; /* Where `entry` would return to; it keeps the stack aligned. */
    *--top = (void *)(uintptr_t)entry;
    for (int i = 0; i < SAVED_REGISTERS; i++)
        *--top = NULL;
    fiber->sp = top;
    return fiber;
}

static void fiber_destroy(struct fiber *fiber)
{
    free(fiber->bottom);
    free(fiber);
}

static u32 draw(void)
{
    lot = lot * 1664525 + 1013904223;
    return lot >> 8;
}

static bool is_due(const struct cpu *cpu)
{
    return cpu->kicked || cpu->timer_ns <= fake_now_ns;
}

static void interrupt_if_due(void)
{
    struct cpu *cpu = &cpus[fake_cpu];

    while (fake_irq_on && is_due(cpu)) {
        fake_irq_on = false;
        cpu->halted = false;
        if (cpu->kicked) {
            cpu->kicked = false;
            upcall_kick();
        }
        if (cpu->timer_ns <= fake_now_ns) {
            cpu->timer_ns = UINT64_MAX;
            upcall_timer();
        }
        upcall_irq_exit();
        fake_irq_on = true;
    }
}

static bool can_run(const struct cpu *cpu)
{
    return !cpu->halted || is_due(cpu);
}

/* All halt: time passes until the next timer. */
static void pass_time(void)
{
    u64 next_ns = UINT64_MAX;

    for (u32 i = 0; i < fake_cpu_count; i++) {
        if (can_run(&cpus[i]))
            return;
        if (cpus[i].timer_ns < next_ns)
            next_ns = cpus[i].timer_ns;
    }
    if (next_ns == UINT64_MAX) {
        fprintf(stderr, "fake_smp: every CPU sleeps for good after %lu steps\n", fake_smp_steps);
        abort();
    }
    fake_now_ns = next_ns;
}

static void go_to(u32 number)
{
    struct cpu *from = &cpus[fake_cpu];
    struct cpu *to = &cpus[number];

    if (to == from)
        return;
    from->thread = fake_thread;
    from->irq_on = fake_irq_on;
    fake_cpu = number;
    fake_thread = to->thread;
    fake_irq_on = to->irq_on;
    fiber_switch(from->fiber, to->fiber);
}

static void other_cpu(void)
{
    u32 number = draw() % fake_cpu_count;

    pass_time();
    while (!can_run(&cpus[number]))
        number = (number + 1) % fake_cpu_count;
    go_to(number);
}

static void interleave(void)
{
    if (++fake_smp_steps > STEPS_MAX) {
        fprintf(stderr, "fake_smp: no end after %lu steps\n", fake_smp_steps);
        abort();
    }
    fake_now_ns += STEP_NS;
    if (draw() % 4 == 0)
        other_cpu();
    interrupt_if_due();
}

u32 cpu_count(void)
{
    return fake_cpu_count;
}

void cpu_kick(u32 cpu)
{
    cpus[cpu].kicked = true;
}

void cpu_idle(void)
{
    u32 number = fake_cpu;

    cpus[number].halted = !is_due(&cpus[number]);
    fake_irq_on = true;
    while (cpus[number].halted) {
        other_cpu();
        interrupt_if_due();
    }
    interrupt_if_due();
}

void tlb_idle_begin(void)
{
}

void tlb_idle_end(void)
{
}

u64 arch_clock_ns(void)
{
    return fake_now_ns;
}

void arch_wall_clock(u64 *seconds, u32 *ns)
{
    *seconds = 1700000000;
    *ns = 0;
}

void arch_timer_arm(u64 deadline_ns)
{
    cpus[fake_cpu].timer_ns = deadline_ns;
}

/* What to run is found through the running thread. */
static void context_begin(void)
{
    struct thread *thread = fake_thread;

    fiber_entered(NULL);
    fake_irq_on = true; /* As on the real machine: before the scheduler has finished the switch. */
    fake_point();
    thread->context.entry(thread->context.arg);
    abort();
}

void context_init(struct arch_context *context, void *stack_top, void (*entry)(void *arg),
                  void *arg)
{
    (void)stack_top;
    *context = (struct arch_context){
        .machine = fiber_create(context_begin),
        .entry = entry,
        .arg = arg,
    };
}

void context_switch(struct arch_context *from, struct arch_context *to, void *stack_top)
{
    struct fiber *before = cpus[fake_cpu].fiber;

    (void)stack_top;
    if (fake_irq_on)
        abort();
    from->machine = before; /* An idle thread's is not known earlier. */
    fake_thread = CONTAINER_OF(to, struct thread, context);
    cpus[fake_cpu].fiber = to->machine;
    fiber_switch(before, to->machine);
    fake_irq_on = false;
}

struct user_regs *context_user_regs(void *stack_top)
{
    return stack_top;
}

static void thread_released(struct thread *thread)
{
    fiber_destroy(thread->context.machine);
    free(thread->user);
    free(thread->stack);
    free(thread);
    fake_smp_released++;
}

struct body {
    void (*entry)(void *arg);
    void *arg;
};

static void body_run(void *arg)
{
    struct body *body = arg;

    body->entry(body->arg);
    thread_exit(thread_released);
}

struct thread *fake_smp_thread(const char *name, void (*entry)(void *arg), void *arg)
{
    struct thread *thread = calloc(1, sizeof(*thread));
    struct body *body = malloc(sizeof(*body));

    *body = (struct body){ entry, arg };
    thread_init(thread, name, malloc(THREAD_STACK_SIZE), body_run, body);
    thread->user = body;
    thread_start(thread);
    return thread;
}

void fake_smp_end(void)
{
    fake_interleave = NULL;
    fiber_switch(cpus[fake_cpu].fiber, &outside);
    abort();
}

static void (*first_entry)(void *arg);

static void cpu_begin(void)
{
    fiber_entered(&outside);
    if (fake_cpu != 0)
        upcall_cpu_started();
    sched_init();
    fake_interleave = interleave;
    fake_smp_thread("first", first_entry, NULL);
    sched_run_idle();
}

void fake_smp_run(u32 count, u32 seed, void (*first)(void *arg))
{
    lot = seed;
    first_entry = first;
    fake_cpu_count = count;
    fake_irq_on = false;
    fake_thread = &boot_thread;
    for (u32 i = 0; i < count; i++) {
        cpus[i].fiber = fiber_create(cpu_begin);
        cpus[i].timer_ns = UINT64_MAX;
    }
    fiber_switch(&outside, cpus[0].fiber);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows the end of the program: the machine ends, starts again, or stays for a debugger.
 *
 * A restart comes at once, but a program that keeps crashing gets pauses in between that double up
 * to the manifest's `restart-pause`; one that has lived for LIVED_NS starts from the front again.
 * Who presses the power button wants the machine to end: from then on nothing starts again.
 */
#include "abi/linux/signal.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/power.h"
#include "kernel/arch/time.h"
#include "kernel/core/bottom_half.h"
#include "kernel/core/clock.h"
#include "kernel/core/entropy.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/drivers/acpi/acpi.h"
#include "kernel/drivers/drivers.h"
#include "kernel/init/init.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"

#define LIVED_NS (10 * NS_PER_SECOND)
#define LOOK_NS  (20 * NS_PER_MS)

enum {
    PAUSE_FIRST_MS = 100, /* After the second crash in a row. */
    PAUSE_DOUBLINGS_MAX = 16,
};

static bool is_button_pressed; /* [atomic] */

void end_power_button(void)
{
    __atomic_store_n(&is_button_pressed, true, __ATOMIC_RELAXED);
    signal_post_kernel(SIGTERM);
}

static bool is_end_wanted(void)
{
    return __atomic_load_n(&is_button_pressed, __ATOMIC_RELAXED) || acpi_power_button_waits();
}

/* Signals that ask a program to end are no crash of its own. */
static bool is_crash(const struct program_end *end)
{
    return end->by_signal && end->value != SIGTERM && end->value != SIGINT && end->value != SIGHUP;
}

static enum manifest_end policy(const struct program_end *end)
{
    const struct manifest *manifest = config_manifest();

    if (is_end_wanted())
        return MANIFEST_END_HALT;
    return is_crash(end) ? manifest->crash : manifest->exit;
}

/* ---- Restart. ---- */

static u32 next_pause_ms(struct machine_kept *kept)
{
    u32 before;

    if (clock_now_ns() - program_start_ns() >= LIVED_NS)
        kept->restarts_in_a_row = 0;
    before = kept->restarts_in_a_row++;
    if (before == 0)
        return 0;
    return u32_min((u32)PAUSE_FIRST_MS << u32_min(before - 1, PAUSE_DOUBLINGS_MAX),
                   config_manifest()->restart_pause_ms);
}

/* False: the power button ended it. */
static bool pause_for(u32 ms)
{
    u64 deadline_ns = clock_deadline(ms * NS_PER_MS);

    while (!is_end_wanted() && clock_now_ns() < deadline_ns) {
        sched_sleep_prepare();
        (void)sched_sleep(u64_min(deadline_ns, clock_deadline(LOOK_NS)));
    }
    return !is_end_wanted();
}

/* Moves to the CPU that firmware started: INIT would send that one back to the firmware. */
static void boot_cpu_enter(void)
{
    if (sched_set_affinity(thread_current(), 1) < 0 || cpu_id() != 0)
        machine_reset();
}

static void restart(const struct program_end *end)
{
    struct machine_kept *kept = machine_kept();
    u32 pause_ms = next_pause_ms(kept);
    char digits[16];
    struct text text;

    kept->restarts++;
    text_init(&text, digits, sizeof(digits));
    text_format(&text, "%u", kept->restarts);
    log_warn("restart %s: in %u ms", digits, pause_ms);
    if (!pause_for(pause_ms))
        return;
    machine_report("restart", digits);
    kept->seed = random_u64(); /* Takes a lock: not after other CPUs have been stopped. */
    boot_cpu_enter();
    irq_disable();
    if (is_end_wanted())
        return; /* Pressed at the last moment; a later press is found by the next kernel. */
    if (!cpus_stop_wait() || !drivers_stop()) {
        program_tell_end(end); /* Where a reset ends the machine, as QEMU can be told. */
        machine_reset();
    }
    machine_restart();
}

/* ---- Hold. ---- */

/*
 * All other CPUs halt as they are. Here interrupts go on, for the power button, and nothing else.
 */
static _Noreturn void hold(const struct program_end *end)
{
    log_warn("hold: the machine waits for a debugger; the power button ends it");
    machine_report("hold", end->by_signal ? "signal" : "exit");
    boot_cpu_enter();
    bottom_half_disable(); /* One might want a lock that a halted CPU has. */
    irq_disable();
    arch_timer_arm(UINT64_MAX);
    cpus_stop();
    while (!is_end_wanted()) {
        cpu_idle();
        irq_disable();
    }
    program_power_off(end);
}

/* ---- The program's end. ---- */

static void end_begin(const struct program_end *end)
{
    if (policy(end) == MANIFEST_END_HOLD)
        hold(end);
}

static void end_finish(const struct program_end *end)
{
    bool is_restart = policy(end) == MANIFEST_END_RESTART;

    network_drain(is_restart);
    if (is_restart)
        restart(end);
}

const struct program_end_hooks end_hooks = { .begin = end_begin, .finish = end_finish };

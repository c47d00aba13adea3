/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time from the cycle counter, scaled to nanoseconds; its rate from the hypervisor, from CPUID, or
 * by comparison with the 8254 timer.
 *
 * The comparison costs no waiting: the 8254 is started with the kernel's first steps and read when
 * the clock is first wanted; what boot did in between is the measured time. The APIC timer, whose
 * rate is only known by measuring too, runs along.
 */
#include "kernel/arch/time.h"

#include "kernel/arch/boot_info.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/port.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/clock_init.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/pvclock.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "lib/base/types.h"

enum {
    PIT_HZ = 1193182,
    PIT_CHANNEL_2 = 0x42,
    PIT_COMMAND = 0x43,
    PIT_GATE = 0x61,
    PIT_MODE_0_CHANNEL_2 = 0xb0,
    PIT_LATCH_CHANNEL_2 = 0x80,
    PIT_COUNT_MAX = 0xffff,
    PIT_COUNT_MIN = 600, /* Half a millisecond: below, its granularity spoils the result. */

    CLOCK_SHIFT = 32,
    INVERSE_SHIFT = 28, /* Leaves room for rates up to 64 GHz. */
    APIC_COUNT_MAX = INT32_MAX,
    APIC_MEASURE_NS = 100000,
};
#define NS_PER_S          1000000000ull
#define CYCLES_HZ_ASSUMED 1000000000ull
#define DEADLINE_NS_MAX   (3600 * NS_PER_S)

static struct {
    u64 base_cycles; /* [const] from arch_clock_init() on, all of it. */
    u64 mult;        /* ns = cycles * mult >> CLOCK_SHIFT */
    u64 hz;
    u64 inverse;   /* cycles = ns * inverse >> INVERSE_SHIFT */
    u64 apic_mult; /* Timer ticks = ns * apic_mult >> CLOCK_SHIFT. 0: TSC deadlines. */
} clock;

static u64 pit_start_cycles;

static u64 cycles_ordered(void)
{
    __asm__ volatile("lfence" : : : "memory"); /* Not before what came earlier in the program. */
    return cpu_cycles();
}

void clock_calibration_start(void)
{
    port_write8(PIT_GATE, (u8)((port_read8(PIT_GATE) & ~2) | 1)); /* Counts; speaker off. */
    port_write8(PIT_COMMAND, PIT_MODE_0_CHANNEL_2);
    port_write8(PIT_CHANNEL_2, PIT_COUNT_MAX & 0xff);
    port_write8(PIT_CHANNEL_2, PIT_COUNT_MAX >> 8);
    pit_start_cycles = cpu_cycles();
}

static u32 pit_elapsed(void)
{
    u32 count;

    port_write8(PIT_COMMAND, PIT_LATCH_CHANNEL_2);
    count = port_read8(PIT_CHANNEL_2);
    count |= (u32)port_read8(PIT_CHANNEL_2) << 8;
    return PIT_COUNT_MAX - count;
}

/* Cycles a second by the 8254, or 0 when it does not count or has run out. */
static u64 hz_from_pit(void)
{
    u32 elapsed = 0;
    u64 cycles = 0;

    /* Bounded: a missing 8254 reads as a constant. */
    for (u32 tries = 0; tries < 100000 && elapsed < PIT_COUNT_MIN; tries++) {
        elapsed = pit_elapsed();
        cycles = cpu_cycles();
    }
    if (elapsed < PIT_COUNT_MIN || elapsed > PIT_COUNT_MAX - PIT_COUNT_MIN)
        return 0;
    return (cycles - pit_start_cycles) * PIT_HZ / elapsed;
}

/* CPUID 0x15: the ratio to a crystal whose rate is given too. */
static u64 hz_from_cpuid(void)
{
    struct cpuid leaf;

    if (cpuid(0, 0).eax < 0x15)
        return 0;
    leaf = cpuid(0x15, 0);
    if (leaf.eax == 0 || leaf.ebx == 0 || leaf.ecx == 0)
        return 0;
    return (u64)leaf.ecx * leaf.ebx / leaf.eax;
}

static u64 hz_find(void)
{
    u64 hz = pvclock_hz();
    const char *from = "pvclock";

    if (hz == 0) {
        hz = hz_from_cpuid();
        from = "cpuid";
    }
    if (hz == 0) {
        hz = hz_from_pit();
        from = "8254";
    }
    if (hz == 0) {
        log_warn("clock: cannot measure the cycle counter, taking it for 1 GHz");
        return CYCLES_HZ_ASSUMED;
    }
    log_debug("clock: %llu kHz by %s", (unsigned long long)(hz / 1000), from);
    return hz;
}

static void apic_timer_measure(void)
{
    u64 start = cpu_cycles();
    u32 ticks;
    u64 ns;

    apic_timer_init(false);
    apic_timer_start(APIC_COUNT_MAX);
    do {
        ns = (u64)((unsigned __int128)(cpu_cycles() - start) * clock.mult >> CLOCK_SHIFT);
    } while (ns < APIC_MEASURE_NS);
    ticks = APIC_COUNT_MAX - apic_timer_left();
    apic_timer_start(0);
    if (ticks == 0)
        panic("the APIC timer does not count");
    clock.apic_mult = ((u64)ticks << CLOCK_SHIFT) / ns;
}

void arch_clock_init(void)
{
    pvclock_init();
    clock.hz = hz_find();
    clock.mult = (NS_PER_S << CLOCK_SHIFT) / clock.hz;
    clock.inverse = (clock.hz << INVERSE_SHIFT) / NS_PER_S;
    clock.base_cycles = boot_info()->entry_cycles; /* So that time counts from our first step. */
    if (!cpu_features.tsc_deadline)
        apic_timer_measure();
    clock_init_cpu();
}

void clock_init_cpu(void)
{
    apic_timer_init(cpu_features.tsc_deadline);
    cpu_local()->timer_deadline_ns = UINT64_MAX;
}

u64 clock_cycles_hz(void)
{
    return clock.hz;
}

static u64 ns_at(u64 cycles)
{
    return (u64)((unsigned __int128)(cycles - clock.base_cycles) * clock.mult >> CLOCK_SHIFT);
}

u64 arch_clock_ns(void)
{
    return ns_at(cycles_ordered());
}

bool arch_clock_vdso(u64 *base_cycles, u64 *offset_ns, u32 *mult, u32 *shift)
{
    *base_cycles = clock.base_cycles;
    *offset_ns = 0;
    *mult = (u32)clock.mult;
    *shift = CLOCK_SHIFT;
    return clock.mult <= UINT32_MAX;
}

static void timer_arm_apic(u64 deadline_ns)
{
    u64 now = arch_clock_ns();
    u64 ns = deadline_ns > now ? deadline_ns - now : 0;
    u64 ticks;

    if (ns > NS_PER_S)
        ns = NS_PER_S; /* It fires early and is armed again. */
    ticks = (ns * clock.apic_mult >> CLOCK_SHIFT) + 1;
    apic_timer_start(ticks > APIC_COUNT_MAX ? APIC_COUNT_MAX : (u32)ticks);
}

/* Counted from now: over weeks of uptime the scales' rounding would add up to milliseconds. */
static u64 cycles_at(u64 deadline_ns)
{
    u64 cycles = cycles_ordered();
    u64 now = ns_at(cycles);
    u64 ns = deadline_ns > now ? deadline_ns - now : 0;

    if (ns > DEADLINE_NS_MAX)
        ns = DEADLINE_NS_MAX; /* It fires early and is armed again. */
    return cycles + (u64)((unsigned __int128)ns * clock.inverse >> INVERSE_SHIFT) + 1;
}

void arch_timer_arm(u64 deadline_ns)
{
    struct cpu_local *local = cpu_local();

    if (local->timer_deadline_ns == UINT64_MAX && deadline_ns == UINT64_MAX)
        return;
    local->timer_deadline_ns = deadline_ns;
    if (deadline_ns == UINT64_MAX) {
        if (cpu_features.tsc_deadline) {
            msr_write(MSR_TSC_DEADLINE, 0);
        } else {
            apic_timer_start(0);
        }
    } else if (cpu_features.tsc_deadline) {
        msr_write(MSR_TSC_DEADLINE, cycles_at(deadline_ns));
    } else {
        timer_arm_apic(deadline_ns);
    }
}

/* ---- The wall clock: the hypervisor's, or the battery-backed one (MC146818). ---- */

enum {
    RTC_INDEX = 0x70,
    RTC_DATA = 0x71,
    RTC_SECONDS = 0,
    RTC_MINUTES = 2,
    RTC_HOURS = 4,
    RTC_DAY = 7,
    RTC_MONTH = 8,
    RTC_YEAR = 9,
    RTC_STATUS_A = 10,
    RTC_STATUS_B = 11,
    RTC_UPDATING = 0x80,
    RTC_BINARY = 0x04,
    RTC_24_HOURS = 0x02,
    RTC_PM = 0x80,
};

static u32 rtc_read(u8 reg)
{
    port_write8(RTC_INDEX, reg);
    return port_read8(RTC_DATA);
}

static u32 from_bcd(u32 value, u32 status)
{
    return (status & RTC_BINARY) != 0 ? value : (value >> 4) * 10 + (value & 15);
}

/* Days from 1970-01-01 to a Gregorian date (years begin in March, so leap days come last). */
static u64 days_since_1970(u64 year, u64 month, u64 day)
{
    u64 shifted_year = month <= 2 ? year - 1 : year;
    u64 shifted_month = month <= 2 ? month + 9 : month - 3;

    return shifted_year * 365 + shifted_year / 4 - shifted_year / 100 + shifted_year / 400 +
           (shifted_month * 153 + 2) / 5 + day - 1 - 719468;
}

static u64 rtc_seconds(void)
{
    u32 status = rtc_read(RTC_STATUS_B);
    u32 hours;
    u64 days;

    for (u32 tries = 0; tries < 10000 && (rtc_read(RTC_STATUS_A) & RTC_UPDATING) != 0; tries++)
        cpu_relax();
    hours = rtc_read(RTC_HOURS);
    if ((status & RTC_24_HOURS) == 0) {
        hours = from_bcd(hours & ~(u32)RTC_PM, status) % 12 + ((hours & RTC_PM) != 0 ? 12 : 0);
    } else {
        hours = from_bcd(hours, status);
    }
    days =
        days_since_1970(2000 + from_bcd(rtc_read(RTC_YEAR), status),
                        from_bcd(rtc_read(RTC_MONTH), status), from_bcd(rtc_read(RTC_DAY), status));
    return days * 86400 + hours * 3600ull + from_bcd(rtc_read(RTC_MINUTES), status) * 60ull +
           from_bcd(rtc_read(RTC_SECONDS), status);
}

void arch_wall_clock(u64 *seconds, u32 *ns)
{
    *ns = 0;
    if (!pvclock_wall(seconds, ns))
        *seconds = rtc_seconds();
}

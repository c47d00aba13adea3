/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/arch/x86_64/pvclock.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/msr.h"
#include "lib/base/types.h"

enum {
    KVM_FEATURE_CLOCKSOURCE2 = 1 << 3,
    PVCLOCK_ENABLE = 1,
};
#define NS_PER_S 1000000000ull

struct pvclock_time {
    u32 version; /* Odd while it is being written. */
    u32 padding0;
    u64 tsc_timestamp;
    u64 system_time;
    u32 tsc_to_system_mul;
    s8 tsc_shift;
    u8 flags;
    u8 padding[2];
};

struct pvclock_wall {
    u32 version;
    u32 seconds;
    u32 ns;
};

/* Written by the hypervisor. Each lies in one page. */
static struct pvclock_time shared_time __attribute__((aligned(64)));
static struct pvclock_wall shared_wall __attribute__((aligned(64)));

static bool offered(void)
{
    return cpu_features.kvm && (cpu_features.kvm_features & KVM_FEATURE_CLOCKSOURCE2) != 0;
}

void pvclock_init(void)
{
    if (offered())
        msr_write(MSR_KVM_SYSTEM_TIME, virt_to_phys(&shared_time) | PVCLOCK_ENABLE);
}

void pvclock_stop(void)
{
    if (offered())
        msr_write(MSR_KVM_SYSTEM_TIME, 0);
}

u64 pvclock_hz(void)
{
    const volatile struct pvclock_time *now = &shared_time;
    u64 mul;
    int shift;

    if (!offered())
        return 0;
    mul = now->tsc_to_system_mul;
    shift = now->tsc_shift; /* NOLINT(bugprone-signed-char-misuse,cert-str34-c): it is signed. */
    if (mul == 0 || shift < -31 || shift > 31)
        return 0;

    /* system time = (cycles << shift) * mul >> 32, in ns; a hostile value costs only accuracy. */
    mul = (u64)((((unsigned __int128)NS_PER_S) << 32) / mul);
    return shift < 0 ? mul << -shift : mul >> shift;
}

/* Nanoseconds on the hypervisor's own clock, which the wall clock's value refers to. */
static u64 system_time_now(void)
{
    const volatile struct pvclock_time *now = &shared_time;
    u64 delta;
    u32 version;
    u64 ns;

    do {
        version = now->version;
        memory_barrier();
        delta = cpu_cycles() - now->tsc_timestamp;
        delta = now->tsc_shift < 0 ? delta >> -now->tsc_shift : delta << now->tsc_shift;
        ns = now->system_time + (u64)((unsigned __int128)delta * now->tsc_to_system_mul >> 32);
        memory_barrier();
    } while ((version & 1) != 0 || version != now->version);
    return ns;
}

bool pvclock_wall(u64 *seconds, u32 *ns)
{
    const volatile struct pvclock_wall *since = &shared_wall;
    u64 total;

    if (!offered())
        return false;
    msr_write(MSR_KVM_WALL_CLOCK, virt_to_phys(&shared_wall));
    if (since->seconds == 0)
        return false;
    total = (u64)since->seconds * NS_PER_S + since->ns + system_time_now();
    *seconds = total / NS_PER_S;
    *ns = (u32)(total % NS_PER_S);
    return true;
}

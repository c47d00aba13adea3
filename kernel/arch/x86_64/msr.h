/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Model-specific and control registers, and CPUID. */

#include "lib/base/types.h"

enum msr {
    MSR_APIC_BASE = 0x1b,
    MSR_TSC_DEADLINE = 0x6e0,
    MSR_X2APIC = 0x800, /* Register n of the APIC is at 0x800 + n / 16. */
    MSR_PAT = 0x277,
    MSR_KVM_WALL_CLOCK = 0x4b564d00,
    MSR_KVM_SYSTEM_TIME = 0x4b564d01,
};
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_SFMASK         0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u

enum {
    EFER_SCE = 1 << 0,
    EFER_LME = 1 << 8,
    EFER_NXE = 1 << 11,

    CR4_PAE = 1 << 5,
    CR4_PGE = 1 << 7,
    CR4_OSFXSR = 1 << 9,
    CR4_OSXMMEXCPT = 1 << 10,
    CR4_UMIP = 1 << 11,
    CR4_FSGSBASE = 1 << 16,
    CR4_OSXSAVE = 1 << 18,
    CR4_SMEP = 1 << 20,
    CR4_SMAP = 1 << 21,

    FLAGS_TF = 1 << 8,
    FLAGS_IF = 1 << 9,
    FLAGS_DF = 1 << 10,
    FLAGS_NT = 1 << 14,
    FLAGS_RF = 1 << 16,
    FLAGS_AC = 1 << 18,
};

static inline u64 msr_read(u32 msr)
{
    u32 low;
    u32 high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (u64)high << 32 | low;
}

static inline void msr_write(u32 msr, u64 value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

struct cpuid {
    u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
    struct cpuid out;

    __asm__ volatile("cpuid"
                     : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
                     : "a"(leaf), "c"(subleaf));
    return out;
}

static inline u64 cr2_read(void)
{
    u64 value;

    __asm__ volatile("movq %%cr2, %0" : "=r"(value));
    return value;
}

static inline u64 cr3_read(void)
{
    u64 value;

    __asm__ volatile("movq %%cr3, %0" : "=r"(value));
    return value;
}

static inline void cr3_write(u64 value)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

static inline u64 cr4_read(void)
{
    u64 value;

    __asm__ volatile("movq %%cr4, %0" : "=r"(value));
    return value;
}

static inline void cr4_write(u64 value)
{
    __asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

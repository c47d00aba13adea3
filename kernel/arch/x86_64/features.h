/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What this CPU can do, found out once on the boot CPU. All CPUs of a machine are taken to be
 * alike.
 */

#include "lib/base/types.h"

struct cpu_features {
    bool nx;
    bool smep;
    bool smap;
    bool umip;
    bool fsgsbase;
    bool xsave;
    bool xsaveopt;
    bool x2apic;
    bool tsc_deadline;
    bool tsc_invariant;
    bool rdrand;
    bool rdseed;
    bool large_1g;
    bool rdtscp;
    bool hypervisor;
    bool kvm;
    u32 kvm_features; /* CPUID 0x40000001 EAX, with `kvm`. */
    u64 xcr0;         /* What XSAVE keeps. */
    u32 vector_size;  /* Of the save area in that format; 512 for FXSAVE. */
    u32 hwcap;        /* CPUID 1 EDX, for AT_HWCAP. */
    u32 physical_bits;
    char model[49];
};

/* [const] after features_init(). */
extern struct cpu_features cpu_features;

void features_init(void);

/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID, read once (Intel SDM volume 2, AMD APM volume 3 appendix E). */
#include "kernel/arch/x86_64/features.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/x86_64/msr.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

struct cpu_features cpu_features;
bool cpu_drops_fences;

enum {
    XCR0_X87_SSE = 0x3,
    XCR0_AVX = 0x4,
    XCR0_AVX512 = 0xe0,
    FXSAVE_SIZE = 512,
    KVM_LEAF = 0x40000000,
};

static bool bit(u32 word, u32 number)
{
    return (word >> number & 1) != 0;
}

static void features_basic(u32 leaf_max)
{
    struct cpuid one = cpuid(1, 0);
    struct cpuid seven = leaf_max >= 7 ? cpuid(7, 0) : (struct cpuid){ 0 };

    cpu_features.hwcap = one.edx;
    cpu_features.x2apic = bit(one.ecx, 21);
    cpu_features.tsc_deadline = bit(one.ecx, 24);
    cpu_features.xsave = bit(one.ecx, 26);
    cpu_features.rdrand = bit(one.ecx, 30);
    cpu_features.hypervisor = bit(one.ecx, 31);
    cpu_features.fsgsbase = bit(seven.ebx, 0);
    cpu_features.smep = bit(seven.ebx, 7);
    cpu_features.rdseed = bit(seven.ebx, 18);
    cpu_features.smap = bit(seven.ebx, 20);
    cpu_features.umip = bit(seven.ecx, 2);
}

/* The brand string comes in three leaves of 16 bytes, often padded in front. */
static void features_model(void)
{
    char text[49];
    const char *start = text;

    for (u32 i = 0; i < 3; i++) {
        struct cpuid part = cpuid(0x80000002 + i, 0);

        mem_copy(&text[16 * (size_t)i], &part, 16);
    }
    text[48] = '\0';
    while (*start == ' ')
        start++;
    str_copy(cpu_features.model, sizeof(cpu_features.model), start);
}

static void features_extended(void)
{
    u32 leaf_max = cpuid(0x80000000, 0).eax;

    cpu_features.physical_bits = 36;
    str_copy(cpu_features.model, sizeof(cpu_features.model), "x86-64");
    if (leaf_max >= 0x80000001) {
        struct cpuid one = cpuid(0x80000001, 0);

        cpu_features.nx = bit(one.edx, 20);
        cpu_features.large_1g = bit(one.edx, 26);
        cpu_features.rdtscp = bit(one.edx, 27);
    }
    if (leaf_max >= 0x80000004)
        features_model();
    if (leaf_max >= 0x80000007)
        cpu_features.tsc_invariant = bit(cpuid(0x80000007, 0).edx, 8);
    if (leaf_max >= 0x80000008)
        cpu_features.physical_bits = cpuid(0x80000008, 0).eax & 0xff;
}

static void features_hypervisor(void)
{
    struct cpuid leaf;
    char signature[12];

    if (!cpu_features.hypervisor)
        return;
    leaf = cpuid(KVM_LEAF, 0);
    mem_copy(signature, &leaf.ebx, 4);
    mem_copy(signature + 4, &leaf.ecx, 4);
    mem_copy(signature + 8, &leaf.edx, 4);
    cpu_drops_fences = mem_equal(signature, "TCGTCGTCGTCG", 12);
    if (mem_equal(signature, "KVMKVMKVM\0\0\0", 12)) {
        cpu_features.kvm = true;
        cpu_features.kvm_features = cpuid(KVM_LEAF + 1, 0).eax;
    }
}

/* Which states XSAVE keeps: those the program can use without asking, if all fits a page. */
static void features_vector(u32 leaf_max)
{
    cpu_features.vector_size = FXSAVE_SIZE;
    if (!cpu_features.xsave || leaf_max < 0xd) {
        cpu_features.xsave = false;
        return;
    }
    cpu_features.xcr0 = cpuid(0xd, 0).eax & (XCR0_X87_SSE | XCR0_AVX | XCR0_AVX512);
    if ((cpu_features.xcr0 & XCR0_AVX512) != XCR0_AVX512)
        cpu_features.xcr0 &= ~(u64)XCR0_AVX512;
    cpu_features.xsaveopt = bit(cpuid(0xd, 1).eax, 0);

    /* The size comes from CPUID once XCR0 is set: cpu_local_load() of the boot CPU. */
}

void features_init(void)
{
    u32 leaf_max = cpuid(0, 0).eax;

    features_basic(leaf_max);
    features_extended();
    features_hypervisor();
    features_vector(leaf_max);
}

bool cpu_has_rdtscp(void)
{
    return cpu_features.rdtscp;
}

u32 cpu_hwcap(void)
{
    return cpu_features.hwcap;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/cpuinfo: what programs read to choose their code paths and to count CPUs. */
#include "kernel/arch/cpu.h"
#include "kernel/arch/x86_64/clock_init.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/msr.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum source {
    LEAF_1_EDX,
    LEAF_1_ECX,
    LEAF_7_EBX,
    LEAF_EXT1_EDX,
    LEAF_EXT1_ECX,
    SOURCE_COUNT,
};

/* Names as Linux has them, in its order. */
static const struct {
    u8 source;
    u8 bit;
    const char *name;
} flags[] = {
    { LEAF_1_EDX, 0, "fpu" },
    { LEAF_1_EDX, 1, "vme" },
    { LEAF_1_EDX, 2, "de" },
    { LEAF_1_EDX, 3, "pse" },
    { LEAF_1_EDX, 4, "tsc" },
    { LEAF_1_EDX, 5, "msr" },
    { LEAF_1_EDX, 6, "pae" },
    { LEAF_1_EDX, 7, "mce" },
    { LEAF_1_EDX, 8, "cx8" },
    { LEAF_1_EDX, 9, "apic" },
    { LEAF_1_EDX, 11, "sep" },
    { LEAF_1_EDX, 12, "mtrr" },
    { LEAF_1_EDX, 13, "pge" },
    { LEAF_1_EDX, 14, "mca" },
    { LEAF_1_EDX, 15, "cmov" },
    { LEAF_1_EDX, 16, "pat" },
    { LEAF_1_EDX, 17, "pse36" },
    { LEAF_1_EDX, 19, "clflush" },
    { LEAF_1_EDX, 23, "mmx" },
    { LEAF_1_EDX, 24, "fxsr" },
    { LEAF_1_EDX, 25, "sse" },
    { LEAF_1_EDX, 26, "sse2" },
    { LEAF_1_EDX, 28, "ht" },
    { LEAF_EXT1_EDX, 11, "syscall" },
    { LEAF_EXT1_EDX, 20, "nx" },
    { LEAF_EXT1_EDX, 26, "pdpe1gb" },
    { LEAF_EXT1_EDX, 27, "rdtscp" },
    { LEAF_EXT1_EDX, 29, "lm" },
    { LEAF_1_ECX, 0, "pni" },
    { LEAF_1_ECX, 1, "pclmulqdq" },
    { LEAF_1_ECX, 9, "ssse3" },
    { LEAF_1_ECX, 12, "fma" },
    { LEAF_1_ECX, 13, "cx16" },
    { LEAF_1_ECX, 19, "sse4_1" },
    { LEAF_1_ECX, 20, "sse4_2" },
    { LEAF_1_ECX, 21, "x2apic" },
    { LEAF_1_ECX, 22, "movbe" },
    { LEAF_1_ECX, 23, "popcnt" },
    { LEAF_1_ECX, 24, "tsc_deadline_timer" },
    { LEAF_1_ECX, 25, "aes" },
    { LEAF_1_ECX, 26, "xsave" },
    { LEAF_1_ECX, 28, "avx" },
    { LEAF_1_ECX, 29, "f16c" },
    { LEAF_1_ECX, 30, "rdrand" },
    { LEAF_1_ECX, 31, "hypervisor" },
    { LEAF_EXT1_ECX, 0, "lahf_lm" },
    { LEAF_EXT1_ECX, 5, "abm" },
    { LEAF_EXT1_ECX, 6, "sse4a" },
    { LEAF_EXT1_ECX, 8, "3dnowprefetch" },
    { LEAF_7_EBX, 0, "fsgsbase" },
    { LEAF_7_EBX, 3, "bmi1" },
    { LEAF_7_EBX, 5, "avx2" },
    { LEAF_7_EBX, 7, "smep" },
    { LEAF_7_EBX, 8, "bmi2" },
    { LEAF_7_EBX, 9, "erms" },
    { LEAF_7_EBX, 16, "avx512f" },
    { LEAF_7_EBX, 18, "rdseed" },
    { LEAF_7_EBX, 19, "adx" },
    { LEAF_7_EBX, 20, "smap" },
    { LEAF_7_EBX, 23, "clflushopt" },
    { LEAF_7_EBX, 29, "sha_ni" },
};

static void sources_read(u32 words[SOURCE_COUNT])
{
    struct cpuid one = cpuid(1, 0);
    struct cpuid extended = cpuid(0x80000001, 0);

    words[LEAF_1_EDX] = one.edx;
    words[LEAF_1_ECX] = one.ecx;
    words[LEAF_7_EBX] = cpuid(0, 0).eax >= 7 ? cpuid(7, 0).ebx : 0;
    words[LEAF_EXT1_EDX] = extended.edx;
    words[LEAF_EXT1_ECX] = extended.ecx;
}

static void flags_put(struct text *text)
{
    u32 words[SOURCE_COUNT];

    sources_read(words);
    text_format(text, "flags\t\t:");
    for (u32 i = 0; i < ARRAY_COUNT(flags); i++) {
        if ((words[flags[i].source] >> flags[i].bit & 1) != 0)
            text_format(text, " %s", flags[i].name);
    }
    text_format(text, "\n");
}

static void identity_put(struct text *text, u32 cpu)
{
    struct cpuid zero = cpuid(0, 0);
    u32 signature = cpuid(1, 0).eax;
    u32 family = signature >> 8 & 15;
    u32 model = signature >> 4 & 15;
    char vendor[13];

    mem_copy(vendor, &zero.ebx, 4);
    mem_copy(vendor + 4, &zero.edx, 4);
    mem_copy(vendor + 8, &zero.ecx, 4);
    vendor[12] = '\0';
    if (family == 6 || family == 15)
        model |= signature >> 12 & 0xf0;
    if (family == 15)
        family += signature >> 20 & 0xff;
    text_format(text, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", cpu,
                vendor, family, model);
    text_format(text, "model name\t: %s\nstepping\t: %u\n", cpu_features.model, signature & 15);
}

void cpu_info_emit(u32 cpu, void (*put)(void *arg, const char *bytes, size_t len), void *arg)
{
    char bytes[768];
    struct text text;
    u64 khz = clock_cycles_hz() / 1000;
    u32 cpus = cpu_count();

    text_init(&text, bytes, sizeof(bytes));
    identity_put(&text, cpu);
    text_format(&text, "cpu MHz\t\t: %llu.%03llu\n", (unsigned long long)(khz / 1000),
                (unsigned long long)(khz % 1000));
    text_format(&text, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n", cpus,
                cpu, cpus);
    text_format(&text, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
                cpuid(0, 0).eax);
    flags_put(&text);
    text_format(&text, "bogomips\t: %llu.%02llu\nclflush size\t: 64\ncache_alignment\t: 64\n",
                (unsigned long long)(khz / 500), (unsigned long long)(khz / 5 % 100));
    text_format(&text, "address sizes\t: %u bits physical, 48 bits virtual\n\n",
                cpu_features.physical_bits);
    put(arg, text.bytes, text.len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first C code, on identity-mapped physical addresses, before relocation: it may call only
 * what is in this file, and read no pointer that the linker would have had to relocate.
 *
 * It chooses at random where the image, the direct map and the kernel's other regions lie, applies
 * the image's relocations for that, and builds the page tables for it. boot.S then jumps there.
 *
 * The upper half's 256 top-level slots (512 GiB each) are divided between the regions; in its part
 * each is placed at random. docs/memory-map.md has the picture.
 */
#include "kernel/arch/x86_64/early.h"

#include "abi/boot/pvh.h"
#include "kernel/arch/boot_info.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/msr.h"
#include "lib/base/types.h"

#define EARLY __attribute__((no_stack_protector, noinline))

enum {
    /* First top-level slot of each region, and how many it has. */
    SLOT_DIRECT_MAP = 256,
    SLOTS_DIRECT_MAP = 128,
    SLOT_PAGE_ARRAY = 384,
    SLOTS_PAGE_ARRAY = 64,
    SLOT_KERNEL_MAP = 448,
    SLOTS_KERNEL_MAP = 32,
    SLOT_IMAGE = 480,
    SLOTS_IMAGE = 31,

    SLOT_SHIFT = 39,
    GIB_SHIFT = 30,

    IMAGE_TABLES = 4, /* 8 MiB of image, bss included, */
    IMAGE_SHIFT = 23, /* aligned to that, so that one page directory serves it. */
    LOW_MEMORY_END = 1 << 20,

    RELR_WORDS = 63, /* That one odd entry of the packed relocations speaks for. */
};

/* Largest extent of each region, so that its random start leaves room. */
#define DIRECT_MAP_SIZE_MAX (16ull << 40)
#define PAGE_ARRAY_SIZE_MAX (256ull << 30)
#define KERNEL_MAP_SIZE_MAX (1ull << 40)
#define IMAGE_SIZE_MAX      (8ull << 20)

enum entry_bits {
    ENTRY_PRESENT = 1 << 0,
    ENTRY_WRITE = 1 << 1,
    ENTRY_LARGE = 1 << 7,
    ENTRY_GLOBAL = 1 << 8,
};
#define ENTRY_NX (1ull << 63)

struct early_layout early_layout;
struct kept kept __attribute__((section(".bss.kept")));
static struct boot_info info;

extern const u64 relr_start[], relr_end[];

static u64 tables[IMAGE_TABLES + 4][512]
    __attribute__((aligned(4096), section(".bss.page_aligned")));

const struct boot_info *boot_info(void)
{
    return &info;
}

/* ---- Randomness, of whatever the machine has this early. ---- */

static EARLY u64 mix(u64 value)
{
    /* The finaliser of SplitMix64: every input bit changes about half of the output's. */
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9;
    value ^= value >> 27;
    value *= 0x94d049bb133111eb;
    return value ^ value >> 31;
}

static EARLY u64 hardware_random(void)
{
    u64 value = 0;
    u8 ok = 0;

    if ((cpuid(1, 0).ecx >> 30 & 1) == 0)
        return 0;
    for (u32 i = 0; i < 10 && !ok; i++)
        __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(value), "=qm"(ok) : : "cc");
    return value;
}

static EARLY u64 early_random(void)
{
    u64 *seed = early_layout.seed;
    u32 low;
    u32 high;

    /* CPUID's time varies with caches and, in a VM, with the host: a little jitter each time. */
    (void)cpuid(0, 0);
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    seed[0] += 0x9e3779b97f4a7c15;
    seed[1] = mix(seed[1] ^ ((u64)high << 32 | low));
    seed[2] ^= hardware_random();
    return mix(seed[0] ^ mix(seed[1] ^ mix(seed[2] ^ seed[3])));
}

/* A multiple of 2^shift in the region, `size_max` of which stays free behind it. */
static EARLY u64 random_place(u32 slot, u32 slots, u64 size_max, u32 shift)
{
    u64 start = 0xffff000000000000 | (u64)slot << SLOT_SHIFT;
    u64 room = ((u64)slots << SLOT_SHIFT) - size_max;

    if (info.is_placed_fixed)
        return start;
    return start + ((early_random() % (room >> shift)) << shift);
}

static EARLY void layout_choose(u64 image_physical, u64 entry_cycles)
{
    early_layout.entry_cycles = entry_cycles;
    early_layout.image_physical = image_physical;
    early_layout.seed[0] ^= entry_cycles;
    early_layout.seed[3] = kept.machine.seed;
    kept.machine.seed = 0;
    early_layout.direct_map =
        random_place(SLOT_DIRECT_MAP, SLOTS_DIRECT_MAP, DIRECT_MAP_SIZE_MAX, GIB_SHIFT);
    early_layout.page_array =
        random_place(SLOT_PAGE_ARRAY, SLOTS_PAGE_ARRAY, PAGE_ARRAY_SIZE_MAX, LARGE_PAGE_SHIFT);
    early_layout.kernel_map =
        random_place(SLOT_KERNEL_MAP, SLOTS_KERNEL_MAP, KERNEL_MAP_SIZE_MAX, LARGE_PAGE_SHIFT);
    early_layout.image_virtual = random_place(SLOT_IMAGE, SLOTS_IMAGE, IMAGE_SIZE_MAX, IMAGE_SHIFT);
    early_layout.canary = early_random() & ~0xffull; /* A NUL in front stops string overflows. */
    early_layout.seed[3] ^= early_random();
}

/* ---- What the loader says (PVH, struct hvm_start_info). ---- */

/*
 * Whether `noaslr` is a word of the command line: for a debugger that has to know where things are.
 */
static EARLY bool is_fixed_wanted(const struct pvh_start_info *start)
{
    static const char word[] = "noaslr";
    const volatile char *line = (const volatile char *)start->command_line_address;

    if (start->magic != PVH_START_MAGIC || start->command_line_address == 0)
        return false;
    for (u32 i = 0; i < BOOT_COMMAND_LINE_MAX && line[i] != '\0'; i++) {
        u32 len = 0;

        if (i > 0 && line[i - 1] != ' ')
            continue;
        while (len < sizeof(word) - 1 && line[i + len] == word[len])
            len++;
        if (len == sizeof(word) - 1 && (line[i + len] == ' ' || line[i + len] == '\0'))
            return true;
    }
    return false;
}

static EARLY void command_line_copy(u64 address)
{
    const volatile char *from = (const volatile char *)address;
    u32 i = 0;

    if (address == 0)
        return;
    for (; i < BOOT_COMMAND_LINE_MAX - 1 && from[i] != '\0'; i++)
        info.command_line[i] = from[i];
    info.command_line[i] = '\0';
}

/* Adds [start, end) without what the kernel and low memory take of it. */
static EARLY void ram_add(u64 start, u64 end)
{
    u64 image_end_physical = info.kernel_start + info.kernel_size;

    if (start < LOW_MEMORY_END)
        start = LOW_MEMORY_END;
    start = (start + PAGE_SIZE - 1) & ~(u64)(PAGE_SIZE - 1);
    end &= ~(u64)(PAGE_SIZE - 1);
    if (start < info.kernel_start && end > info.kernel_start) {
        if (info.ram_count < BOOT_RANGES_MAX)
            info.ram[info.ram_count++] = (struct boot_range){ start, info.kernel_start - start };
        start = info.kernel_start;
    }
    if (start >= info.kernel_start && start < image_end_physical)
        start = image_end_physical;
    if (start < end && info.ram_count < BOOT_RANGES_MAX)
        info.ram[info.ram_count++] = (struct boot_range){ start, end - start };
}

static EARLY void ram_sort(void)
{
    for (u32 i = 1; i < info.ram_count; i++) {
        for (u32 j = i; j > 0 && info.ram[j].start < info.ram[j - 1].start; j--) {
            struct boot_range swap = info.ram[j];

            info.ram[j] = info.ram[j - 1];
            info.ram[j - 1] = swap;
        }
    }
}

static EARLY void start_info_read(const struct pvh_start_info *start)
{
    const struct pvh_memory_entry *map = (const void *)start->memory_map_address;

    info.kernel_start = early_layout.image_physical;
    info.kernel_size = (u64)(image_end - image_start);
    info.entry_cycles = early_layout.entry_cycles;
    info.page_array = early_layout.page_array;
    info.kernel_map = early_layout.kernel_map;
    info.kernel_map_size = KERNEL_MAP_SIZE_MAX;
    if (start->magic != PVH_START_MAGIC)
        return;
    command_line_copy(start->command_line_address);
    info.rsdp = start->rsdp_address;
    if (start->version == 0 || start->memory_map_address == 0)
        return;
    for (u32 i = 0; i < start->memory_map_entries; i++) {
        if (map[i].type == PVH_MEMORY_RAM && map[i].size < 1ull << 52)
            ram_add(map[i].address, map[i].address + map[i].size);
    }
    ram_sort();
}

/* ---- Page tables and relocation. ---- */

static EARLY u64 protection_of(u64 off)
{
    u64 nx = 0;

    if (cpuid(0x80000000, 0).eax >= 0x80000001 && (cpuid(0x80000001, 0).edx >> 20 & 1) != 0)
        nx = ENTRY_NX;
    if (off < (u64)(text_end - image_start))
        return ENTRY_PRESENT | ENTRY_GLOBAL;
    if (off < (u64)(data_start - image_start))
        return ENTRY_PRESENT | ENTRY_GLOBAL | nx;
    return ENTRY_PRESENT | ENTRY_GLOBAL | ENTRY_WRITE | nx;
}

static EARLY u64 table_entry(const u64 *table)
{
    return (u64)table | ENTRY_PRESENT | ENTRY_WRITE;
}

static EARLY void image_map(void)
{
    u64 virtual = early_layout.image_virtual;
    u64 size = (u64)(image_end - image_start);
    u64 *pdpt = tables[0];
    u64 *pd = tables[1];
    u64 text = protection_of(0);
    u64 rodata = protection_of((u64)(rodata_start - image_start));
    u64 data = protection_of(size);

    kernel_pml4[virtual >> SLOT_SHIFT & 511] = table_entry(pdpt);
    pdpt[virtual >> GIB_SHIFT & 511] = table_entry(pd);
    for (u64 off = 0; off < size; off += PAGE_SIZE) {
        u64 *table = tables[2 + (off >> LARGE_PAGE_SHIFT)];
        u64 bits = data;

        if (off < (u64)(text_end - image_start)) {
            bits = text;
        } else if (off < (u64)(data_start - image_start)) {
            bits = rodata;
        }
        table[off >> PAGE_SHIFT & 511] = (early_layout.image_physical + off) | bits;
        pd[(virtual + off) >> LARGE_PAGE_SHIFT & 511] = table_entry(table);
    }
}

/* The low memory of the direct map, by large pages. Not executable where that can be said. */
static EARLY void direct_map_start(void)
{
    u64 virtual = early_layout.direct_map;
    u64 *pdpt = tables[2 + IMAGE_TABLES];
    u64 *pd = tables[3 + IMAGE_TABLES];
    u64 bits = protection_of((u64)(image_end - image_start)) | ENTRY_LARGE;

    kernel_pml4[virtual >> SLOT_SHIFT & 511] = table_entry(pdpt);
    pdpt[virtual >> GIB_SHIFT & 511] = table_entry(pd);
    for (u64 i = 0; i < 512; i++)
        pd[i] = i << LARGE_PAGE_SHIFT | bits;
}

/* For a restart: .data as it is before anything changes it. */
static EARLY void data_keep(void)
{
    const u8 *from = data_start;
    u8 *to = kept_data;
    u64 words = (u64)(data_end - data_start) / sizeof(u64);

    __asm__ volatile("rep movsq" : "+S"(from), "+D"(to), "+c"(words) : : "memory");
}

/*
 * Packed relative relocations (System V gABI, DT_RELR): an even entry is where a pointer is, the
 * odd ones behind it have a bit for each of the 63 words that follow. The pointers hold offsets
 * into the image.
 */
static EARLY void relocate(void)
{
    u64 *where = NULL;

    for (const u64 *entry = relr_start; entry < relr_end; entry++) {
        if ((*entry & 1) == 0) {
            where = (u64 *)(early_layout.image_physical + *entry);
            *where++ += early_layout.image_virtual;
            continue;
        }
        if (!where)
            break; /* The linker begins with an even one. */
        for (u32 i = 0; *entry >> i > 1; i++) {
            if ((*entry >> (i + 1) & 1) != 0)
                where[i] += early_layout.image_virtual;
        }
        where += RELR_WORDS;
    }
}

static EARLY void nx_enable(void)
{
    if ((protection_of((u64)(image_end - image_start)) & ENTRY_NX) != 0)
        msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
}

u64 early_main(const struct pvh_start_info *start, u64 entry_cycles);

/* Returns the image's virtual base, with everything mapped there. */
EARLY u64 early_main(const struct pvh_start_info *start, u64 entry_cycles)
{
    info.is_placed_fixed = is_fixed_wanted(start);
    layout_choose((u64)image_start, entry_cycles);
    start_info_read(start);
    nx_enable();
    image_map();
    direct_map_start();
    data_keep();
    relocate();
    cr3_write(cr3_read());
    return early_layout.image_virtual;
}

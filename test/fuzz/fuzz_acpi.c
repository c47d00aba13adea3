/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables that firmware left. The input is physical memory from 0 on, in slots of 256 bytes:
 * the root table is in the first and points to the others. Signatures and checksums are made right.
 */
#include "kernel/arch/acpi_info.h"
#include "kernel/drivers/acpi/acpi_tables.h"
#include "lib/base/types.h"
#include "test/fuzz/fuzz.h"

enum {
    SLOT = 256,
    ROOT = 64,
    SLOTS_MAX = 64,
    COPIES_MAX = 1024,
};

struct memory {
    u8 *bytes;
    size_t size;
    void *copies[COPIES_MAX]; /* What was mapped: each ends where ASan is watching. */
    u32 copy_count;
};

static const void *map(void *context, u64 address, size_t size)
{
    struct memory *memory = context;
    void *copy;

    if (address >= memory->size || size > memory->size - address ||
        memory->copy_count == COPIES_MAX)
        return NULL;
    copy = fuzz_copy(memory->bytes + address, size);
    memory->copies[memory->copy_count++] = copy;
    return copy;
}

static void seal(u8 *bytes, size_t size, u8 *checksum)
{
    u8 sum = 0;

    *checksum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (u8)(sum + bytes[i]);
    *checksum = (u8)-sum;
}

/* A table in its slot; the first byte says which. */
static void make_table(struct memory *memory, size_t at)
{
    static const char *const signatures[] = { "APIC", "FACP", "MCFG", "HPET", "DSDT" };
    u8 *table = memory->bytes + at;
    u32 size;

    if (at + SLOT > memory->size)
        return;
    memcpy(table, signatures[table[0] % 5], 4);
    memcpy(&size, table + 4, 4);
    size = 36 + size % (SLOT - 36);
    memcpy(table + 4, &size, 4);
    seal(table, size, table + 9);
}

static void make_roots(struct memory *memory)
{
    u8 *rsdp = memory->bytes;
    u8 *root = memory->bytes + ROOT;
    u32 count = root[0] % 32;
    u32 size = 36 + count * 4;
    u32 address = ROOT;

    for (u32 i = 0; i < count; i++) {
        u32 slot = (root[36 + i * 4] % (SLOTS_MAX - 1) + 1) * SLOT;

        memcpy(root + 36 + (size_t)i * 4, &slot, 4);
    }
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a signature is no string. */
    memcpy(root, "RSDT", 4);
    memcpy(root + 4, &size, 4);
    seal(root, size, root + 9);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a signature is no string. */
    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 16, &address, 4);
    seal(rsdp, 20, rsdp + 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct acpi_tables tables;
    struct memory memory = { .size = size };

    if (size < SLOT)
        return 0;
    memory.bytes = fuzz_copy(bytes, size);
    for (size_t at = SLOT; at < size; at += SLOT)
        make_table(&memory, at);
    make_roots(&memory);
    memset(&tables, 0, sizeof(tables));
    acpi_tables_read(acpi_rsdp_find(0, size, map, &memory), map, &memory, &tables);
    FUZZ_CHECK(tables.info.cpu_count <= ACPI_CPUS_MAX);
    FUZZ_CHECK(tables.info.ioapic_count <= ACPI_IOAPICS_MAX);
    FUZZ_CHECK(tables.info.override_count <= ACPI_OVERRIDES_MAX);
    FUZZ_CHECK(tables.info.ecam_bus_first <= tables.info.ecam_bus_last);
    while (memory.copy_count > 0)
        free(memory.copies[--memory.copy_count]);
    free(memory.bytes);
    return 0;
}

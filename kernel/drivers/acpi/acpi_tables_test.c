/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI tables in a small physical memory: a machine like QEMU's q35, and firmware that is wrong. */
#include "kernel/drivers/acpi/acpi_tables.h"

#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    MEMORY = 16384,
    RSDP = 0x40,
    RSDT = 0x100,
    MADT = 0x200,
    FADT = 0x400,
    DSDT = 0x600,
    MCFG = 0x800,
    HPET = 0x900,
    XSDT = 0xa00,
};

static u8 memory[MEMORY];
static struct acpi_tables tables;

/* Copies that map() made, kept until the test ends: mappings of firmware stay. */
static struct copy {
    struct copy *next;
    u8 bytes[];
} * copies;

/* A copy on the heap of just what was asked for, so that ASan sees a read beyond. */
static const void *map(void *context, u64 address, size_t size)
{
    struct copy *copy;

    (void)context;
    if (address >= MEMORY || size > MEMORY - address)
        return NULL;
    copy = malloc(sizeof(*copy) + size);
    copy->next = copies;
    copies = copy;
    memcpy(copy->bytes, memory + address, size);
    return copy->bytes;
}

static void put(u32 at, u64 value, u32 width)
{
    memcpy(memory + at, &value, width);
}

static void seal(u32 at, u32 size, u32 checksum_at)
{
    u8 sum = 0;

    memory[checksum_at] = 0;
    for (u32 i = 0; i < size; i++)
        sum = (u8)(sum + memory[at + i]);
    memory[checksum_at] = (u8)-sum;
}

static void make_table(u32 at, const char *signature, u32 size)
{
    memcpy(memory + at, signature, 4);
    put(at + 4, size, 4);
    seal(at, size, at + 9);
}

static u32 put_bytes(u32 at, const u8 *bytes, u32 size)
{
    memcpy(memory + at, bytes, size);
    return at + size;
}

static u32 make_madt(void)
{
    static const u8 entries[] = {
        0, 8,  0, 0, 1, 0, 0,    0,                               /* CPU 0. */
        0, 8,  1, 1, 1, 0, 0,    0,                               /* CPU 1. */
        0, 8,  2, 2, 0, 0, 0,    0,                               /* One that is not there. */
        9, 16, 0, 0, 1, 0, 0,    0,    1,    0, 0, 0, 1, 0, 0, 0, /* CPU 1 again. */
        1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0,    0, 0, 0,             /* I/O APIC. */
        2, 10, 0, 9, 9, 0, 0,    0,    0x0d, 0,                   /* 9: level, high. */
        2, 10, 0, 0, 2, 0, 0,    0,    0,    0,                   /* Timer at 2. */
    };

    put(MADT + 36, 0xfee00000, 4);
    return put_bytes(MADT + 44, entries, sizeof(entries)) - MADT;
}

static void make_fadt(void)
{
    put(FADT + 40, DSDT, 4);
    put(FADT + 46, 9, 2);
    put(FADT + 48, 0xb2, 4);
    memory[FADT + 52] = 2;
    put(FADT + 56, 0x600, 4);
    put(FADT + 64, 0x604, 4);
    put(FADT + 76, 0x608, 4);
    memory[FADT + 88] = 4;
    put(FADT + 112, 1u << 10, 4);
    memory[FADT + 116] = 1;
    put(FADT + 120, 0xcf9, 8);
    memory[FADT + 128] = 0x0f;
    make_table(FADT, "FACP", 244);
}

static void make_machine(void)
{
    static const u8 s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 5, 0x01, 0, 0 };
    u32 madt_size = make_madt();

    make_table(MADT, "APIC", madt_size);
    memcpy(memory + DSDT + 61, s5, sizeof(s5));
    make_table(DSDT, "DSDT", 100);
    make_fadt();
    put(MCFG + 44, 0xb0000000, 8);
    memory[MCFG + 55] = 255;
    make_table(MCFG, "MCFG", 60);
    put(HPET + 44, 0xfed00000, 8);
    make_table(HPET, "HPET", 56);
    put(RSDT + 36, MADT, 4);
    put(RSDT + 40, FADT, 4);
    put(RSDT + 44, MCFG, 4);
    put(RSDT + 48, HPET, 4);
    put(RSDT + 52, MEMORY - 10, 4); /* Leads out of memory. */
    make_table(RSDT, "RSDT", 56);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a signature is no string. */
    memcpy(memory + RSDP, "RSD PTR ", 8);
    put(RSDP + 16, RSDT, 4);
    seal(RSDP, 20, RSDP + 8);
}

TEST(acpi, reads_a_machine)
{
    const struct acpi_info *info = &tables.info;

    make_machine();
    CHECK_EQ(acpi_rsdp_find(0, 1024, map, NULL), RSDP);
    CHECK(acpi_tables_read(RSDP, map, NULL, &tables));
    CHECK_EQ(info->cpu_count, 2);
    CHECK_EQ(info->apic_ids[1], 1);
    CHECK_EQ(info->lapic_address, 0xfee00000);
    CHECK_EQ(info->ioapic_count, 1);
    CHECK_EQ(info->ioapics[0].address, 0xfec00000);
    CHECK_EQ(info->override_count, 2);
    CHECK(info->overrides[0].level && !info->overrides[0].active_low);
    CHECK_EQ(info->overrides[1].gsi, 2);
    CHECK(info->has_s5);
    CHECK_EQ(info->s5_type_a, 5);
    CHECK_EQ(info->s5_type_b, 1);
    CHECK(info->pm1a_control.present && info->pm1a_control.is_port);
    CHECK_EQ(info->pm1a_control.address, 0x604);
    CHECK(!info->pm1b_control.present);
    CHECK_EQ(info->sci_gsi, 9);
    CHECK_EQ(info->pm_timer_port, 0x608);
    CHECK_EQ(info->reset.address, 0xcf9);
    CHECK_EQ(info->reset_value, 0x0f);
    CHECK_EQ(info->ecam_address, 0xb0000000);
    CHECK_EQ(info->ecam_bus_last, 255);
    CHECK_EQ(info->hpet_address, 0xfed00000);
    CHECK_EQ(tables.pm1_event_size, 4);
    CHECK_EQ(tables.smi_command, 0xb2);
}

TEST(acpi, falls_back_from_a_damaged_xsdt)
{
    make_machine();
    memory[RSDP + 15] = 2;
    put(RSDP + 20, 36, 4);
    put(RSDP + 24, XSDT, 8);
    seal(RSDP, 20, RSDP + 8);
    seal(RSDP, 36, RSDP + 32);
    make_table(XSDT, "XSDT", 44);
    memory[XSDT + 40] ^= 1;
    CHECK(acpi_tables_read(RSDP, map, NULL, &tables));
    CHECK_EQ(tables.info.cpu_count, 2);
}

TEST(acpi, leaves_out_tables_with_wrong_checksums)
{
    make_machine();
    memory[MADT + 40] ^= 1;
    CHECK(acpi_tables_read(RSDP, map, NULL, &tables));
    CHECK_EQ(tables.info.cpu_count, 0);
    CHECK_EQ(tables.info.sci_gsi, 9);
}

TEST(acpi, knows_that_there_is_none)
{
    CHECK_EQ(acpi_rsdp_find(0, 1024, map, NULL), 0);
    CHECK(!acpi_tables_read(0, map, NULL, &tables));
    CHECK(!acpi_tables_read(RSDP, map, NULL, &tables));
    CHECK(!acpi_tables_read(UINT64_MAX - 8, map, NULL, &tables));
}

/* A machine like QEMU's microvm: no fixed hardware, an event device in the DSDT. */
static void make_reduced_machine(const u8 *device, u32 size)
{
    make_machine();
    memset(memory + DSDT + 36, 0, MCFG - DSDT - 36);
    memcpy(memory + DSDT + 40, device, size);
    make_table(DSDT, "DSDT", 40 + size);
    put(FADT + 112, 1u << 20 | 1u << 10, 4);
    make_table(FADT, "FACP", 256);
}

static const u8 event_device[] = {
    0x08, '_',  'H',  'I',  'D',  0x0d, 'A',  'C',  'P',  'I',  '0',  '0',  '1',  '3',
    0,    0x08, '_',  'U',  'I',  'D',  0x0d, 'G',  'E',  'D',  0,    0x08, '_',  'C',
    'R',  'S',  0x11, 0x0e, 0x0a, 0x0b, 0x89, 0x06, 0x00, 0x03, 0x01, 0x09, 0,    0,
    0,    0x79, 0,    0x5b, 0x80, 'E',  'R',  'E',  'G',  0x00, 0x0c, 0x00, 0x00, 0xa0,
    0xfe, 0x0a, 0x04, 0x5b, 0x81, 0x0b, 'E',  'R',  'E',  'G',  0x43,
};

enum {
    EVENT_DEVICE_INTERRUPT = 34, /* Where what stands in it. */
    EVENT_DEVICE_FLAGS = 37,
    EVENT_DEVICE_SPACE = 51,
    EVENT_DEVICE_SIZE = 58,
};

TEST(acpi, finds_the_event_device_of_a_machine_without_fixed_hardware)
{
    make_reduced_machine(event_device, sizeof(event_device));
    CHECK(acpi_tables_read(RSDP, map, NULL, &tables));
    CHECK(!tables.info.pm1a_event.present);
    CHECK(tables.events.selected.present && !tables.events.selected.is_port);
    CHECK_EQ(tables.events.selected.address, 0xfea00000);
    CHECK_EQ(tables.events.gsi, 9);
    CHECK(!tables.events.level && !tables.events.active_low);
}

TEST(acpi, leaves_out_an_event_device_that_it_does_not_know)
{
    static const struct {
        u32 at;
        u8 value;
    } cases[] = {
        { EVENT_DEVICE_INTERRUPT, 0x8a },   /* No interrupt. */
        { EVENT_DEVICE_INTERRUPT + 1, 10 }, /* Two of them. */
        { EVENT_DEVICE_SPACE, 1 },          /* A register among the ports. */
        { EVENT_DEVICE_SIZE, 1 },           /* One of another size. */
    };
    u8 device[sizeof(event_device)];

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        memcpy(device, event_device, sizeof(device));
        device[cases[i].at] = cases[i].value;
        make_reduced_machine(device, sizeof(device));
        memset(&tables, 0, sizeof(tables));
        CHECK(acpi_tables_read(RSDP, map, NULL, &tables));
        CHECK(!tables.events.selected.present);
    }
    for (u32 size = 0; size <= EVENT_DEVICE_SIZE; size++) {
        make_reduced_machine(event_device, size);
        memset(&tables, 0, sizeof(tables));
        CHECK(acpi_tables_read(RSDP, map, NULL, &tables));
        CHECK(!tables.events.selected.present);
    }
}

TEST(acpi, reads_how_the_interrupt_of_the_event_device_comes)
{
    u8 device[sizeof(event_device)];

    memcpy(device, event_device, sizeof(device));
    device[EVENT_DEVICE_FLAGS] = 0x05;
    make_reduced_machine(device, sizeof(device));
    CHECK(acpi_tables_read(RSDP, map, NULL, &tables));
    CHECK(tables.events.level && tables.events.active_low);
}

/* Fixes the checksums again, so that what is read is the damage itself. */
static void seal_some(void)
{
    static const u32 at[] = { MADT, FADT, MCFG, HPET, RSDT };

    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        u32 size;

        memcpy(&size, memory + at[i] + 4, 4);
        if (size <= 512 && size >= 36)
            seal(at[i], size, at[i] + 9);
    }
    seal(RSDP, 20, RSDP + 8);
}

TEST(acpi, survives_any_damage)
{
    static u8 whole[MEMORY];

    make_machine();
    memcpy(whole, memory, MEMORY);
    srand(1);
    for (int i = 0; i < 3000; i++) {
        int changes = 1 + rand() % 8;

        memcpy(memory, whole, MEMORY);
        for (int j = 0; j < changes; j++)
            memory[RSDP + rand() % (XSDT - RSDP)] = rand() % 2 ? (u8)rand() : 0xff;
        seal_some();
        memset(&tables, 0, sizeof(tables));
        acpi_tables_read(RSDP, map, NULL, &tables);
        CHECK(tables.info.cpu_count <= ACPI_CPUS_MAX);
        CHECK(tables.info.ioapic_count <= ACPI_IOAPICS_MAX);
        CHECK(tables.info.override_count <= ACPI_OVERRIDES_MAX);
    }
}

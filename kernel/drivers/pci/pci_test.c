/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI over configuration space that the test plays, whole and hostile: what is found, how large
 * BARs are, where capabilities lead, and that nothing outside of what a device has is touched.
 */
#include "kernel/drivers/pci/pci.h"

#include "abi/linux/errors.h"
#include "abi/pci/config.h"
#include "kernel/arch/irq.h"
#include "kernel/arch/mmu.h"
#include "kernel/drivers/pci/config.h"
#include "kernel/mm/kernel_map.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    FUNCTIONS_MAX = 600,
    MAPS_MAX = 64,
    MEMORY = 2, /* PCI_COMMAND_MEMORY */
};

/* A function of a device. `sizes` are the bits of each BAR that can be set. */
struct fake_function {
    u8 bus;
    u8 slot;
    u8 function;
    u8 bytes[PCI_CONFIG_SIZE];
    u32 sizes[PCI_BAR_COUNT];
};

static struct fake_function functions[FUNCTIONS_MAX];
static u32 function_count;
static u32 sized_while_decoding;

static u8 *maps[MAPS_MAX]; /* Memory of just the size that was asked for: ASan watches its end. */
static u32 map_count;
static paddr_t map_address;
static size_t map_size;

static u32 messages;
static u32 probes;

static struct fake_function *find(u8 bus, u8 slot, u8 function)
{
    for (u32 i = 0; i < function_count; i++) {
        if (functions[i].bus == bus && functions[i].slot == slot &&
            functions[i].function == function)
            return &functions[i];
    }
    return NULL;
}

void pci_config_init(void)
{
}

u32 pci_config_read(u8 bus, u8 slot, u8 function, u32 off)
{
    const struct fake_function *found = find(bus, slot, function);
    u32 value = UINT32_MAX;

    CHECK(off % 4 == 0 && off < PCI_CONFIG_SIZE);
    if (found)
        memcpy(&value, found->bytes + off, sizeof(value));
    return value;
}

void pci_config_write(u8 bus, u8 slot, u8 function, u32 off, u32 value)
{
    struct fake_function *found = find(bus, slot, function);

    CHECK(off % 4 == 0 && off < PCI_CONFIG_SIZE);
    if (!found)
        return;
    if (off >= PCI_BAR && off < PCI_BAR + 4 * PCI_BAR_COUNT) {
        u32 mask = found->sizes[(off - PCI_BAR) / 4];
        u32 before;

        memcpy(&before, found->bytes + off, sizeof(before));
        if (value == UINT32_MAX)
            sized_while_decoding += found->bytes[PCI_COMMAND] & MEMORY;
        value = (value & mask) | (before & ~mask);
    }
    memcpy(found->bytes + off, &value, sizeof(value));
}

void pci_config_write16(u8 bus, u8 slot, u8 function, u32 off, u16 value)
{
    struct fake_function *found = find(bus, slot, function);

    CHECK(off % 2 == 0 && off < PCI_CONFIG_SIZE);
    if (found)
        memcpy(found->bytes + off, &value, sizeof(value));
}

void *device_map(paddr_t address, size_t size)
{
    CHECK(map_count < MAPS_MAX);
    map_address = address;
    map_size = size;
    maps[map_count] = calloc(1, size);
    return maps[map_count++];
}

static void unmap_all(void)
{
    while (map_count > 0)
        free(maps[--map_count]);
}

int irq_message_open(u32 cpu, irq_handler_fn *handler, void *arg, struct irq_message *message)
{
    (void)handler;
    (void)arg;
    messages++;
    *message = (struct irq_message){ 0xfee00000ull | (u64)cpu << 12, 0x41 };
    return cpu < 64 ? 0 : -ENOSPC;
}

static bool any(const struct pci_device *device)
{
    return device->vendor == 0x1af4;
}

static int probe(struct pci_device *device)
{
    probes++;
    free(device); /* It would stay for ever. */
    fake_heap_objects--;
    return 0;
}

static const struct pci_driver driver = { .name = "test", .matches = any, .probe = probe };
const struct pci_driver *const pci_drivers[] = { &driver, NULL };

static void put16(struct fake_function *function, u32 off, u32 value)
{
    function->bytes[off] = (u8)value;
    function->bytes[off + 1] = (u8)(value >> 8);
}

static void put32(struct fake_function *function, u32 off, u32 value)
{
    put16(function, off, value);
    put16(function, off + 2, value >> 16);
}

static struct fake_function *add(u8 bus, u8 slot, u8 number)
{
    struct fake_function *function = &functions[function_count++];

    CHECK(function_count <= FUNCTIONS_MAX);
    *function = (struct fake_function){ .bus = bus, .slot = slot, .function = number };
    put32(function, PCI_VENDOR, 0x10411af4);
    put16(function, PCI_COMMAND, PCI_COMMAND_MEMORY);
    return function;
}

static struct pci_device device; /* 00:00.0 */

static struct fake_function *one(void)
{
    function_count = 0;
    return add(0, 0, 0);
}

/* ---- Capabilities. ---- */

static void capability(struct fake_function *function, u32 at, u8 id, u8 next)
{
    function->bytes[at] = id;
    function->bytes[at + 1] = next;
}

TEST(pci, follows_the_list_of_capabilities)
{
    struct fake_function *function = one();

    CHECK_EQ(pci_capability(&device, PCI_CAP_VENDOR, 0), 0);
    function->bytes[PCI_CAPABILITIES] = 0x40;
    capability(function, 0x40, PCI_CAP_VENDOR, 0x52); /* The lowest two bits mean nothing. */
    capability(function, 0x50, PCI_CAP_MSIX, 0xfc);
    capability(function, 0xfc, PCI_CAP_VENDOR, 0);
    CHECK_EQ(pci_capability(&device, PCI_CAP_VENDOR, 0), 0); /* The status says there is none. */
    put16(function, PCI_STATUS, PCI_STATUS_CAPABILITIES);
    CHECK_EQ(pci_capability(&device, PCI_CAP_VENDOR, 0), 0x40);
    CHECK_EQ(pci_capability(&device, PCI_CAP_VENDOR, 0x40), 0xfc);
    CHECK_EQ(pci_capability(&device, PCI_CAP_VENDOR, 0xfc), 0);
    CHECK_EQ(pci_capability(&device, PCI_CAP_MSIX, 0), 0x50);
    CHECK_EQ(pci_capability(&device, 0x55, 0), 0);
}

TEST(pci, ends_lists_of_capabilities_that_do_not)
{
    struct fake_function *function = one();

    put16(function, PCI_STATUS, PCI_STATUS_CAPABILITIES);
    function->bytes[PCI_CAPABILITIES] = 0x40;
    capability(function, 0x40, 1, 0x80);
    capability(function, 0x80, 2, 0x40);
    CHECK_EQ(pci_capability(&device, PCI_CAP_MSIX, 0), 0);
    function->bytes[PCI_CAPABILITIES] = 0x3c; /* Within the header. */
    CHECK_EQ(pci_capability(&device, 1, 0), 0);
    function->bytes[PCI_CAPABILITIES] = 0x40;
    capability(function, 0x40, 1, 0x08);
    capability(function, 0x08, 2, 0);
    CHECK_EQ(pci_capability(&device, 2, 0), 0);
}

/* ---- BARs. ---- */

TEST(pci, measures_bars)
{
    static const struct {
        const char *what;
        u32 index;
        u32 low;
        u32 high;
        u32 low_bits;
        u32 high_bits;
        u64 address; /* 0: it is refused. */
        u64 size;
    } rows[] = {
        { "32 bits", 0, 0xfebc0000, 0, 0xffffc000, 0, 0xfebc0000, 0x4000 },
        { "prefetchable", 1, 0xfebc0008, 0, 0xfffff000, 0, 0xfebc0000, 0x1000 },
        { "64 bits", 2, 0x0000000c, 8, 0xffffc000, 0xffffffff, 8ull << 32, 0x4000 },
        { "64 bits, large", 2, 0x0000000c, 0x100, 0, 0xffffff00, 0x100ull << 32, 1ull << 40 },
        { "absent", 0, 0, 0, 0, 0, 0, 0 },
        { "not placed", 0, 0, 0, 0xfffff000, 0, 0, 0 },
        { "ports", 0, 0xc001, 0, 0xffffffe0, 0, 0, 0 },
        { "64 bits in the last", 5, 0xfebc0004, 0, 0xfffff000, 0, 0, 0 },
        { "a constant", 0, 0xfebc0000, 0, 0, 0, 0xfebc0000, 0x40000 }, /* As good as any. */
        { "past the end of addresses", 2, 0xfffff004, 0xffffffff, 0xfffff000, 0xffffffff, 0, 0 },
        { "none such", 6, 0xfebc0000, 0, 0xfffff000, 0, 0, 0 },
        { "none such at all", UINT32_MAX, 0, 0, 0, 0, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct fake_function *function = one();
        paddr_t address = 0;
        u64 size = 0;
        bool found;

        if (rows[i].index < PCI_BAR_COUNT) {
            put32(function, PCI_BAR + 4 * rows[i].index, rows[i].low);
            function->sizes[rows[i].index] = rows[i].low_bits;
        }
        if (rows[i].index + 1 < PCI_BAR_COUNT && rows[i].high_bits) {
            put32(function, PCI_BAR + 4 * rows[i].index + 4, rows[i].high);
            function->sizes[rows[i].index + 1] = rows[i].high_bits;
        }
        found = pci_bar(&device, rows[i].index, &address, &size);
        if (found != (rows[i].address != 0) ||
            (found && (address != rows[i].address || size != rows[i].size))) {
            fprintf(stderr, "%s: %d, 0x%llx, size 0x%llx\n", rows[i].what, found,
                    (unsigned long long)address, (unsigned long long)size);
            CHECK(false);
        }
        CHECK(function->bytes[PCI_COMMAND] & PCI_COMMAND_MEMORY);
        if (rows[i].index < PCI_BAR_COUNT)
            CHECK_EQ(pci_read32(&device, PCI_BAR + 4 * rows[i].index), rows[i].low);
    }
    CHECK_EQ(sized_while_decoding, 0);
}

TEST(pci, maps_what_lies_within_a_bar)
{
    struct fake_function *function = one();

    put32(function, PCI_BAR, 0xfebc0000);
    function->sizes[0] = 0xffffc000;
    CHECK(pci_bar_map(&device, 0, 0x1000, 0x3000) != NULL);
    CHECK_EQ(map_address, 0xfebc1000);
    CHECK_EQ(map_size, 0x3000);
    CHECK(!pci_bar_map(&device, 0, 0x1000, 0x3001));
    CHECK(!pci_bar_map(&device, 0, 0x4000, 1));
    CHECK(!pci_bar_map(&device, 0, UINT64_MAX, 2));
    CHECK(!pci_bar_map(&device, 0, 0, 0));
    CHECK(!pci_bar_map(&device, 0, 0, UINT64_MAX));
    CHECK(!pci_bar_map(&device, 1, 0, 1));
    CHECK_EQ(map_count, 1);
    unmap_all();
}

/* ---- MSI-X. ---- */

static struct fake_function *with_msix(u32 vectors, u32 table)
{
    struct fake_function *function = one();

    put16(function, PCI_STATUS, PCI_STATUS_CAPABILITIES);
    function->bytes[PCI_CAPABILITIES] = 0x40;
    capability(function, 0x40, PCI_CAP_MSIX, 0);
    put16(function, 0x40 + PCI_MSIX_CONTROL, (vectors - 1) | PCI_MSIX_CONTROL_MASK_ALL);
    put32(function, 0x40 + PCI_MSIX_TABLE, table);
    put32(function, PCI_BAR + 4, 0xfebc0000);
    function->sizes[1] = 0xfffff000;
    device = (struct pci_device){ .bus = 0 };
    return function;
}

TEST(pci, opens_vectors_masked_and_unmasks_those_with_a_handler)
{
    struct fake_function *function = with_msix(3, 0x100 | 1);
    const u32 *entry;

    CHECK_EQ(pci_msix_open(&device), 0);
    CHECK_EQ(device.msix_count, 3);
    CHECK_EQ(map_address, 0xfebc0100);
    CHECK_EQ(function->bytes[0x43] & 0xc0, 0x80); /* Enabled, and not all masked. */
    CHECK_EQ(pci_msix_vector(&device, 1, 2, NULL, NULL), 0);
    for (u32 i = 0; i < 3; i++) {
        entry = (const void *)(maps[0] + (size_t)i * PCI_MSIX_ENTRY_SIZE);
        CHECK_EQ(entry[3], i == 1 ? 0 : PCI_MSIX_ENTRY_MASKED);
    }
    entry = (const void *)(maps[0] + PCI_MSIX_ENTRY_SIZE);
    CHECK_EQ(entry[0], 0xfee02000);
    CHECK_EQ(entry[1], 0);
    CHECK_EQ(entry[2], 0x41);
    CHECK_EQ(pci_msix_vector(&device, 3, 0, NULL, NULL), -EINVAL);
    CHECK_EQ(pci_msix_vector(&device, UINT32_MAX, 0, NULL, NULL), -EINVAL);
    CHECK_EQ(pci_msix_vector(&device, 2, 64, NULL, NULL), -ENOSPC);
    unmap_all();
}

TEST(pci, refuses_a_table_of_vectors_that_is_not_all_there)
{
    struct fake_function *function;

    with_msix(2048, 1);
    CHECK_EQ(pci_msix_open(&device), -ENOMEM); /* 32 KiB in a BAR of 4. */
    CHECK_EQ(device.msix_count, 0);
    CHECK_EQ(pci_msix_vector(&device, 0, 0, NULL, NULL), -EINVAL);
    with_msix(1, 0x1000 | 1);
    CHECK_EQ(pci_msix_open(&device), -ENOMEM);
    with_msix(1, 7); /* No such BAR. */
    CHECK_EQ(pci_msix_open(&device), -ENOMEM);
    with_msix(1, 0); /* That one is empty. */
    CHECK_EQ(pci_msix_open(&device), -ENOMEM);
    function = with_msix(1, 1);
    function->bytes[PCI_CAPABILITIES] = 0xf8; /* Its table would lie behind the end. */
    capability(function, 0xf8, PCI_CAP_MSIX, 0);
    CHECK_EQ(pci_msix_open(&device), -ENODEV);
    CHECK_EQ(map_count, 0);
    CHECK_EQ(messages, 0);
}

/* ---- The scan. ---- */

static struct fake_function *add_bridge(u8 bus, u8 slot, u8 secondary)
{
    struct fake_function *bridge = add(bus, slot, 0);

    bridge->bytes[PCI_HEADER_TYPE] = PCI_HEADER_BRIDGE;
    bridge->bytes[PCI_SECONDARY_BUS] = secondary;
    return bridge;
}

TEST(pci, finds_devices_behind_bridges_once)
{
    function_count = 0;
    put32(add(0, 0, 0), PCI_VENDOR, 0x29c08086); /* Nobody's. */
    add(0, 3, 0)->bytes[PCI_HEADER_TYPE] = PCI_HEADER_MULTIFUNCTION;
    add(0, 3, 7);
    add(0, 4, 0);
    add(0, 4, 1); /* Not looked for: the first function does not say so. */
    add(0, 5, 2); /* Nor this: without a first function there is no device. */
    add_bridge(0, 6, 9);
    add_bridge(0, 7, 9); /* The same bus again, */
    add_bridge(9, 0, 0); /* and one that leads back. */
    add(9, 31, 0);
    pci_init();
    CHECK_EQ(probes, 4);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(pci, looks_at_every_bus_that_bridges_name_and_ends)
{
    function_count = 0;
    for (u32 bus = 0; bus < 256; bus++) {
        add_bridge((u8)bus, 0, (u8)(bus + 1));
        add((u8)bus, 1, 0);
    }
    pci_init();
    CHECK_EQ(probes, 256);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(pci, is_quiet_where_there_is_no_pci)
{
    function_count = 0;
    pci_init();
    CHECK_EQ(probes, 0);
    CHECK_EQ(fake_log_warnings, 0);
}

/* Configuration space that is noise: every question ends, and nothing lies outside of a BAR. */
TEST(pci, survives_any_configuration_space)
{
    u64 seed = 1;

    for (u32 round = 0; round < 3000; round++) {
        struct fake_function *function = one();

        for (u32 i = 4; i < PCI_CONFIG_SIZE; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            function->bytes[i] = (u8)(seed >> 56);
        }
        function->bytes[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
        if (round % 2)
            function->bytes[PCI_CAPABILITIES + 0xc] = PCI_CAP_MSIX;
        for (u32 i = 0; i < PCI_BAR_COUNT; i++)
            function->sizes[i] = (u32)(seed >> (i * 5)) << (round % 24);
        device = (struct pci_device){ .bus = 0 };
        if (pci_msix_open(&device) == 0) {
            for (u32 i = 0; i < device.msix_count; i += 97)
                CHECK_EQ(pci_msix_vector(&device, i, 0, NULL, NULL), 0);
        }
        for (u32 i = 0; i < 8; i++) {
            paddr_t address;
            u64 size;

            if (pci_bar(&device, i, &address, &size))
                CHECK(size != 0 && (size & (size - 1)) == 0 && address + size > address);
        }
        unmap_all();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/drivers/acpi/acpi_tables.h"

#include "abi/acpi/tables.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum {
    TABLE_SIZE_MAX = 1 << 20,
    ROOT_ENTRIES_MAX = 128, /* Tables of one machine; a few dozen at most in the wild. */
    RSDP_ALIGN = 16,
};

/* A table in memory, its length checked. */
struct table {
    const u8 *bytes;
    u32 size;
};

struct reader {
    acpi_map_fn *map;
    void *context;
    struct acpi_tables *out;
};

/* Fields past the end of a table read as 0: older revisions are shorter. */
static u64 field(const struct table *table, u32 off, u32 width)
{
    u64 value = 0;

    if (off + width > table->size)
        return 0;
    mem_copy(&value, table->bytes + off, width);
    return value;
}

static u8 get8(const struct table *table, u32 off)
{
    return (u8)field(table, off, 1);
}

static u16 get16(const struct table *table, u32 off)
{
    return (u16)field(table, off, 2);
}

static u32 get32(const struct table *table, u32 off)
{
    return (u32)field(table, off, 4);
}

static u64 get64(const struct table *table, u32 off)
{
    return field(table, off, 8);
}

static bool sums_to_zero(const u8 *bytes, size_t size)
{
    u8 sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (u8)(sum + bytes[i]);
    return sum == 0;
}

/* Maps the table at `address`; `signature` may be NULL for any. */
static bool map_table(const struct reader *reader, u64 address, const char *signature,
                      struct table *table)
{
    const u8 *header =
        address ? reader->map(reader->context, address, ACPI_TABLE_HEADER_SIZE) : NULL;
    struct table start = { header, ACPI_TABLE_HEADER_SIZE };

    if (!header)
        return false;
    if (signature && !mem_equal(header, signature, 4))
        return false;
    table->size = get32(&start, ACPI_TABLE_LENGTH);
    if (table->size < ACPI_TABLE_HEADER_SIZE || table->size > TABLE_SIZE_MAX)
        return false;
    table->bytes = reader->map(reader->context, address, table->size);
    return table->bytes != NULL;
}

static void add_cpu(struct acpi_info *info, u32 apic_id, u32 flags)
{
    if ((flags & ACPI_MADT_CPU_ENABLED) == 0 || info->cpu_count == ACPI_CPUS_MAX)
        return;
    for (u32 i = 0; i < info->cpu_count; i++) {
        if (info->apic_ids[i] == apic_id)
            return; /* Listed both as APIC and as x2APIC. */
    }
    info->apic_ids[info->cpu_count++] = apic_id;
}

static void add_ioapic(struct acpi_info *info, const struct table *entry)
{
    if (entry->size < 12 || info->ioapic_count == ACPI_IOAPICS_MAX)
        return;
    info->ioapics[info->ioapic_count].address = get32(entry, 4);
    info->ioapics[info->ioapic_count].gsi_base = get32(entry, 8);
    info->ioapic_count++;
}

static void add_override(struct acpi_info *info, const struct table *entry)
{
    struct acpi_override *override = &info->overrides[info->override_count];
    u16 flags = get16(entry, 8);

    if (entry->size < 10 || info->override_count == ACPI_OVERRIDES_MAX)
        return;
    override->source = get8(entry, 3);
    override->gsi = get32(entry, 4);
    override->active_low = (flags & 3) == 3;
    override->level = (flags >> 2 & 3) == 3;
    info->override_count++;
}

static void read_madt_entry(struct acpi_info *info, const struct table *entry)
{
    switch (get8(entry, 0)) {
    case ACPI_MADT_TYPE_LAPIC:
        if (entry->size >= 8)
            add_cpu(info, get8(entry, 3), get32(entry, 4));
        break;
    case ACPI_MADT_TYPE_X2APIC:
        if (entry->size >= 16)
            add_cpu(info, get32(entry, 4), get32(entry, 8));
        break;
    case ACPI_MADT_TYPE_IOAPIC:
        add_ioapic(info, entry);
        break;
    case ACPI_MADT_TYPE_OVERRIDE:
        add_override(info, entry);
        break;
    case ACPI_MADT_TYPE_LAPIC_ADDRESS:
        if (entry->size >= 12)
            info->lapic_address = get64(entry, 4);
        break;
    default:
        break;
    }
}

static void read_madt(struct acpi_info *info, const struct table *madt)
{
    u32 off = ACPI_MADT_ENTRIES;

    info->lapic_address = get32(madt, ACPI_MADT_LAPIC);
    while (off + 2 <= madt->size) {
        u8 len = get8(madt, off + 1);
        struct table entry = { madt->bytes + off, len };

        if (len < 2 || len > madt->size - off)
            break;
        read_madt_entry(info, &entry);
        off += len;
    }
}

static struct acpi_register generic_address(const struct table *table, u32 off)
{
    struct acpi_register result = { 0 };
    u8 space = get8(table, off);

    if (off + ACPI_GAS_SIZE > table->size)
        return result;
    result.address = get64(table, off + ACPI_GAS_ADDRESS);
    result.is_port = space == ACPI_SPACE_PORT;
    result.present =
        result.address != 0 && (space == ACPI_SPACE_MEMORY || space == ACPI_SPACE_PORT);
    if (result.is_port && result.address > UINT16_MAX)
        result.present = false;
    return result;
}

/* A register that has a port in old revisions and a generic address in newer ones. */
static struct acpi_register either_address(const struct table *fadt, u32 generic_off, u32 port_off)
{
    struct acpi_register result = generic_address(fadt, generic_off);
    u32 port = get32(fadt, port_off);

    if (!result.present && port != 0 && port <= UINT16_MAX) {
        result.present = true;
        result.is_port = true;
        result.address = port;
    }
    return result;
}

/* An integer of an AML package at `*off`; moves past it. False when it is no integer. */
static bool aml_integer(const struct table *table, u32 *off, u64 *value)
{
    u8 op = get8(table, *off);
    u32 width;

    *off += 1;
    switch (op) {
    case 0x00: /* ZeroOp */
    case 0x01: /* OneOp */
        *value = op;
        return true;
    case 0x0a: /* BytePrefix */
        width = 1;
        break;
    case 0x0b: /* WordPrefix */
        width = 2;
        break;
    case 0x0c: /* DWordPrefix */
        width = 4;
        break;
    default:
        return false;
    }
    *value = field(table, *off, width);
    *off += width;
    return true;
}

enum {
    AML_MEMORY32_FIXED = 0x86, /* Section 6.4.3.4: tag, length, access, base, length. */
    AML_MEMORY32_SIZE = 12,
    AML_INTERRUPT = 0x89, /* Section 6.4.3.6: tag, length, flags, count, numbers. */
    AML_INTERRUPT_NUMBER = 5,
    AML_CRS_DISTANCE_MAX = 160, /* From a device's _HID to its resources. */
};

/* The resources of the device whose _HID is at `off`: a fixed memory range, then an interrupt. */
static bool read_virtio_mmio(struct acpi_virtio_mmio *device, const struct table *dsdt, u32 off)
{
    u32 end = dsdt->size - off < AML_CRS_DISTANCE_MAX ? dsdt->size : off + AML_CRS_DISTANCE_MAX;

    for (; off + AML_MEMORY32_SIZE + AML_INTERRUPT_NUMBER + 4 <= end; off++) {
        u32 interrupt = off + AML_MEMORY32_SIZE;

        if (get8(dsdt, off) != AML_MEMORY32_FIXED || get8(dsdt, interrupt) != AML_INTERRUPT)
            continue;
        device->address = get32(dsdt, off + 4);
        device->size = get32(dsdt, off + 8);
        device->gsi = get32(dsdt, interrupt + AML_INTERRUPT_NUMBER);
        return true;
    }
    return false;
}

/*
 * Devices of kind LNRO0005. Like _S5_ they are found by looking for their name: what QEMU and
 * Firecracker write is always the same, and a machine language is too much for it.
 */
static void find_virtio_mmio(struct acpi_info *info, const struct table *dsdt)
{
    static const char name[] = "LNRO0005";

    for (u32 off = 0; off + sizeof(name) <= dsdt->size; off++) {
        if (dsdt->bytes[off] != 'L' || !mem_equal(dsdt->bytes + off, name, sizeof(name)))
            continue;
        if (info->virtio_mmio_count == ACPI_VIRTIO_MMIO_MAX)
            return;
        if (read_virtio_mmio(&info->virtio_mmio[info->virtio_mmio_count], dsdt, off))
            info->virtio_mmio_count++;
    }
}

/* Name (_S5_, Package { a, b, ... }): `off` is just behind the name. Section 20.2.5.4. */
static bool read_s5_package(struct acpi_info *info, const struct table *dsdt, u32 off)
{
    u64 type_a;
    u64 type_b;

    if (get8(dsdt, off) != 0x12) /* PackageOp */
        return false;
    off += 1;
    off += 1 + (get8(dsdt, off) >> 6); /* PkgLength: its top bits say how many bytes follow. */
    if (get8(dsdt, off) < 1)           /* NumElements */
        return false;
    off += 1;
    if (off >= dsdt->size || !aml_integer(dsdt, &off, &type_a))
        return false;
    if (!aml_integer(dsdt, &off, &type_b))
        type_b = type_a;
    info->has_s5 = true;
    info->s5_type_a = (u8)(type_a & 7);
    info->s5_type_b = (u8)(type_b & 7);
    return true;
}

/* Looks for the name itself: we interpret no AML, and the package is constant in practice. */
static void find_s5(struct acpi_info *info, const struct table *dsdt)
{
    u32 off = ACPI_TABLE_HEADER_SIZE;

    /* Every fourth byte: one of the four of the name, if it is there. */
    for (; off + 4 <= dsdt->size; off += 4) {
        u8 byte = dsdt->bytes[off];

        if (byte != '_' && byte != 'S' && byte != '5')
            continue;
        for (u32 start = off - 3; start <= off; start++) {
            if (start + 4 <= dsdt->size && mem_equal(dsdt->bytes + start, "_S5_", 4) &&
                read_s5_package(info, dsdt, start + 4))
                return;
        }
    }
}

static void read_dsdt(struct acpi_info *info, const struct table *dsdt)
{
    find_s5(info, dsdt);
    find_virtio_mmio(info, dsdt);
}

static void read_fadt(const struct reader *reader, const struct table *fadt)
{
    struct acpi_tables *out = reader->out;
    struct acpi_info *info = &out->info;
    u32 flags = get32(fadt, ACPI_FADT_FLAGS);
    u32 timer = get32(fadt, ACPI_FADT_PM_TIMER);
    struct table dsdt;

    info->hardware_reduced = (flags & ACPI_FADT_FLAG_HARDWARE_REDUCED) != 0;
    if (flags & ACPI_FADT_FLAG_RESET)
        info->reset = generic_address(fadt, ACPI_FADT_RESET);
    info->reset_value = get8(fadt, ACPI_FADT_RESET_VALUE);
    info->sci_gsi = get16(fadt, ACPI_FADT_SCI);
    if (info->hardware_reduced) {
        info->sleep_control = generic_address(fadt, ACPI_FADT_SLEEP_CONTROL);
    } else {
        info->pm1a_event = either_address(fadt, ACPI_FADT_X_PM1A_EVENT, ACPI_FADT_PM1A_EVENT);
        info->pm1a_control = either_address(fadt, ACPI_FADT_X_PM1A_CONTROL, ACPI_FADT_PM1A_CONTROL);
        info->pm1b_control = either_address(fadt, ACPI_FADT_X_PM1B_CONTROL, ACPI_FADT_PM1B_CONTROL);
        info->pm_timer_port = timer <= UINT16_MAX ? timer : 0;
        info->pm_timer_32bit = (flags & ACPI_FADT_FLAG_TIMER_32BIT) != 0;
        out->pm1_event_size = get8(fadt, ACPI_FADT_PM1_EVENT_LEN);
        out->smi_command = get32(fadt, ACPI_FADT_SMI_COMMAND);
        out->acpi_enable = get8(fadt, ACPI_FADT_ACPI_ENABLE);
    }

    if (map_table(reader, get64(fadt, ACPI_FADT_X_DSDT), "DSDT", &dsdt) ||
        map_table(reader, get32(fadt, ACPI_FADT_DSDT), "DSDT", &dsdt))
        read_dsdt(info, &dsdt);
}

static void read_mcfg(struct acpi_info *info, const struct table *mcfg)
{
    for (u32 off = ACPI_MCFG_ENTRIES; off + ACPI_MCFG_ENTRY_SIZE <= mcfg->size;
         off += ACPI_MCFG_ENTRY_SIZE) {
        if (get16(mcfg, off + 8) != 0 || get8(mcfg, off + 10) > get8(mcfg, off + 11))
            continue; /* Another segment, or nonsense. */
        info->ecam_address = get64(mcfg, off);
        info->ecam_bus_first = get8(mcfg, off + 10);
        info->ecam_bus_last = get8(mcfg, off + 11);
        return;
    }
}

static void read_hpet(struct acpi_info *info, const struct table *hpet)
{
    struct acpi_register address = generic_address(hpet, ACPI_HPET_ADDRESS);

    if (address.present && !address.is_port)
        info->hpet_address = address.address;
}

static void read_table(const struct reader *reader, u64 address)
{
    struct acpi_info *info = &reader->out->info;
    const u8 *signature = address ? reader->map(reader->context, address, 4) : NULL;
    struct table table;
    bool wanted;

    if (!signature)
        return;
    wanted = mem_equal(signature, "APIC", 4) || mem_equal(signature, "FACP", 4) ||
             mem_equal(signature, "MCFG", 4) || mem_equal(signature, "HPET", 4);
    if (!wanted || !map_table(reader, address, NULL, &table) ||
        !sums_to_zero(table.bytes, table.size))
        return;
    if (mem_equal(table.bytes, "APIC", 4)) {
        read_madt(info, &table);
    } else if (mem_equal(table.bytes, "FACP", 4)) {
        read_fadt(reader, &table);
    } else if (mem_equal(table.bytes, "MCFG", 4)) {
        read_mcfg(info, &table);
    } else if (mem_equal(table.bytes, "HPET", 4)) {
        read_hpet(info, &table);
    }
}

/* RSDT or XSDT: addresses of `width` bytes each. */
static bool read_root(const struct reader *reader, u64 address, const char *signature, u32 width)
{
    struct table root;
    u32 count;

    if (!map_table(reader, address, signature, &root) || !sums_to_zero(root.bytes, root.size))
        return false;
    count = u32_min((root.size - ACPI_TABLE_HEADER_SIZE) / width, ROOT_ENTRIES_MAX);
    for (u32 i = 0; i < count; i++)
        read_table(reader, field(&root, ACPI_TABLE_HEADER_SIZE + i * width, width));
    return true;
}

static bool is_rsdp(const u8 *bytes)
{
    return mem_equal(bytes, "RSD PTR ", 8) && sums_to_zero(bytes, ACPI_RSDP_SIZE_1);
}

bool acpi_tables_read(u64 rsdp, acpi_map_fn *map, void *context, struct acpi_tables *tables)
{
    struct reader reader = { map, context, tables };
    const u8 *bytes = rsdp ? map(context, rsdp, ACPI_RSDP_SIZE_1) : NULL;
    struct table root = { bytes, ACPI_RSDP_SIZE_1 };

    if (!bytes || !is_rsdp(bytes))
        return false;
    if (get8(&root, ACPI_RSDP_REVISION) >= 2) {
        root.bytes = map(context, rsdp, ACPI_RSDP_SIZE_2);
        root.size = ACPI_RSDP_SIZE_2;
        if (root.bytes && sums_to_zero(root.bytes, ACPI_RSDP_SIZE_2) &&
            read_root(&reader, get64(&root, ACPI_RSDP_XSDT), "XSDT", 8))
            return true;
        root.bytes = bytes;
        root.size = ACPI_RSDP_SIZE_1;
    }
    return read_root(&reader, get32(&root, ACPI_RSDP_RSDT), "RSDT", 4);
}

u64 acpi_rsdp_find(u64 address, size_t size, acpi_map_fn *map, void *context)
{
    const u8 *bytes = map(context, address, size);

    for (size_t off = 0; bytes && off + ACPI_RSDP_SIZE_2 <= size; off += RSDP_ALIGN) {
        if (bytes[off] == 'R' && is_rsdp(bytes + off))
            return address + off;
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/drivers/acpi/acpi_tables.h"

#include "abi/acpi/tables.h"
#include "kernel/drivers/acpi/acpi_table.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum {
    TABLE_SIZE_MAX = 1 << 20,
    ROOT_ENTRIES_MAX = 128, /* Tables of one machine; a few dozen at most in the wild. */
    RSDP_ALIGN = 16,
};

struct reader {
    acpi_map_fn *map;
    void *context;
    struct acpi_tables *out;
};

static bool sums_to_zero(const u8 *bytes, size_t size)
{
    u8 sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (u8)(sum + bytes[i]);
    return sum == 0;
}

/* Maps the table at `address`; `signature` may be NULL for any. */
static bool map_table(const struct reader *reader, u64 address, const char *signature,
                      struct acpi_table *table)
{
    const u8 *header =
        address ? reader->map(reader->context, address, ACPI_TABLE_HEADER_SIZE) : NULL;
    struct acpi_table start = { header, ACPI_TABLE_HEADER_SIZE };

    if (!header)
        return false;
    if (signature && !mem_equal(header, signature, 4))
        return false;
    table->size = acpi_get32(&start, ACPI_TABLE_LENGTH);
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

static void add_ioapic(struct acpi_info *info, const struct acpi_table *entry)
{
    if (entry->size < 12 || info->ioapic_count == ACPI_IOAPICS_MAX)
        return;
    info->ioapics[info->ioapic_count].address = acpi_get32(entry, 4);
    info->ioapics[info->ioapic_count].gsi_base = acpi_get32(entry, 8);
    info->ioapic_count++;
}

static void add_override(struct acpi_info *info, const struct acpi_table *entry)
{
    struct acpi_override *override = &info->overrides[info->override_count];
    u16 flags = acpi_get16(entry, 8);

    if (entry->size < 10 || info->override_count == ACPI_OVERRIDES_MAX)
        return;
    override->source = acpi_get8(entry, 3);
    override->gsi = acpi_get32(entry, 4);
    override->active_low = (flags & 3) == 3;
    override->level = (flags >> 2 & 3) == 3;
    info->override_count++;
}

static void read_madt_entry(struct acpi_info *info, const struct acpi_table *entry)
{
    switch (acpi_get8(entry, 0)) {
    case ACPI_MADT_TYPE_LAPIC:
        if (entry->size >= 8)
            add_cpu(info, acpi_get8(entry, 3), acpi_get32(entry, 4));
        break;
    case ACPI_MADT_TYPE_X2APIC:
        if (entry->size >= 16)
            add_cpu(info, acpi_get32(entry, 4), acpi_get32(entry, 8));
        break;
    case ACPI_MADT_TYPE_IOAPIC:
        add_ioapic(info, entry);
        break;
    case ACPI_MADT_TYPE_OVERRIDE:
        add_override(info, entry);
        break;
    case ACPI_MADT_TYPE_LAPIC_ADDRESS:
        if (entry->size >= 12)
            info->lapic_address = acpi_get64(entry, 4);
        break;
    default:
        break;
    }
}

static void read_madt(struct acpi_info *info, const struct acpi_table *madt)
{
    u32 off = ACPI_MADT_ENTRIES;

    info->lapic_address = acpi_get32(madt, ACPI_MADT_LAPIC);
    while (off + 2 <= madt->size) {
        u8 len = acpi_get8(madt, off + 1);
        struct acpi_table entry = { madt->bytes + off, len };

        if (len < 2 || len > madt->size - off)
            break;
        read_madt_entry(info, &entry);
        off += len;
    }
}

static struct acpi_register generic_address(const struct acpi_table *table, u32 off)
{
    struct acpi_register result = { 0 };
    u8 space = acpi_get8(table, off);

    if (off + ACPI_GAS_SIZE > table->size)
        return result;
    result.address = acpi_get64(table, off + ACPI_GAS_ADDRESS);
    result.is_port = space == ACPI_SPACE_PORT;
    result.present =
        result.address != 0 && (space == ACPI_SPACE_MEMORY || space == ACPI_SPACE_PORT);
    if (result.is_port && result.address > UINT16_MAX)
        result.present = false;
    return result;
}

/* A register that has a port in old revisions and a generic address in newer ones. */
static struct acpi_register either_address(const struct acpi_table *fadt, u32 generic_off,
                                           u32 port_off)
{
    struct acpi_register result = generic_address(fadt, generic_off);
    u32 port = acpi_get32(fadt, port_off);

    if (!result.present && port != 0 && port <= UINT16_MAX) {
        result.present = true;
        result.is_port = true;
        result.address = port;
    }
    return result;
}

static void read_fadt(const struct reader *reader, const struct acpi_table *fadt)
{
    struct acpi_tables *out = reader->out;
    struct acpi_info *info = &out->info;
    u32 flags = acpi_get32(fadt, ACPI_FADT_FLAGS);
    u32 timer = acpi_get32(fadt, ACPI_FADT_PM_TIMER);
    struct acpi_table dsdt;

    info->hardware_reduced = (flags & ACPI_FADT_FLAG_HARDWARE_REDUCED) != 0;
    if (flags & ACPI_FADT_FLAG_RESET)
        info->reset = generic_address(fadt, ACPI_FADT_RESET);
    info->reset_value = acpi_get8(fadt, ACPI_FADT_RESET_VALUE);
    info->sci_gsi = acpi_get16(fadt, ACPI_FADT_SCI);
    if (info->hardware_reduced) {
        info->sleep_control = generic_address(fadt, ACPI_FADT_SLEEP_CONTROL);
    } else {
        info->pm1a_event = either_address(fadt, ACPI_FADT_X_PM1A_EVENT, ACPI_FADT_PM1A_EVENT);
        info->pm1a_control = either_address(fadt, ACPI_FADT_X_PM1A_CONTROL, ACPI_FADT_PM1A_CONTROL);
        info->pm1b_control = either_address(fadt, ACPI_FADT_X_PM1B_CONTROL, ACPI_FADT_PM1B_CONTROL);
        info->pm_timer_port = timer <= UINT16_MAX ? timer : 0;
        info->pm_timer_32bit = (flags & ACPI_FADT_FLAG_TIMER_32BIT) != 0;
        out->pm1_event_size = acpi_get8(fadt, ACPI_FADT_PM1_EVENT_LEN);
        out->smi_command = acpi_get32(fadt, ACPI_FADT_SMI_COMMAND);
        out->acpi_enable = acpi_get8(fadt, ACPI_FADT_ACPI_ENABLE);
    }

    if (map_table(reader, acpi_get64(fadt, ACPI_FADT_X_DSDT), "DSDT", &dsdt) ||
        map_table(reader, acpi_get32(fadt, ACPI_FADT_DSDT), "DSDT", &dsdt))
        acpi_dsdt_read(&dsdt, out);
}

static void read_mcfg(struct acpi_info *info, const struct acpi_table *mcfg)
{
    for (u32 off = ACPI_MCFG_ENTRIES; off + ACPI_MCFG_ENTRY_SIZE <= mcfg->size;
         off += ACPI_MCFG_ENTRY_SIZE) {
        if (acpi_get16(mcfg, off + 8) != 0 || acpi_get8(mcfg, off + 10) > acpi_get8(mcfg, off + 11))
            continue; /* Another segment, or nonsense. */
        info->ecam_address = acpi_get64(mcfg, off);
        info->ecam_bus_first = acpi_get8(mcfg, off + 10);
        info->ecam_bus_last = acpi_get8(mcfg, off + 11);
        return;
    }
}

static void read_hpet(struct acpi_info *info, const struct acpi_table *hpet)
{
    struct acpi_register address = generic_address(hpet, ACPI_HPET_ADDRESS);

    if (address.present && !address.is_port)
        info->hpet_address = address.address;
}

static void read_table(const struct reader *reader, u64 address)
{
    struct acpi_info *info = &reader->out->info;
    const u8 *signature = address ? reader->map(reader->context, address, 4) : NULL;
    struct acpi_table table;
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
    struct acpi_table root;
    u32 count;

    if (!map_table(reader, address, signature, &root) || !sums_to_zero(root.bytes, root.size))
        return false;
    count = u32_min((root.size - ACPI_TABLE_HEADER_SIZE) / width, ROOT_ENTRIES_MAX);
    for (u32 i = 0; i < count; i++)
        read_table(reader, acpi_field(&root, ACPI_TABLE_HEADER_SIZE + i * width, width));
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
    struct acpi_table root = { bytes, ACPI_RSDP_SIZE_1 };

    if (!bytes || !is_rsdp(bytes))
        return false;
    if (acpi_get8(&root, ACPI_RSDP_REVISION) >= 2) {
        root.bytes = map(context, rsdp, ACPI_RSDP_SIZE_2);
        root.size = ACPI_RSDP_SIZE_2;
        if (root.bytes && sums_to_zero(root.bytes, ACPI_RSDP_SIZE_2) &&
            read_root(&reader, acpi_get64(&root, ACPI_RSDP_XSDT), "XSDT", 8))
            return true;
        root.bytes = bytes;
        root.size = ACPI_RSDP_SIZE_1;
    }
    return read_root(&reader, acpi_get32(&root, ACPI_RSDP_RSDT), "RSDT", 4);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/block/gpt.h"

#include "abi/linux/errors.h"
#include "kernel/mm/heap.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/hash/hash.h"

enum {
    GPT_HEADER_SIZE_MIN = 92,
    GPT_ENTRY_SIZE = 128,      /* What we look at of an entry. */
    GPT_ENTRY_SIZE_MAX = 4096, /* Larger ones are not seen in the wild. */
    GPT_TABLE_SIZE_MAX = 1 << 18,
    GPT_LABEL_UNITS = 36,
};

struct gpt_header {
    u8 signature[8];
    struct le32 revision;
    struct le32 header_size;
    struct le32 header_crc;
    struct le32 reserved;
    struct le64 my_sector;
    struct le64 alternate_sector;
    struct le64 first_usable;
    struct le64 last_usable;
    u8 disk_guid[16];
    struct le64 table_sector;
    struct le32 entry_count;
    struct le32 entry_size;
    struct le32 table_crc;
};
static_assert(offsetof(struct gpt_header, table_crc) == 88, "UEFI table 5.5");

struct gpt_entry {
    u8 type_guid[16];
    u8 part_guid[16];
    struct le64 first;
    struct le64 last;
    struct le64 attributes;
    struct le16 label[GPT_LABEL_UNITS];
};
static_assert(sizeof(struct gpt_entry) == GPT_ENTRY_SIZE, "UEFI table 5.6");

static bool has_signature(const u8 *sector)
{
    return mem_equal(sector, "EFI PART", 8);
}

/* The header in `sector`, which lay at `at`, is whole and its table lies within the disk. */
static bool header_is_good(u8 *sector, u64 at, u64 sector_count)
{
    struct gpt_header *header = (void *)sector;
    u32 size = le32_get(header->header_size);
    u32 crc = le32_get(header->header_crc);
    u64 table = le64_get(header->table_sector);
    u32 entry_size = le32_get(header->entry_size);
    u64 bytes;

    if (!has_signature(sector) || size < GPT_HEADER_SIZE_MIN || size > GPT_SECTOR_SIZE)
        return false;
    header->header_crc = le32_make(0);
    if (crc32(0, sector, size) != crc || le64_get(header->my_sector) != at)
        return false;
    if (entry_size < GPT_ENTRY_SIZE || entry_size > GPT_ENTRY_SIZE_MAX ||
        entry_size % GPT_ENTRY_SIZE != 0)
        return false;
    bytes = (u64)entry_size * le32_get(header->entry_count);
    if (bytes == 0 || bytes > GPT_TABLE_SIZE_MAX)
        return false;
    return table >= 2 && table < sector_count &&
           (bytes + GPT_SECTOR_SIZE - 1) / GPT_SECTOR_SIZE <= sector_count - table;
}

static void decode_label(const struct gpt_entry *entry, char *label)
{
    u32 i;

    for (i = 0; i < GPT_LABEL_UNITS; i++) {
        u16 unit = le16_get(entry->label[i]);

        if (unit == 0)
            break;
        label[i] = (char)(unit >= 0x20 && unit < 0x7f ? unit : '?');
    }
    label[i] = '\0';
}

static bool decode(const struct gpt_entry *entry, u64 sector_count, struct gpt_partition *partition)
{
    static const u8 unused[16];
    u64 first = le64_get(entry->first);
    u64 last = le64_get(entry->last);

    if (mem_equal(entry->type_guid, unused, sizeof(unused)))
        return false;
    if (first > last || last >= sector_count || first == 0)
        return false;
    partition->first_sector = first;
    partition->sector_count = last - first + 1;
    mem_copy(partition->type_guid, entry->type_guid, sizeof(partition->type_guid));
    mem_copy(partition->part_guid, entry->part_guid, sizeof(partition->part_guid));
    decode_label(entry, partition->label);
    return true;
}

static void report(const struct gpt_header *header, const u8 *table, u64 sector_count,
                   gpt_found_fn *found, void *arg)
{
    u32 entry_size = le32_get(header->entry_size);
    u32 count = u32_min(le32_get(header->entry_count), GPT_PARTITIONS_MAX);
    struct gpt_partition partition;

    for (u32 i = 0; i < count; i++) {
        partition.number = i + 1;
        if (decode((const void *)(table + (size_t)i * entry_size), sector_count, &partition))
            found(arg, &partition);
    }
}

/* Tries the copy whose header lies at `at`. `sector` is scratch. */
static int read_copy(const struct gpt_disk *disk, u64 at, u8 *sector, gpt_found_fn *found,
                     void *arg)
{
    const struct gpt_header *header = (void *)sector;
    u32 bytes;
    u32 sectors;
    u8 *table;
    int err = disk->read(disk->context, at, 1, sector);

    if (err < 0)
        return err;
    if (!has_signature(sector))
        return -ENOENT;
    if (!header_is_good(sector, at, disk->sector_count))
        return -EIO;

    bytes = le32_get(header->entry_size) * le32_get(header->entry_count);
    sectors = (bytes + GPT_SECTOR_SIZE - 1) / GPT_SECTOR_SIZE;
    table = heap_alloc((size_t)sectors * GPT_SECTOR_SIZE);
    if (!table)
        return -ENOMEM;
    err = disk->read(disk->context, le64_get(header->table_sector), sectors, table);
    if (err == 0 && crc32(0, table, bytes) != le32_get(header->table_crc))
        err = -EIO;
    if (err == 0)
        report(header, table, disk->sector_count, found, arg);
    heap_free(table);
    return err;
}

int gpt_read(const struct gpt_disk *disk, gpt_found_fn *found, void *arg, u32 *flags)
{
    u8 *sector;
    int first;
    int backup;

    *flags = 0;
    if (disk->sector_count < 3)
        return -ENOENT;
    sector = heap_alloc(GPT_SECTOR_SIZE);
    if (!sector)
        return -ENOMEM;

    first = read_copy(disk, 1, sector, found, arg);
    backup = first;
    if (first == -EIO || first == -ENOENT)
        backup = read_copy(disk, disk->sector_count - 1, sector, found, arg);
    heap_free(sector);

    if (backup == 0 && first < 0)
        *flags = GPT_USED_BACKUP;
    if (backup == -ENOENT)
        return first; /* -EIO where there was half a table, else none at all. */
    return backup;
}

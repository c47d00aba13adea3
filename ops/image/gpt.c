/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/gpt.h"

#include "host/err.h"
#include "host/file.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    ENTRY_COUNT = 128,
    ENTRY_SIZE = 128,
    ENTRIES_SIZE = ENTRY_COUNT * ENTRY_SIZE,
    ENTRIES_SECTORS = ENTRIES_SIZE / GPT_SECTOR_SIZE,
    HEADER_SIZE = 92,
    HEADER_LBA = 1,
    ENTRIES_LBA = 2,
    NAME_UNITS = 36,
    MBR_TYPE_PROTECTIVE = 0xee,
};

/* Section 5.3.2. */
struct gpt_header {
    char signature[8];
    uint32_t revision;
    uint32_t header_size;
    uint32_t header_crc32;
    uint32_t reserved;
    uint64_t my_lba;
    uint64_t alternate_lba;
    uint64_t first_usable_lba;
    uint64_t last_usable_lba;
    uint8_t disk_guid[GPT_GUID_SIZE];
    uint64_t entries_lba;
    uint32_t entry_count;
    uint32_t entry_size;
    uint32_t entries_crc32;
    uint8_t rest[GPT_SECTOR_SIZE - HEADER_SIZE];
} __attribute__((packed));

/* Section 5.3.3. */
struct gpt_entry {
    uint8_t type[GPT_GUID_SIZE];
    uint8_t guid[GPT_GUID_SIZE];
    uint64_t first_lba;
    uint64_t last_lba;
    uint64_t attributes;
    uint16_t name[NAME_UNITS];
} __attribute__((packed));

_Static_assert(sizeof(struct gpt_header) == GPT_SECTOR_SIZE, "a sector");
_Static_assert(sizeof(struct gpt_entry) == ENTRY_SIZE, "the table's layout");

/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B */
const uint8_t gpt_type_esp[GPT_GUID_SIZE] = {
    0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
};

/* 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709 */
const uint8_t gpt_type_root_x86_64[GPT_GUID_SIZE] = {
    0xe3, 0xbc, 0x68, 0x4f, 0xcd, 0xe8, 0xb1, 0x4d, 0x96, 0xe7, 0xfb, 0xca, 0xf9, 0x84, 0xb7, 0x09,
};

uint32_t gpt_crc32(const void *bytes, size_t size)
{
    const uint8_t *next = bytes;
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= next[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static uint64_t round_up(uint64_t size)
{
    return (size + GPT_ALIGN - 1) / GPT_ALIGN * GPT_ALIGN;
}

/* The last MiB is for the backup. */
uint64_t gpt_layout(struct gpt_partition *partitions, size_t count)
{
    uint64_t off = GPT_ALIGN;

    for (size_t i = 0; i < count; i++) {
        partitions[i].off = off;
        partitions[i].size = round_up(partitions[i].size);
        off += partitions[i].size;
    }
    return off + GPT_ALIGN;
}

static void entries_fill(struct gpt_entry *entries, const struct gpt_partition *partitions,
                         size_t count)
{
    memset(entries, 0, ENTRIES_SIZE);
    for (size_t i = 0; i < count; i++) {
        uint64_t first = partitions[i].off / GPT_SECTOR_SIZE;

        memcpy(entries[i].type, partitions[i].type, GPT_GUID_SIZE);
        memcpy(entries[i].guid, partitions[i].guid, GPT_GUID_SIZE);
        entries[i].first_lba = htole64(first);
        entries[i].last_lba = htole64(first + partitions[i].size / GPT_SECTOR_SIZE - 1);
        for (size_t n = 0; n < NAME_UNITS && partitions[i].name[n] != '\0'; n++)
            entries[i].name[n] = htole16((uint16_t)partitions[i].name[n]);
    }
}

/* Fills in the header at `my_lba`; the other one is at `alternate_lba`. */
static void header_fill(struct gpt_header *header, const struct gpt_entry *entries,
                        const uint8_t *disk_guid, uint64_t my_lba, uint64_t alternate_lba)
{
    uint64_t last_lba = my_lba > alternate_lba ? my_lba : alternate_lba;

    *header = (struct gpt_header){
        .signature = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' },
        .revision = htole32(0x00010000),
        .header_size = htole32(HEADER_SIZE),
        .my_lba = htole64(my_lba),
        .alternate_lba = htole64(alternate_lba),
        .first_usable_lba = htole64(ENTRIES_LBA + ENTRIES_SECTORS),
        .last_usable_lba = htole64(last_lba - ENTRIES_SECTORS - 1),
        .entries_lba = htole64(my_lba == HEADER_LBA ? ENTRIES_LBA : my_lba - ENTRIES_SECTORS),
        .entry_count = htole32(ENTRY_COUNT),
        .entry_size = htole32(ENTRY_SIZE),
        .entries_crc32 = htole32(gpt_crc32(entries, ENTRIES_SIZE)),
    };
    memcpy(header->disk_guid, disk_guid, GPT_GUID_SIZE);
    header->header_crc32 = htole32(gpt_crc32(header, HEADER_SIZE));
}

/* Section 5.2.3: one partition that covers the disk, so that old tools keep off. */
static void mbr_fill(uint8_t mbr[GPT_SECTOR_SIZE], uint64_t last_lba)
{
    uint32_t sectors = last_lba > UINT32_MAX ? UINT32_MAX : (uint32_t)last_lba;
    uint8_t *record = mbr + 446;

    memset(mbr, 0, GPT_SECTOR_SIZE);
    record[2] = 2; /* Sector 2, in cylinders and heads as of old. */
    record[4] = MBR_TYPE_PROTECTIVE;
    memset(record + 5, 0xff, 3);
    record[8] = 1;
    for (int i = 0; i < 4; i++)
        record[12 + i] = (uint8_t)(sectors >> i * 8);
    mbr[510] = 0x55;
    mbr[511] = 0xaa;
}

static int sectors_write(int fd, const void *bytes, size_t size, uint64_t lba, struct err *err)
{
    if (file_write_at(fd, bytes, size, lba * GPT_SECTOR_SIZE) < 0)
        return err_set_errno(err, "cannot write the partition table");
    return 0;
}

static int header_write(int fd, const struct gpt_entry *entries, const uint8_t *disk_guid,
                        uint64_t my_lba, uint64_t alternate_lba, struct err *err)
{
    struct gpt_header header;

    header_fill(&header, entries, disk_guid, my_lba, alternate_lba);
    if (sectors_write(fd, &header, sizeof(header), my_lba, err) < 0)
        return -1;
    return sectors_write(fd, entries, ENTRIES_SIZE, le64toh(header.entries_lba), err);
}

/* Both headers and tables, and the MBR in front of them. */
static int tables_write(int fd, const struct gpt_entry *entries, const uint8_t *disk_guid,
                        uint64_t last_lba, struct err *err)
{
    uint8_t mbr[GPT_SECTOR_SIZE];

    mbr_fill(mbr, last_lba);
    if (sectors_write(fd, mbr, sizeof(mbr), 0, err) < 0 ||
        header_write(fd, entries, disk_guid, HEADER_LBA, last_lba, err) < 0)
        return -1;
    return header_write(fd, entries, disk_guid, last_lba, HEADER_LBA, err);
}

int gpt_write(int fd, const struct gpt_partition *partitions, size_t count,
              const uint8_t disk_guid[GPT_GUID_SIZE], struct err *err)
{
    const struct gpt_partition *last = &partitions[count - 1];
    uint64_t last_lba = (last->off + last->size + GPT_ALIGN) / GPT_SECTOR_SIZE - 1;
    struct gpt_entry entries[ENTRY_COUNT];

    entries_fill(entries, partitions, count);
    return tables_write(fd, entries, disk_guid, last_lba, err);
}

static int sectors_read(int fd, void *bytes, size_t size, uint64_t lba, struct err *err)
{
    ssize_t got = pread(fd, bytes, size, (off_t)(lba * GPT_SECTOR_SIZE));

    if (got < 0)
        return err_set(err, "cannot read the partition table: %s", strerror(errno));
    if ((size_t)got < size)
        return err_set(err, "the partition table is cut off");
    return 0;
}

/* Reads the primary table, whose header is checked. Returns as gpt_find() does. */
static int table_read(int fd, uint64_t disk_size, struct gpt_header *header,
                      struct gpt_entry entries[ENTRY_COUNT], struct err *err)
{
    uint32_t crc;

    if (disk_size < (uint64_t)(ENTRIES_LBA + ENTRIES_SECTORS) * GPT_SECTOR_SIZE)
        return 0;
    if (sectors_read(fd, header, sizeof(*header), HEADER_LBA, err) < 0)
        return -1;
    if (memcmp(header->signature, "EFI PART", sizeof(header->signature)) != 0)
        return 0;
    crc = header->header_crc32;
    header->header_crc32 = 0;
    if (le32toh(header->header_size) != HEADER_SIZE ||
        gpt_crc32(header, HEADER_SIZE) != le32toh(crc))
        return err_set(err, "the partition table is damaged");
    if (le32toh(header->entry_count) != ENTRY_COUNT || le32toh(header->entry_size) != ENTRY_SIZE ||
        le64toh(header->entries_lba) != ENTRIES_LBA)
        return err_set(err, "the partition table has an unusual form");
    if (sectors_read(fd, entries, ENTRIES_SIZE, ENTRIES_LBA, err) < 0)
        return -1;
    if (gpt_crc32(entries, ENTRIES_SIZE) != le32toh(header->entries_crc32))
        return err_set(err, "the partition table is damaged");
    return 1;
}

static bool entry_is_used(const struct gpt_entry *entry)
{
    static const uint8_t unused[GPT_GUID_SIZE];

    return memcmp(entry->type, unused, GPT_GUID_SIZE) != 0;
}

/* Checks where partition `index` lies. */
static int place_set(struct gpt_place *place, const struct gpt_entry *entries, uint32_t index,
                     uint64_t disk_size, struct err *err)
{
    uint64_t first = le64toh(entries[index].first_lba);
    uint64_t last = le64toh(entries[index].last_lba);

    if (first < ENTRIES_LBA + ENTRIES_SECTORS || last < first ||
        last >= disk_size / GPT_SECTOR_SIZE)
        return err_set(err, "a partition reaches beyond the end of the disk");
    *place = (struct gpt_place){
        .off = first * GPT_SECTOR_SIZE,
        .size = (last - first + 1) * GPT_SECTOR_SIZE,
        .index = index,
        .is_last = true,
    };
    for (uint32_t i = 0; i < ENTRY_COUNT; i++) {
        if (i != index && entry_is_used(&entries[i]) && le64toh(entries[i].last_lba) >= first)
            place->is_last = false;
    }
    return 1;
}

int gpt_find(int fd, uint64_t disk_size, const uint8_t type[GPT_GUID_SIZE], struct gpt_place *place,
             struct err *err)
{
    struct gpt_header header;
    struct gpt_entry entries[ENTRY_COUNT] = { 0 };
    int found = table_read(fd, disk_size, &header, entries, err);

    if (found <= 0)
        return found;
    for (uint32_t i = 0; i < ENTRY_COUNT; i++) {
        if (memcmp(entries[i].type, type, GPT_GUID_SIZE) == 0)
            return place_set(place, entries, i, disk_size, err);
    }
    return err_set(err, "the disk has no root partition");
}

int gpt_resize(int fd, uint64_t disk_size, const struct gpt_place *place, struct err *err)
{
    struct gpt_header header;
    struct gpt_entry entries[ENTRY_COUNT] = { 0 };
    int found = table_read(fd, disk_size, &header, entries, err);

    if (found <= 0)
        return found < 0 ? -1 : err_set(err, "the disk has no partition table");
    entries[place->index].last_lba = htole64((place->off + place->size) / GPT_SECTOR_SIZE - 1);
    return tables_write(fd, entries, header.disk_guid, disk_size / GPT_SECTOR_SIZE - 1, err);
}

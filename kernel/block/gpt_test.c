/* SPDX-License-Identifier: Apache-2.0 */
/* Partition tables: right ones, damaged ones, and some that were made to mislead. */
#include "kernel/block/gpt.h"

#include "abi/linux/errors.h"
#include "lib/hash/hash.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    SECTORS = 256,
    TABLE_SECTOR = 2,
    BACKUP_TABLE = SECTORS - 33,
    ENTRIES = 128,
};

static u8 disk_bytes[SECTORS][512];
static int read_error;
static u32 found_count;
static struct gpt_partition found[GPT_PARTITIONS_MAX];

static int read_disk(void *context, u64 sector, u32 count, void *to)
{
    (void)context;
    CHECK(count > 0 && sector < SECTORS && count <= SECTORS - sector);
    if (read_error && sector == 1)
        return read_error;
    memcpy(to, disk_bytes[sector], (size_t)count * 512);
    return 0;
}

static const struct gpt_disk disk = { NULL, SECTORS, read_disk };

static void note(void *arg, const struct gpt_partition *partition)
{
    (void)arg;
    CHECK(found_count < GPT_PARTITIONS_MAX);
    found[found_count++] = *partition;
}

static void put32(u8 *at, u32 value)
{
    memcpy(at, &value, sizeof(value));
}

static void put64(u8 *at, u64 value)
{
    memcpy(at, &value, sizeof(value));
}

static void put_partition(u32 index, u64 first, u64 last, const char *label)
{
    u8 *entry = disk_bytes[TABLE_SECTOR] + (size_t)index * 128;

    memset(entry, 0x11, 32);
    put64(entry + 32, first);
    put64(entry + 40, last);
    for (u32 i = 0; label[i]; i++)
        entry[56 + 2 * i] = (u8)label[i];
}

/* Seals header and table, and makes the backup of both. */
static void seal(u8 *header, u64 at, u64 table)
{
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a signature is no string. */
    memcpy(header, "EFI PART", 8);
    put32(header + 8, 0x10000);
    put32(header + 12, 92);
    put64(header + 24, at);
    put64(header + 72, table);
    put32(header + 80, ENTRIES);
    put32(header + 84, 128);
    put32(header + 88, crc32(0, disk_bytes[table], ENTRIES * 128ul));
    put32(header + 16, 0);
    put32(header + 16, crc32(0, header, 92));
}

static void seal_all(void)
{
    memcpy(disk_bytes[BACKUP_TABLE], disk_bytes[TABLE_SECTOR], ENTRIES * 128ul);
    seal(disk_bytes[1], 1, TABLE_SECTOR);
    seal(disk_bytes[SECTORS - 1], SECTORS - 1, BACKUP_TABLE);
}

static void make_disk(void)
{
    put_partition(0, 40, 79, "boot");
    put_partition(2, 80, 200, "root");
    seal_all();
}

static int read_all(u32 *flags)
{
    found_count = 0;
    return gpt_read(&disk, note, NULL, flags);
}

TEST(gpt, finds_partitions)
{
    u32 flags;

    make_disk();
    CHECK_EQ(read_all(&flags), 0);
    CHECK_EQ(flags, 0);
    CHECK_EQ(found_count, 2);
    CHECK_EQ(found[0].number, 1);
    CHECK_EQ(found[0].first_sector, 40);
    CHECK_EQ(found[0].sector_count, 40);
    CHECK_EQ(found[1].number, 3);
    CHECK(strcmp(found[1].label, "root") == 0);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(gpt, falls_back_to_the_backup)
{
    u32 flags;

    make_disk();
    disk_bytes[1][40] ^= 1; /* A header whose checksum is wrong. */
    CHECK_EQ(read_all(&flags), 0);
    CHECK_EQ(flags, GPT_USED_BACKUP);
    CHECK_EQ(found_count, 2);

    make_disk();
    disk_bytes[TABLE_SECTOR][32] ^= 1; /* A table whose checksum is wrong. */
    CHECK_EQ(read_all(&flags), 0);
    CHECK_EQ(flags, GPT_USED_BACKUP);
    CHECK_EQ(found[0].first_sector, 40);

    make_disk();
    read_error = -EIO;
    CHECK_EQ(read_all(&flags), 0);
    CHECK_EQ(flags, GPT_USED_BACKUP);
    CHECK_EQ(fake_heap_objects, 0);
}

TEST(gpt, tells_no_table_from_a_damaged_one)
{
    u32 flags;

    CHECK_EQ(read_all(&flags), -ENOENT);
    make_disk();
    disk_bytes[1][40] ^= 1;
    disk_bytes[SECTORS - 1][40] ^= 1;
    CHECK_EQ(read_all(&flags), -EIO);
    memset(disk_bytes[SECTORS - 1], 0, 512);
    CHECK_EQ(read_all(&flags), -EIO);
}

/* Headers with right checksums and wrong values. */
TEST(gpt, impossible_sizes_are_refused)
{
    static const struct {
        u32 off;
        u64 value;
        const char *remark;
    } cases[] = {
        { 12, 91, "header too small" },
        { 12, 513, "header larger than its sector" },
        { 72, SECTORS, "table past the end" },
        { 72, SECTORS - 1, "table runs past the end" },
        { 72, UINT64_MAX - 5, "table wraps around" },
        { 72, 1, "table over the header" },
        { 80, 0, "no entries" },
        { 80, UINT32_MAX, "too many entries" },
        { 84, 0, "entries of no size" },
        { 84, 64, "entries too small" },
        { 84, 192, "entries of an odd size" },
        { 84, 1u << 31, "entries too large" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        u8 *header = disk_bytes[1];
        u32 flags;

        make_disk();
        memset(disk_bytes[SECTORS - 1], 0, 512);
        if (cases[i].off == 72) {
            put64(header + cases[i].off, cases[i].value);
        } else {
            put32(header + cases[i].off, (u32)cases[i].value);
        }
        put32(header + 16, 0);
        put32(header + 16, crc32(0, header, 92));
        if (read_all(&flags) != -EIO) {
            fprintf(stderr, "%s: not refused\n", cases[i].remark);
            exit(1);
        }
        CHECK_EQ(fake_heap_objects, 0);
    }
}

TEST(gpt, partitions_beyond_the_disk_are_left_out)
{
    u32 flags;

    put_partition(0, 40, SECTORS, "past");
    put_partition(1, 90, 80, "backwards");
    put_partition(2, 0, 10, "over the table");
    put_partition(3, UINT64_MAX, UINT64_MAX, "far");
    put_partition(4, 100, SECTORS - 1, "a\x01\xff");
    seal_all();
    CHECK_EQ(read_all(&flags), 0);
    CHECK_EQ(found_count, 1);
    CHECK(strcmp(found[0].label, "a??") == 0);
}

TEST(gpt, memory_may_run_out)
{
    u32 flags;

    make_disk();
    for (long i = 0; i < 2; i++) {
        fake_alloc_fail_after = i;
        CHECK_EQ(read_all(&flags), -ENOMEM);
        CHECK_EQ(fake_heap_objects, 0);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition tables of a disk that anybody wrote. The input is the disk; its checksums are made
 * right first, or nothing else would ever be looked at.
 */
#include "kernel/block/gpt.h"
#include "lib/base/types.h"
#include "lib/hash/hash.h"
#include "test/fuzz/fuzz.h"
#include "test/unit/fake_kernel.h"

struct disk {
    u8 *bytes;
    u64 sectors;
};

static int read_disk(void *context, u64 sector, u32 count, void *to)
{
    const struct disk *disk = context;

    FUZZ_CHECK(count > 0 && sector < disk->sectors && count <= disk->sectors - sector);
    memcpy(to, disk->bytes + sector * GPT_SECTOR_SIZE, (size_t)count * GPT_SECTOR_SIZE);
    return 0;
}

static void check(void *arg, const struct gpt_partition *partition)
{
    const struct disk *disk = arg;

    FUZZ_CHECK(partition->number >= 1 && partition->number <= GPT_PARTITIONS_MAX);
    FUZZ_CHECK(partition->first_sector > 0 && partition->sector_count > 0);
    FUZZ_CHECK(partition->sector_count <= disk->sectors);
    FUZZ_CHECK(partition->first_sector <= disk->sectors - partition->sector_count);
    FUZZ_CHECK(memchr(partition->label, 0, GPT_LABEL_SIZE));
}

/* Makes what could be a header at `at` one, and its table whole. */
static void seal(struct disk *disk, u64 at)
{
    u8 *header = disk->bytes + at * GPT_SECTOR_SIZE;
    u64 table;
    u32 size;
    u32 words[3];
    u64 bytes;
    u32 crc;

    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a signature is no string. */
    memcpy(header, "EFI PART", 8);
    memcpy(header + 24, &at, 8);
    memcpy(&size, header + 12, 4);
    memcpy(&table, header + 72, 8);
    memcpy(words, header + 80, 8);
    bytes = (u64)words[0] * words[1];
    if (table < disk->sectors && bytes <= (disk->sectors - table) * GPT_SECTOR_SIZE) {
        crc = crc32(0, disk->bytes + table * GPT_SECTOR_SIZE, bytes);
        memcpy(header + 88, &crc, 4);
    }
    if (size <= GPT_SECTOR_SIZE) {
        memset(header + 16, 0, 4);
        crc = crc32(0, header, size);
        memcpy(header + 16, &crc, 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct disk disk = { NULL, size / GPT_SECTOR_SIZE };
    struct gpt_disk gpt = { &disk, disk.sectors, read_disk };
    u32 flags;
    int err;

    disk.bytes = fuzz_copy(bytes, size);
    if (disk.sectors >= 3) {
        if (disk.bytes[0] & 1)
            seal(&disk, disk.sectors - 1);
        if (disk.bytes[0] & 2)
            seal(&disk, 1);
    }
    err = gpt_read(&gpt, check, &disk, &flags);
    FUZZ_CHECK(err <= 0);
    FUZZ_CHECK(fake_heap_objects == 0);
    free(disk.bytes);
    return 0;
}

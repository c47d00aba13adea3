/* SPDX-License-Identifier: Apache-2.0 */
/* Directories as QEMU makes them, and as a host that lies does. */
#include "kernel/drivers/fw_cfg/fw_cfg_dir.h"

#include "abi/linux/errors.h"
#include "abi/qemu/fw_cfg.h"
#include "lib/base/types.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    FOUND_MAX = 3,
};

static u8 directory[FW_CFG_COUNT_SIZE + (FW_CFG_FILES_MAX + 1) * FW_CFG_ENTRY_SIZE];
static size_t position;
static struct fw_cfg_file found[FOUND_MAX];

/* As the device: zeros past the end. */
static void take(void *arg, void *to, size_t size)
{
    size_t end = *(const size_t *)arg;

    for (u8 *byte = to; size > 0; size--, position++)
        *byte++ = position < end ? directory[position] : 0;
}

static void put_be(size_t at, u32 value, int width)
{
    for (int i = width - 1; i >= 0; i--, value >>= 8)
        directory[at + (size_t)i] = (u8)value;
}

/* `name` may fill its field to the last byte. */
static void put_entry(u32 index, const char *name, u32 size, u32 item)
{
    size_t at = FW_CFG_COUNT_SIZE + (size_t)index * FW_CFG_ENTRY_SIZE;

    put_be(at, size, 4);
    put_be(at + FW_CFG_ENTRY_ITEM, item, 2);
    memset(directory + at + FW_CFG_ENTRY_NAME, 0, FW_CFG_NAME_SIZE);
    memcpy(directory + at + FW_CFG_ENTRY_NAME, name, strnlen(name, FW_CFG_NAME_SIZE));
}

static int find(u32 count, size_t size)
{
    put_be(0, count, 4);
    position = 0;
    memset(found, 0, sizeof(found));
    return fw_cfg_dir_find(take, &size, "opt/a/", found, FOUND_MAX);
}

TEST(fw_cfg, finds_files_by_the_start_of_their_names)
{
    put_entry(0, "etc/acpi/tables", 0x20000, 0x23);
    put_entry(1, "opt/a/one", 5, 0x2a);
    put_entry(2, "opt/ab", 6, 0x2b);
    put_entry(3, "opt/a/two", 0x01020304, 0x3fff);
    CHECK_EQ(find(4, sizeof(directory)), 2);
    CHECK_EQ(strcmp(found[0].name, "opt/a/one"), 0);
    CHECK_EQ(found[0].size, 5);
    CHECK_EQ(found[0].item, 0x2a);
    CHECK_EQ(found[1].size, 0x01020304);
    CHECK_EQ(found[1].item, 0x3fff);
}

TEST(fw_cfg, stores_no_more_than_there_is_room_for_and_counts_all)
{
    for (u32 i = 0; i < FW_CFG_FILES_MAX; i++)
        put_entry(i, "opt/a/x", i, 0x20);
    CHECK_EQ(find(FW_CFG_FILES_MAX, sizeof(directory)), FW_CFG_FILES_MAX);
    CHECK_EQ(found[2].size, 2);
}

TEST(fw_cfg, refuses_a_count_that_makes_no_sense)
{
    CHECK_EQ(find(FW_CFG_FILES_MAX + 1, sizeof(directory)), -EIO);
    CHECK_EQ(find(UINT32_MAX, sizeof(directory)), -EIO);
    CHECK_EQ(position, FW_CFG_COUNT_SIZE);
}

TEST(fw_cfg, passes_over_entries_that_make_no_sense)
{
    char name[FW_CFG_NAME_SIZE + 1];

    memset(name, 'x', sizeof(name));
    memcpy(name, "opt/a/", 6);
    put_entry(0, name, 1, 0x20); /* No NUL. */
    name[FW_CFG_NAME_SIZE - 1] = '\0';
    put_entry(1, name, 2, 0x20); /* As long as can be. */
    put_entry(2, "opt/a/\033[31m", 3, 0x20);
    put_entry(3, "opt/a/two words", 4, 0x20);
    put_entry(4, "opt/a/signature", 5, 0);
    put_entry(5, "opt/a/written", 6, 0x4020);
    CHECK_EQ(find(6, sizeof(directory)), 1);
    CHECK_EQ(found[0].size, 2);
    CHECK_EQ(strlen(found[0].name), FW_CFG_NAME_SIZE - 1);
}

TEST(fw_cfg, ends_where_the_device_has_no_more)
{
    put_entry(0, "opt/a/one", 5, 0x2a);
    CHECK_EQ(find(100, FW_CFG_COUNT_SIZE + FW_CFG_ENTRY_SIZE), 1);
    CHECK_EQ(find(100, 3), 0);
}

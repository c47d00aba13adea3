/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/drivers/fw_cfg/fw_cfg_dir.h"

#include "abi/linux/errors.h"
#include "abi/qemu/fw_cfg.h"
#include "kernel/drivers/fw_cfg/fw_cfg.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"

enum {
    BATCH = 8, /* Entries taken at a time: each taking may cost an exit to the hypervisor. */
};

static u32 get_be(const u8 *bytes, u32 width)
{
    u32 value = 0;

    for (u32 i = 0; i < width; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

static bool entry_parse(const u8 *bytes, struct fw_cfg_file *file)
{
    file->size = get_be(bytes, 4);
    file->item = (u16)get_be(bytes + FW_CFG_ENTRY_ITEM, 2);
    mem_copy(file->name, bytes + FW_CFG_ENTRY_NAME, FW_CFG_NAME_SIZE);
    return file->item >= FW_CFG_ITEM_FILE_FIRST && file->item <= FW_CFG_ITEM_MASK &&
           str_len_max(file->name, FW_CFG_NAME_SIZE) < FW_CFG_NAME_SIZE && is_printable(file->name);
}

int fw_cfg_dir_find(fw_cfg_take_fn *take, void *arg, const char *prefix, struct fw_cfg_file *files,
                    u32 max)
{
    u8 bytes[BATCH * FW_CFG_ENTRY_SIZE];
    struct fw_cfg_file file;
    u32 found = 0;
    u32 count;

    take(arg, bytes, FW_CFG_COUNT_SIZE);
    count = get_be(bytes, FW_CFG_COUNT_SIZE);
    if (count > FW_CFG_FILES_MAX)
        return -EIO;
    for (u32 i = 0; i < count; i++) {
        u32 index = i % BATCH;

        if (index == 0)
            take(arg, bytes, (size_t)u32_min(BATCH, count - i) * FW_CFG_ENTRY_SIZE);
        if (!entry_parse(bytes + (size_t)index * FW_CFG_ENTRY_SIZE, &file) ||
            !str_after(file.name, prefix))
            continue;
        if (found < max)
            files[found] = file;
        found++;
    }
    return (int)found;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ports of fw_cfg. Where nobody answers, finding that out takes one write and up to four reads;
 * a QEMU's directory is some 1,500 bytes more. All come by string instructions, which hypervisors
 * serve in one go; the device's DMA would be faster for megabytes, but microvm has none.
 */
#include "kernel/drivers/fw_cfg/fw_cfg.h"

#include "abi/qemu/fw_cfg.h"
#include "kernel/arch/port.h"
#include "kernel/drivers/fw_cfg/fw_cfg_dir.h"
#include "lib/base/types.h"

/* Ports that nobody answers read as ones, or as anything else that is not the signature. */
static bool is_present(void)
{
    static const char signature[] = { 'Q', 'E', 'M', 'U' };

    port_write16(FW_CFG_PORT_SELECT, FW_CFG_ITEM_SIGNATURE);
    for (u32 i = 0; i < sizeof(signature); i++) {
        if (port_read8(FW_CFG_PORT_DATA) != (u8)signature[i])
            return false;
    }
    return true;
}

static void take(void *arg, void *to, size_t size)
{
    (void)arg;
    fw_cfg_read(to, size);
}

int fw_cfg_find(const char *prefix, struct fw_cfg_file *files, u32 max)
{
    if (!is_present())
        return 0;
    port_write16(FW_CFG_PORT_SELECT, FW_CFG_ITEM_DIRECTORY);
    return fw_cfg_dir_find(take, NULL, prefix, files, max);
}

void fw_cfg_open(const struct fw_cfg_file *file)
{
    port_write16(FW_CFG_PORT_SELECT, file->item);
}

void fw_cfg_read(void *to, size_t size)
{
    port_read8_many(FW_CFG_PORT_DATA, to, size);
}

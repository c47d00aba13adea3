/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of fw_cfg, its bytes and what its names are taken for. The input is the item. */
#include "abi/qemu/fw_cfg.h"
#include "kernel/drivers/fw_cfg/fw_cfg.h"
#include "kernel/drivers/fw_cfg/fw_cfg_dir.h"
#include "kernel/init/launch_file.h"
#include "lib/base/types.h"
#include "test/fuzz/fuzz.h"

enum {
    FOUND_MAX = 8,
};

struct item {
    const u8 *bytes;
    size_t left;
};

static void take(void *arg, void *to, size_t size)
{
    struct item *item = arg;
    size_t part = size < item->left ? size : item->left;

    memset(to, 0, size);
    memcpy(to, item->bytes, part);
    item->bytes += part;
    item->left -= part;
}

static void check(const struct fw_cfg_file *file)
{
    const char *secret = NULL;

    FUZZ_CHECK(strncmp(file->name, LAUNCH_PREFIX, strlen(LAUNCH_PREFIX)) == 0);
    FUZZ_CHECK(memchr(file->name, '\0', sizeof(file->name)) != NULL);
    FUZZ_CHECK(file->item >= FW_CFG_ITEM_FILE_FIRST && file->item <= FW_CFG_ITEM_MASK);
    if (launch_kind(file->name, &secret) == LAUNCH_SECRET) {
        FUZZ_CHECK(secret[0] != '\0' && !strchr(secret, '/'));
        FUZZ_CHECK(strcmp(secret, ".") != 0 && strcmp(secret, "..") != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fw_cfg_file found[FOUND_MAX];
    u8 *copy = fuzz_copy(bytes, size);
    struct item item = { copy, size };
    int count = fw_cfg_dir_find(take, &item, LAUNCH_PREFIX, found, FOUND_MAX);

    FUZZ_CHECK(count <= FW_CFG_FILES_MAX);
    for (int i = 0; i < count && i < FOUND_MAX; i++)
        check(&found[i]);
    free(copy);
    return 0;
}

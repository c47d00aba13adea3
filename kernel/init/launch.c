/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes with the launch of the machine and not with its image: files of QEMU's fw_cfg, which
 * no list of processes shows. A file that we do not know, or one too large, ends the machine:
 * someone meant something by it.
 */
#include "abi/linux/errors.h"
#include "abi/linux/open_flags.h"
#include "abi/qemu/fw_cfg.h"
#include "kernel/arch/mmu.h"
#include "kernel/drivers/fw_cfg/fw_cfg.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/init/init.h"
#include "kernel/init/launch_file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/iter.h"
#include "kernel/task/error_text.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/base/types.h"
#include "lib/manifest/manifest.h"

#define SECRETS_PATH "/run/secrets"

enum {
    SECRETS_MAX = 64,
    SECRET_SIZE_MAX = 1 << 20,
    FILES_MAX = SECRETS_MAX + 2,
};

/* The files of the launch. [const] after launch_init(). */
static struct fw_cfg_file files[FILES_MAX];
static u32 launch_count;

static u32 size_max(enum launch_kind kind)
{
    return kind == LAUNCH_SECRET ? SECRET_SIZE_MAX : MANIFEST_SIZE_MAX;
}

static void file_check(const struct fw_cfg_file *file)
{
    const char *secret;
    enum launch_kind kind = launch_kind(file->name, &secret);

    if (kind == LAUNCH_UNKNOWN)
        config_fail_because("launch: unknown file '%s'", file->name);
    if (file->size > size_max(kind)) {
        config_fail_because("launch: '%s': %u bytes are too many, %u is the limit", file->name,
                            file->size, size_max(kind));
    }
}

void launch_init(void)
{
    int found = fw_cfg_find(LAUNCH_PREFIX, files, FILES_MAX);

    if (found < 0)
        config_fail_because("launch: the directory of fw_cfg makes no sense");
    if (found > FILES_MAX)
        config_fail_because("launch: %d files are too many, %d is the limit", found, FILES_MAX);
    launch_count = (u32)found;
    for (u32 i = 0; i < launch_count; i++)
        file_check(&files[i]);
}

static const struct fw_cfg_file *file_find(enum launch_kind kind)
{
    const char *secret;

    for (u32 i = 0; i < launch_count; i++) {
        if (launch_kind(files[i].name, &secret) == kind)
            return &files[i];
    }
    return NULL;
}

static char *text_read(const struct fw_cfg_file *file, size_t *size)
{
    char *text = heap_alloc(file->size + 1);

    if (!text)
        config_fail_because("launch: no memory for '%s'", file->name);
    fw_cfg_open(file);
    fw_cfg_read(text, file->size);
    *size = file->size;
    return text;
}

char *launch_manifest(size_t *size)
{
    const struct fw_cfg_file *file = file_find(LAUNCH_MANIFEST);

    return file ? text_read(file, size) : NULL;
}

char *launch_overlay(size_t *size)
{
    const struct fw_cfg_file *file = file_find(LAUNCH_OVERLAY);

    return file ? text_read(file, size) : NULL;
}

/* ---- Secrets. ---- */

/* By way of `buffer`, a page. 0 or a negative error number. */
static int contents_copy(struct file *to, const struct fw_cfg_file *from, u8 *buffer)
{
    u32 left = from->size;

    fw_cfg_open(from);
    while (left > 0) {
        u32 part = u32_min(left, PAGE_SIZE);
        struct iter iter;
        long done;

        fw_cfg_read(buffer, part);
        iter_init_kernel(&iter, buffer, part);
        done = file_write(to, &iter, NULL);
        if (done < 0)
            return (int)done;
        left -= (u32)done;
    }
    return 0;
}

static int secret_write(const struct fw_cfg_file *from, const char *name, u8 *buffer)
{
    char path[sizeof(SECRETS_PATH) + FW_CFG_NAME_SIZE];
    struct file *file;
    struct text text;
    int err;

    text_init(&text, path, sizeof(path));
    text_format(&text, SECRETS_PATH "/%s", name);
    err = path_open(NULL, path, O_WRONLY | O_CREAT | O_EXCL, 0400, &file);
    if (err < 0)
        return err;
    err = contents_copy(file, from, buffer);
    file_put(file);
    return err;
}

static struct filesystem *secrets_mount(u64 size)
{
    const struct inode_change change = { .set = INODE_SET_MODE, .mode = 0500 };
    struct filesystem *fs = tmpfs_create(size);
    int err = fs ? inode_set(fs->root, &change) : -ENOMEM;

    if (err == 0)
        err = path_mount(SECRETS_PATH, fs, "secrets");
    if (err < 0)
        config_fail_because("cannot mount %s: %s", SECRETS_PATH, error_text(err));
    return fs;
}

/* What they take, in whole pages; 0: there are none. */
static u64 secrets_size(void)
{
    const char *name;
    u64 size = 0;

    for (u32 i = 0; i < launch_count; i++) {
        if (launch_kind(files[i].name, &name) == LAUNCH_SECRET)
            size += u64_max(align_up(files[i].size, PAGE_SIZE), PAGE_SIZE);
    }
    return size;
}

void launch_secrets(void)
{
    u64 size = secrets_size();
    struct filesystem *fs;
    const char *name;
    u8 *buffer;

    if (size == 0)
        return;
    fs = secrets_mount(size);
    buffer = heap_alloc(PAGE_SIZE);
    if (!buffer)
        config_fail_because("no memory for %s", SECRETS_PATH);
    for (u32 i = 0; i < launch_count; i++) {
        int err;

        if (launch_kind(files[i].name, &name) != LAUNCH_SECRET)
            continue;
        err = secret_write(&files[i], name, buffer);
        if (err < 0)
            config_fail_because("cannot write %s/%s: %s", SECRETS_PATH, name, error_text(err));
    }
    mem_zero(buffer, PAGE_SIZE); /* It goes back to the heap. */
    heap_free(buffer);
    fs->read_only = true; /* They are what was given, to the end. */
}

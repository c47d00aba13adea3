/* SPDX-License-Identifier: Apache-2.0 */
/* New volumes: an ext4 filesystem that fills its file. */
#include "host/err.h"
#include "host/new_file.h"
#include "ops/disk/disk.h"
#include "ops/image/ext4.h"
#include "ops/image/tree.h"
#include "ops/output/progress.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    INODE_SPACE = 16 * 1024, /* As mke2fs: a file for so many bytes. */
    INODE_SIZE = 256,
    VOLUME_UNIT = 1 << 20,
};

#define VOLUME_SIZE_MAX ((uint64_t)1 << 50)

static int node_count(struct tree_node *node, void *context, struct err *err)
{
    uint64_t *total = context;

    (void)err;
    *total += node->size;
    return 0;
}

/* A random UUID (version 4), and the seed of directory hashes. */
static int ids_make(struct ext4_spec *spec, struct err *err)
{
    if (getrandom(spec->uuid, EXT4_UUID_SIZE, 0) != EXT4_UUID_SIZE ||
        getrandom(spec->hash_seed, EXT4_UUID_SIZE, 0) != EXT4_UUID_SIZE)
        return err_set_errno(err, "no random numbers");
    spec->uuid[6] = (uint8_t)((spec->uuid[6] & 0x0f) | 0x40);
    spec->uuid[8] = (uint8_t)((spec->uuid[8] & 0x3f) | 0x80);
    return 0;
}

static int filesystem_make(const struct new_file *file, struct tree *tree, struct ext4_spec *spec,
                           struct err *err)
{
    struct progress progress;
    uint64_t total = 0;
    int status;

    if (ftruncate(file->fd, (off_t)spec->size) < 0) {
        return err_set_errno(err, "cannot make a file of %llu bytes",
                             (unsigned long long)spec->size);
    }
    (void)tree_walk(tree, node_count, &total, err);
    progress_start(&progress, "filling volume", total);
    spec->progress = &progress;
    status = ext4_write(file->path, tree, spec, err);
    spec->progress = NULL;
    progress_end(&progress);
    return status;
}

/* What the volume has to have, at least, for its content and files to come. */
static uint64_t size_needed(struct tree *tree, const struct ext4_spec *spec)
{
    return ext4_size(tree, true) + spec->inodes_min * INODE_SIZE;
}

int disk_make_volume(const char *path, const struct disk_volume *volume, struct err *err)
{
    struct ext4_spec spec = {
        .label = volume->label,
        .size = volume->size / VOLUME_UNIT * VOLUME_UNIT,
        .has_journal = true,
        .epoch = (uint64_t)time(NULL),
    };
    struct new_file file;
    struct tree tree;
    int status = ids_make(&spec, err);

    tree_init(&tree);
    if (status == 0 && volume->folder)
        status = tree_add_host_dir(&tree, "/", volume->folder, err);
    if (status == 0)
        status = tree_add_dir(&tree, "/lost+found", err);
    spec.inodes_min = spec.size / INODE_SPACE;
    if (status == 0 && spec.size < size_needed(&tree, &spec)) {
        status = err_set(err, "%llu MiB are too little: it takes at least %llu",
                         (unsigned long long)volume->size >> 20,
                         (unsigned long long)(size_needed(&tree, &spec) >> 20) + 1);
    }
    if (status == 0)
        status = new_file_open(&file, path, 0600, err);
    if (status == 0) {
        status = filesystem_make(&file, &tree, &spec, err);
        if (status == 0)
            status = new_file_keep(&file, true, err);
        new_file_drop(&file);
    }
    tree_fini(&tree);
    return status;
}

uint64_t disk_volume_size(const char *folder, struct err *err)
{
    struct tree tree;
    uint64_t size = 0;

    tree_init(&tree);
    if (!folder || tree_add_host_dir(&tree, "/", folder, err) == 0)
        size = ext4_size(&tree, true);
    tree_fini(&tree);
    if (size > VOLUME_SIZE_MAX) {
        err_set(err, "what is in '%s' is too much for a volume", folder);
        size = 0;
    }
    return size;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/image.h"

#include "host/err.h"
#include "host/file.h"
#include "host/new_file.h"
#include "host/sha256.h"
#include "host/xxh64.h"
#include "ops/image/ext4.h"
#include "ops/image/fat.h"
#include "ops/image/gpt.h"
#include "ops/image/pyc.h"
#include "ops/image/tree.h"
#include "ops/output/progress.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTITION_ESP = 0,
    PARTITION_ROOT = 1,
    PARTITION_COUNT = 2,
    EPOCH_DEFAULT = 315532800, /* 1980-01-01. */
    BOOT_FILES = 2,
    HASH_STEP = 8 << 20,     /* Progress is told after so much. */
    INODE_SPACE = 64 * 1024, /* A file to come for so much of a root that is made larger. */
};

/* The files of the boot partition. */
struct boot {
    struct file_map kernel;
    struct file_map loader;
    struct fat_file files[BOOT_FILES];
    size_t count;
};

uint64_t image_epoch(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end;
    unsigned long long seconds;

    if (!text || *text < '0' || *text > '9')
        return EPOCH_DEFAULT;
    errno = 0;
    seconds = strtoull(text, &end, 10);
    return errno != 0 || *end != '\0' || seconds > UINT32_MAX ? EPOCH_DEFAULT : seconds;
}

static int boot_open(struct boot *boot, const struct image_spec *spec, struct err *err)
{
    *boot = (struct boot){ 0 };
    if (file_map_open(&boot->kernel, spec->kernel, err) < 0)
        return err_prefix(err, "cannot read kernel '%s'", spec->kernel);
    boot->files[boot->count++] =
        (struct fat_file){ "SOLITON.ELF", boot->kernel.bytes, boot->kernel.size };
    if (!spec->loader)
        return 0;
    if (file_map_open(&boot->loader, spec->loader, err) < 0) {
        file_map_close(&boot->kernel);
        return err_prefix(err, "cannot read loader '%s'", spec->loader);
    }
    boot->files[boot->count++] =
        (struct fat_file){ "EFI/BOOT/BOOTX64.EFI", boot->loader.bytes, boot->loader.size };
    return 0;
}

static void boot_close(struct boot *boot)
{
    file_map_close(&boot->kernel);
    file_map_close(&boot->loader);
}

/* What the identifiers are derived from: every path, mode and byte. */
struct content {
    struct sha256 sha;
    uint64_t size;
    struct progress *progress;
};

/* What is in a file, by a fast hash: it names the image, it protects nothing. */
static void map_hash(struct content *content, const struct file_map *map)
{
    uint64_t hash = 0;

    for (size_t off = 0; off < map->size; off += HASH_STEP) {
        size_t part = map->size - off < HASH_STEP ? map->size - off : HASH_STEP;

        hash = xxh64(map->bytes + off, part, hash);
        progress_add(content->progress, part);
    }
    hash = htole64(hash);
    sha256_add(&content->sha, &hash, sizeof(hash));
}

static int node_content(struct tree_node *node, struct content *content, struct err *err)
{
    struct file_map map;

    if (!node->source) {
        if (node->text)
            sha256_add(&content->sha, node->text, node->size);
        return 0;
    }
    if (file_map_open(&map, node->source, err) < 0)
        return err_prefix(err, "cannot read '%s'", node->source);
    node->size = map.size; /* It may have changed since it was found. */
    map_hash(content, &map);
    file_map_close(&map);
    return 0;
}

static int node_hash(struct tree_node *node, void *context, struct err *err)
{
    struct content *content = context;
    char *path = tree_path(node);
    char head[64];
    int status;

    snprintf(head, sizeof(head), "%d %o %llu ", (int)node->type, node->mode,
             (unsigned long long)node->size);
    sha256_add(&content->sha, head, strlen(head) + 1);
    sha256_add(&content->sha, path, strlen(path) + 1);
    free(path);
    status = node_content(node, content, err);
    content->size += node->size;
    return status;
}

static int content_hash(const struct image_spec *spec, const struct boot *boot,
                        struct progress *progress, uint8_t digest[SHA256_SIZE], uint64_t *size,
                        struct err *err)
{
    struct content content = { .progress = progress };
    uint64_t epoch = image_epoch();

    sha256_init(&content.sha);
    sha256_add(&content.sha, &epoch, sizeof(epoch));
    for (size_t i = 0; i < boot->count; i++)
        sha256_add(&content.sha, boot->files[i].bytes, boot->files[i].size);
    if (tree_walk(spec->tree, node_hash, &content, err) < 0)
        return -1;
    sha256_finish(&content.sha, digest);
    *size = content.size;
    return 0;
}

/* An identifier from the content and what it is for, as a version 8 UUID (RFC 9562 5.8). */
static void uuid_derive(uint8_t uuid[16], const uint8_t digest[SHA256_SIZE], const char *purpose)
{
    struct sha256 sha;
    uint8_t derived[SHA256_SIZE];

    sha256_init(&sha);
    sha256_add(&sha, digest, SHA256_SIZE);
    sha256_add(&sha, purpose, strlen(purpose));
    sha256_finish(&sha, derived);
    memcpy(uuid, derived, 16);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

/* The same for a GUID on disk, whose first fields are little endian. */
static void guid_derive(uint8_t guid[16], const uint8_t digest[SHA256_SIZE], const char *purpose)
{
    uint8_t uuid[16];
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

    uuid_derive(uuid, digest, purpose);
    for (int i = 0; i < 16; i++)
        guid[i] = uuid[order[i]];
}

/* The root filesystem, its place and size not yet known. */
static void root_set(struct ext4_spec *root, const struct image_spec *spec,
                     const uint8_t digest[SHA256_SIZE], struct progress *progress)
{
    *root = (struct ext4_spec){
        .label = "soliton-root",
        .size = ext4_size(spec->tree, false),
        .epoch = image_epoch(),
        .progress = progress,
    };
    if (root->size < spec->root_size_min) {
        root->size = spec->root_size_min;
        root->inodes_min = root->size / INODE_SPACE;
    }
    uuid_derive(root->uuid, digest, "root");
    uuid_derive(root->hash_seed, digest, "hash seed");
}

/* Writes all parts into an empty file. */
static int parts_write(const struct new_file *file, const struct image_spec *spec,
                       const struct boot *boot, const uint8_t digest[SHA256_SIZE],
                       struct progress *progress, struct image_size *size, struct err *err)
{
    uint8_t disk_guid[GPT_GUID_SIZE];
    uint32_t serial;
    struct ext4_spec root;
    struct gpt_partition partitions[PARTITION_COUNT] = {
        { .type = gpt_type_esp, .name = "boot", .size = fat_size(boot->files, boot->count) },
        { .type = gpt_type_root_x86_64, .name = "root" },
    };

    root_set(&root, spec, digest, progress);
    partitions[PARTITION_ROOT].size = root.size;
    guid_derive(disk_guid, digest, "disk");
    guid_derive(partitions[PARTITION_ESP].guid, digest, "esp");
    guid_derive(partitions[PARTITION_ROOT].guid, digest, "root partition");
    memcpy(&serial, digest, sizeof(serial));

    size->disk = gpt_layout(partitions, PARTITION_COUNT);
    if (ftruncate(file->fd, (off_t)size->disk) < 0) {
        return err_set_errno(err, "cannot make a file of %llu bytes",
                             (unsigned long long)size->disk);
    }
    root.off = partitions[PARTITION_ROOT].off;
    root.size = partitions[PARTITION_ROOT].size;
    if (gpt_write(file->fd, partitions, PARTITION_COUNT, disk_guid, err) < 0 ||
        fat_write(file->fd, partitions[PARTITION_ESP].off, partitions[PARTITION_ESP].size,
                  boot->files, boot->count, root.epoch, serial, err) < 0)
        return -1;
    return ext4_write(file->path, spec->tree, &root, err);
}

static int node_count(struct tree_node *node, void *context, struct err *err)
{
    uint64_t *total = context;

    (void)err;
    *total += node->source ? 2 * node->size : node->size; /* Hashed, then copied. */
    return 0;
}

static int image_fill(const struct new_file *file, const struct image_spec *spec,
                      struct image_size *size, struct err *err)
{
    struct progress progress;
    struct boot boot;
    uint8_t digest[SHA256_SIZE];
    uint64_t total = 0;
    int status;

    if (boot_open(&boot, spec, err) < 0)
        return -1;
    (void)tree_walk(spec->tree, node_count, &total, err);
    progress_start(&progress, "building image", total);
    status = content_hash(spec, &boot, &progress, digest, &size->content, err);
    if (status == 0)
        status = parts_write(file, spec, &boot, digest, &progress, size, err);
    progress_end(&progress);
    boot_close(&boot);
    return status;
}

int image_write(const char *path, const struct image_spec *spec, struct image_size *size,
                struct err *err)
{
    struct new_file file;

    pyc_times_set(spec->tree);
    if (new_file_open(&file, path, 0644, err) < 0)
        return -1;
    if (image_fill(&file, spec, size, err) == 0)
        return new_file_keep(&file, false, err);
    new_file_drop(&file);
    return -1;
}

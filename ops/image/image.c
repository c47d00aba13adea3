/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/image.h"

#include "host/err.h"
#include "host/file.h"
#include "host/sha256.h"
#include "host/xmem.h"
#include "ops/image/ext4.h"
#include "ops/image/fat.h"
#include "ops/image/gpt.h"
#include "ops/image/tree.h"

#include <errno.h>
#include <fcntl.h>
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
};

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
    sha256_add(&content->sha, map.bytes, map.size);
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

static int content_hash(const struct image_spec *spec, const struct boot *boot, uint64_t epoch,
                        uint8_t digest[SHA256_SIZE], uint64_t *size, struct err *err)
{
    struct content content = { .size = 0 };

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

/* Writes all parts into the empty file `fd`, which is also at `path`. */
static int parts_write(int fd, const char *path, const struct image_spec *spec,
                       const struct boot *boot, struct image_size *size, struct err *err)
{
    uint64_t epoch = image_epoch();
    uint8_t digest[SHA256_SIZE];
    uint8_t disk_guid[GPT_GUID_SIZE];
    uint32_t serial;
    struct ext4_spec root = { .epoch = epoch };
    struct gpt_partition partitions[PARTITION_COUNT] = {
        { .type = gpt_type_esp, .name = "boot", .size = fat_size(boot->files, boot->count) },
        { .type = gpt_type_root_x86_64, .name = "root" },
    };

    if (content_hash(spec, boot, epoch, digest, &size->content, err) < 0)
        return -1;
    partitions[PARTITION_ROOT].size = ext4_size(spec->tree);
    guid_derive(disk_guid, digest, "disk");
    guid_derive(partitions[PARTITION_ESP].guid, digest, "esp");
    guid_derive(partitions[PARTITION_ROOT].guid, digest, "root partition");
    uuid_derive(root.uuid, digest, "root");
    uuid_derive(root.hash_seed, digest, "hash seed");
    memcpy(&serial, digest, sizeof(serial));

    size->disk = gpt_layout(partitions, PARTITION_COUNT);
    if (ftruncate(fd, (off_t)size->disk) < 0) {
        return err_set_errno(err, "cannot make a file of %llu bytes",
                             (unsigned long long)size->disk);
    }
    root.off = partitions[PARTITION_ROOT].off;
    root.size = partitions[PARTITION_ROOT].size;
    if (gpt_write(fd, partitions, PARTITION_COUNT, disk_guid, err) < 0 ||
        fat_write(fd, partitions[PARTITION_ESP].off, partitions[PARTITION_ESP].size, boot->files,
                  boot->count, epoch, serial, err) < 0)
        return -1;
    return ext4_write(path, spec->tree, &root, err);
}

static int temporary_write(const char *temporary, const char *path, const struct image_spec *spec,
                           struct image_size *size, struct err *err)
{
    struct boot boot;
    int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int status;

    if (fd < 0)
        return err_set_errno(err, "cannot make '%s'", temporary);
    status = boot_open(&boot, spec, err);
    if (status == 0) {
        status = parts_write(fd, temporary, spec, &boot, size, err);
        boot_close(&boot);
    }
    if (close(fd) < 0 && status == 0)
        status = err_set_errno(err, "cannot write '%s'", temporary);
    if (status == 0 && rename(temporary, path) < 0)
        status = err_set_errno(err, "cannot rename '%s' to '%s'", temporary, path);
    if (status < 0)
        (void)unlink(temporary);
    return status;
}

int image_write(const char *path, const struct image_spec *spec, struct image_size *size,
                struct err *err)
{
    char *temporary = xasprintf("%s.%ld.tmp", path, (long)getpid());
    int status = temporary_write(temporary, path, spec, size, err);

    free(temporary);
    return status;
}

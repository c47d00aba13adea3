/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Larger and smaller disks. libext2fs cannot resize a filesystem, resize2fs(8) beside it can, but
 * only one that is alone in its file: it gets a copy, from which the new disk is made.
 */
#include "host/child.h"
#include "host/err.h"
#include "host/new_file.h"
#include "host/xmem.h"
#include "ops/disk/disk.h"
#include "ops/disk/inner.h"
#include "ops/disk/sparse.h"
#include "ops/image/gpt.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OUTPUT_SIZE_MAX = 4096,
    FS_UNIT = 4096, /* The largest block there is: a filesystem's size is a multiple. */
    BOTTOM_SIZE = 64 * 1024,
};

struct resize {
    struct disk *disk;
    uint64_t old_size; /* Of the file. */
    uint64_t new_size;
    bool has_table;
    struct gpt_place place;
    struct new_file fs;   /* The filesystem alone. */
    struct new_file made; /* The new disk. */
};

static const char *resize2fs_find(void)
{
    static const char *const places[] = { "/usr/sbin/resize2fs", "/sbin/resize2fs",
                                          "/usr/local/sbin/resize2fs" };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], X_OK) == 0)
            return places[i];
    }
    return NULL;
}

/* From what resize2fs said to one line of ours. */
static int complaint(const char *output, struct err *err)
{
    const char *line = output;

    if (strstr(output, "smaller than minimum"))
        return err_set(err, "what is in it needs more room than that");
    if (strncmp(line, "resize2fs ", 10) == 0) /* Its version. */
        line += strcspn(line, "\n") + (strchr(line, '\n') != NULL);
    return err_set(err, "resize2fs: %.*s", (int)strcspn(line, "\n"), line);
}

/* Resizes the filesystem that is alone in `file` to `size` bytes. */
static int fs_resize(const struct new_file *file, uint64_t size, struct err *err)
{
    const char *tool = resize2fs_find();
    char *output = NULL;
    char *path = xasprintf("/proc/%ld/fd/%d", (long)getpid(), file->fd);
    char *kib = xasprintf("%lluK", (unsigned long long)size / 1024);
    char *program = xstrdup(tool ? tool : "");
    char force[] = "-f";
    char *argv[] = { program, force, path, kib, NULL };
    struct child_spec spec = { .argv = argv, .output_max = OUTPUT_SIZE_MAX };
    int status = tool ? child_run(&spec, &output) : -1;

    if (!tool) {
        status = err_set(
            err, "resize2fs is not installed\nhint: on Debian, `apt-get install e2fsprogs` as "
                 "root brings it");
    } else if (status < 0 || status == CHILD_NOT_THERE) {
        status = err_set(err, "resize2fs cannot be run");
    } else if (status > CHILD_KILLED) {
        status = err_set(err, "resize2fs was killed by signal %d", status - CHILD_KILLED);
    } else if (status > 0) {
        status = complaint(output, err);
    }
    free(program);
    free(path);
    free(kib);
    free(output);
    return status;
}

/* What the filesystem may have on a disk of the new size. */
static uint64_t fs_room(const struct resize *resize)
{
    uint64_t fixed = resize->has_table ? resize->place.off + GPT_ALIGN : 0;

    return resize->new_size > fixed ? (resize->new_size - fixed) / FS_UNIT * FS_UNIT : 0;
}

/* The new disk: what is in front of the filesystem, the filesystem, the tables. */
static int disk_make(struct resize *resize, uint64_t fs_size, struct err *err)
{
    int to = resize->made.fd;
    struct stat st;

    if (sparse_copy(to, 0, resize->disk->fd, 0, resize->disk->off, err) < 0)
        return -1;
    if (fstat(resize->fs.fd, &st) < 0)
        return err_set_errno(err, "cannot look at it");
    if ((uint64_t)st.st_size > fs_size)
        st.st_size = (off_t)fs_size;
    if (sparse_copy(to, resize->disk->off, resize->fs.fd, 0, (uint64_t)st.st_size, err) < 0)
        return -1;
    if (ftruncate(to, (off_t)resize->new_size) < 0) {
        return err_set_errno(err, "cannot make a file of %llu bytes",
                             (unsigned long long)resize->new_size);
    }
    if (!resize->has_table)
        return 0;
    resize->place.size = fs_size;
    return gpt_resize(to, resize->new_size, &resize->place, err);
}

static int resize_run(struct resize *resize, struct err *err)
{
    struct disk *disk = resize->disk;
    uint64_t fs_size = fs_room(resize);

    if (resize->has_table && !resize->place.is_last)
        return err_set(err, "another partition lies behind the root partition");
    if (fs_size < BOTTOM_SIZE)
        return err_set(err, "what is in it needs more room than that");
    if (sparse_copy(resize->fs.fd, 0, disk->fd, disk->off, disk->size, err) < 0 ||
        fs_resize(&resize->fs, fs_size, err) < 0 || disk_make(resize, fs_size, err) < 0)
        return -1;
    return new_file_keep(&resize->made, true, err);
}

static int resize_prepare(struct resize *resize, struct err *err)
{
    struct disk *disk = resize->disk;
    struct stat st;
    int found;

    if (fstat(disk->fd, &st) < 0)
        return err_set_errno(err, "cannot look at it");
    resize->old_size = (uint64_t)st.st_size;
    found = gpt_find(disk->fd, resize->old_size, gpt_type_root_x86_64, &resize->place, err);
    if (found < 0)
        return -1;
    resize->has_table = found;
    if (resize->has_table)
        resize->new_size = resize->new_size / GPT_ALIGN * GPT_ALIGN;
    if (new_file_open(&resize->fs, disk->path, 0600, err) < 0 ||
        new_file_open(&resize->made, disk->path, st.st_mode & 0777, err) < 0)
        return -1;
    return 0;
}

int disk_resize(const char *path, uint64_t size, struct err *err)
{
    struct resize resize = { .new_size = size, .fs = { .fd = -1 }, .made = { .fd = -1 } };
    int status;

    /* As a writer: it waits for others, and refuses what is not clean. */
    resize.disk = disk_open(path, true, err);
    if (!resize.disk)
        return -1;
    status = resize_prepare(&resize, err);
    if (status == 0)
        status = resize_run(&resize, err);
    new_file_drop(&resize.fs);
    new_file_drop(&resize.made);
    disk_discard(resize.disk);
    return status < 0 ? err_prefix(err, "cannot resize '%s'", path) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies from a filesystem to this machine. Everything is made in a directory nobody else knows,
 * by name and never through a link, and renamed when it is whole: whatever the filesystem says,
 * nothing outside of the target is touched.
 */
#include "host/err.h"
#include "host/file.h"
#include "host/new_file.h"
#include "host/xmem.h"
#include "ops/disk/disk.h"
#include "ops/disk/inner.h"
#include "ops/disk/libext2fs.h"
#include "ops/state/state.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
    struct disk *disk;
    bool deep;
    bool follows;
    bool has_made; /* Something: before that, what is in the way is somebody else's. */
    uint64_t count;
};

/* The directories a copy is in, innermost first. */
struct chain {
    ext2_ino_t ino;
    unsigned depth;
    const struct chain *outer;
};

static int piece_write(void *context, uint64_t off, const void *bytes, size_t size, struct err *err)
{
    const int *fd = context;

    return file_write_at(*fd, bytes, size, off) < 0 ? err_set_errno(err, "cannot write") : 0;
}

/* Fills an empty file; zeros become holes. */
static int file_fill(struct copy *copy, int fd, ext2_ino_t ino, struct ext2_inode *inode,
                     struct err *err)
{
    if (disk_content(copy->disk, ino, inode, piece_write, &fd, err) < 0)
        return -1;
    if (ftruncate(fd, (off_t)EXT2_I_SIZE(inode)) < 0 || fchmod(fd, inode->i_mode & 0777) < 0)
        return err_set_errno(err, "cannot write");
    return 0;
}

static int file_out(struct copy *copy, int dir, const char *name, ext2_ino_t ino,
                    struct ext2_inode *inode, struct err *err)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int status;

    if (fd < 0)
        return err_set_errno(err, "cannot make '%s'", name);
    status = file_fill(copy, fd, ino, inode, err);
    if (close(fd) < 0 && status == 0)
        status = err_set_errno(err, "cannot write '%s'", name);
    return status;
}

static int link_out(struct copy *copy, int dir, const char *name, ext2_ino_t ino,
                    struct ext2_inode *inode, struct err *err)
{
    char *target = disk_link_read(copy->disk, ino, inode, err);
    int status;

    if (!target)
        return -1;
    status = symlinkat(target, dir, name);
    if (status < 0)
        err_set_errno(err, "cannot make link '%s'", name);
    copy->has_made |= status == 0;
    free(target);
    return status;
}

static int entry_out(struct copy *copy, int dir, const char *name, const char *path, ext2_ino_t ino,
                     const struct chain *outer, struct err *err);

/* What is in a directory, to the directory `to`. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int list_out(struct copy *copy, int to, const char *path, const struct chain *chain,
                    struct err *err)
{
    struct disk_list list;
    int status = 0;

    if (disk_list_read(&list, copy->disk, chain->ino, err) < 0)
        return -1;
    for (size_t i = 0; i < list.count && status == 0; i++) {
        char *inner = xasprintf("%s/%s", path, list.items[i].name);

        status = entry_out(copy, to, list.items[i].name, inner, list.items[i].ino, chain, err);
        free(inner);
    }
    disk_list_fini(&list);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int dir_out(struct copy *copy, int dir, const char *name, const char *path, ext2_ino_t ino,
                   uint32_t mode, const struct chain *outer, struct err *err)
{
    struct chain chain = { ino, outer ? outer->depth + 1 : 0, outer };
    int to;
    int status;

    for (const struct chain *at = outer; at; at = at->outer) {
        if (at->ino == ino)
            return err_set(err, "'%s' holds itself", path);
    }
    if (chain.depth > DISK_DEPTH_MAX)
        return err_set(err, "'%.100s...' lies too deep", path);
    if (mkdirat(dir, name, 0700) < 0)
        return err_set_errno(err, "cannot make directory '%s'", name);
    copy->has_made = true;
    to = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0)
        return err_set_errno(err, "cannot open directory '%s'", name);
    status = list_out(copy, to, path, &chain, err);
    if (status == 0 && fchmod(to, mode & 0777) < 0)
        status = err_set_errno(err, "cannot write '%s'", name);
    close(to);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int entry_out(struct copy *copy, int dir, const char *name, const char *path, ext2_ino_t ino,
                     const struct chain *outer, struct err *err)
{
    struct ext2_inode inode;

    if (++copy->count > DISK_ENTRIES_MAX)
        return err_set(err, "there are too many files in it");
    if (disk_inode_read(copy->disk, ino, &inode, err) < 0)
        return -1;
    if (S_ISLNK(inode.i_mode) && copy->follows) {
        if (disk_find(copy->disk, path, true, &ino, err) < 0)
            return err_prefix(err, "'%s'", path);
        if (disk_inode_read(copy->disk, ino, &inode, err) < 0)
            return -1;
    }
    if (S_ISDIR(inode.i_mode))
        return dir_out(copy, dir, name, path, ino, inode.i_mode, outer, err);
    if (S_ISREG(inode.i_mode))
        return file_out(copy, dir, name, ino, &inode, err);
    if (S_ISLNK(inode.i_mode))
        return link_out(copy, dir, name, ino, &inode, err);
    return 0; /* Devices, pipes and sockets are passed over. */
}

/* One file, in place of what is there. */
static int file_copy(struct copy *copy, const char *target, ext2_ino_t ino,
                     struct ext2_inode *inode, struct err *err)
{
    struct new_file file;

    if (new_file_open(&file, target, 0600, err) < 0)
        return -1;
    if (file_fill(copy, file.fd, ino, inode, err) == 0)
        return new_file_keep(&file, false, err);
    new_file_drop(&file);
    return -1;
}

/* A directory or link, by a name of its own first. */
static int tree_copy(struct copy *copy, const char *path, const char *target, ext2_ino_t ino,
                     struct err *err)
{
    char *temporary = xasprintf("%s.%ld.tmp", target, (long)getpid());
    struct err ignored = { 0 };
    struct stat st;
    int status;

    if (lstat(target, &st) == 0) {
        status = err_set(err, "'%s' is there already", target);
    } else {
        status = entry_out(copy, AT_FDCWD, temporary, path, ino, NULL, err);
        if (status == 0 && rename(temporary, target) < 0)
            status = err_set_errno(err, "cannot make '%s'", target);
        if (status < 0 && copy->has_made)
            (void)state_remove(temporary, &ignored);
    }
    free(temporary);
    return status;
}

/* Where the copy goes: into `target` if that is a directory. To be freed. */
static char *place_of(const char *target, const char *path)
{
    char *normal = path_normalize("/", path);
    const char *name = path_base(normal);
    struct stat st;
    char *place;

    if (stat(target, &st) == 0 && S_ISDIR(st.st_mode) && *name != '\0') {
        place = xasprintf("%s/%s", target, name);
    } else {
        place = xstrdup(target);
    }
    free(normal);
    return place;
}

static int copy_run(struct copy *copy, const char *path, const char *target, struct err *err)
{
    struct ext2_inode inode;
    ext2_ino_t ino;
    char *place;
    int status;

    if (disk_find(copy->disk, path, copy->follows || !copy->deep, &ino, err) < 0 ||
        disk_inode_read(copy->disk, ino, &inode, err) < 0)
        return -1;
    if (S_ISDIR(inode.i_mode) && !copy->deep)
        return err_set(err, "it is a directory\nhint: -r copies directories");
    place = place_of(target, path);
    if (S_ISREG(inode.i_mode)) {
        status = file_copy(copy, place, ino, &inode, err);
    } else if (S_ISDIR(inode.i_mode) || S_ISLNK(inode.i_mode)) {
        status = tree_copy(copy, path, place, ino, err);
    } else {
        status = err_set(err, "it is neither a file nor a directory");
    }
    free(place);
    return status;
}

int disk_copy_out(struct disk *disk, const char *path, const char *target, bool deep, bool follows,
                  struct err *err)
{
    struct copy copy = { .disk = disk, .deep = deep, .follows = follows };

    return copy_run(&copy, path, target, err) < 0 ? err_prefix(err, "cannot copy '%s'", path) : 0;
}

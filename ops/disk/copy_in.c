/* SPDX-License-Identifier: Apache-2.0 */
/* Copies from this machine into a filesystem. */
#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/disk/disk.h"
#include "ops/disk/inner.h"
#include "ops/disk/libext2fs.h"
#include "ops/disk/sparse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct copy {
    struct disk *disk;
    bool deep;
    bool follows;
    uint32_t now_s;
    uint8_t *buffer; /* DISK_COPY_SIZE bytes. */
};

/* A failure while writing, told with what helps. */
static int write_fail(struct err *err, errcode_t code)
{
    if (code == EXT2_ET_BLOCK_ALLOC_FAIL || code == EXT2_ET_INODE_ALLOC_FAIL || code == ENOSPC) {
        return err_set(err,
                       "there is no room left in it for %s\nhint: `ops image resize` or "
                       "`ops volume resize` makes it larger",
                       code == EXT2_ET_INODE_ALLOC_FAIL ? "another file" : "that much");
    }
    return disk_fail(err, code, "cannot write");
}

static void inode_set(const struct copy *copy, struct ext2_inode_large *inode, uint32_t mode)
{
    *inode = (struct ext2_inode_large){
        .i_mode = (uint16_t)mode,
        .i_links_count = 1,
        .i_atime = copy->now_s,
        .i_ctime = copy->now_s,
        .i_mtime = copy->now_s,
        .i_crtime = copy->now_s,
        .i_extra_isize = sizeof(*inode) - EXT2_GOOD_OLD_INODE_SIZE,
    };
}

/* Puts a name into a directory, which may have to grow. */
static errcode_t name_add(ext2_filsys fs, ext2_ino_t dir, const char *name, ext2_ino_t ino,
                          int type)
{
    errcode_t code = ext2fs_link(fs, dir, name, ino, type);

    if (code == EXT2_ET_DIR_NO_SPACE) {
        code = ext2fs_expand_dir(fs, dir);
        if (!code)
            code = ext2fs_link(fs, dir, name, ino, type);
    }
    return code;
}

/* A new empty file. */
static errcode_t file_make(struct copy *copy, ext2_ino_t dir, const char *name, uint32_t mode,
                           ext2_ino_t *ino)
{
    ext2_filsys fs = copy->disk->fs;
    struct ext2_inode_large large;
    struct ext2_inode *inode = (struct ext2_inode *)&large;
    ext2_extent_handle_t handle;
    errcode_t code = ext2fs_new_inode(fs, dir, LINUX_S_IFREG, NULL, ino);

    if (!code)
        code = name_add(fs, dir, name, *ino, EXT2_FT_REG_FILE);
    if (code)
        return code;
    ext2fs_inode_alloc_stats2(fs, *ino, +1, 0);
    inode_set(copy, &large, LINUX_S_IFREG | (mode & 0777));
    code = ext2fs_write_inode_full(fs, *ino, inode, sizeof(large));
    if (code || !ext2fs_has_feature_extents(fs->super))
        return code;
    inode->i_flags = EXT4_EXTENTS_FL;
    code = ext2fs_extent_open2(fs, *ino, inode, &handle);
    if (code)
        return code;
    ext2fs_extent_free(handle);
    return ext2fs_write_inode(fs, *ino, inode);
}

static errcode_t run_write(ext2_file_t file, const uint8_t *bytes, size_t size, uint64_t off)
{
    errcode_t code = ext2fs_file_llseek(file, off, EXT2_SEEK_SET, NULL);

    while (!code && size > 0) {
        unsigned done = 0;

        code = ext2fs_file_write(file, bytes, (unsigned)size, &done);
        bytes += done;
        size -= done;
    }
    return code;
}

/* Writes what is not zeros, and leaves holes for the rest. */
static errcode_t piece_write(struct copy *copy, ext2_file_t file, size_t size, uint64_t off)
{
    const uint8_t *bytes = copy->buffer;
    errcode_t code = 0;

    while (size > 0 && !code) {
        bool zero = false;
        size_t run = sparse_run(bytes, size, copy->disk->fs->blocksize, &zero);

        if (!zero)
            code = run_write(file, bytes, run, off);
        bytes += run;
        off += run;
        size -= run;
    }
    return code;
}

static int content_write(struct copy *copy, ext2_file_t file, int fd, struct err *err)
{
    uint64_t off = 0;
    errcode_t code;

    for (;;) {
        ssize_t got = pread(fd, copy->buffer, DISK_COPY_SIZE, (off_t)off);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, "cannot read");
        if (got == 0)
            break;
        code = piece_write(copy, file, (size_t)got, off);
        if (code)
            return write_fail(err, code);
        off += (uint64_t)got;
    }
    code = ext2fs_file_set_size2(file, (ext2_off64_t)off);
    return code ? write_fail(err, code) : 0;
}

/* Fills `ino`, a file, with what can be read from `fd`. What was in it goes. */
static int file_fill(struct copy *copy, ext2_ino_t ino, int fd, struct err *err)
{
    ext2_file_t file;
    errcode_t code = ext2fs_file_open(copy->disk->fs, ino, EXT2_FILE_WRITE, &file);
    int status;

    if (!code)
        code = ext2fs_file_set_size2(file, 0);
    if (code)
        return write_fail(err, code);
    status = content_write(copy, file, fd, err);
    code = ext2fs_file_close(file);
    return status == 0 && code ? write_fail(err, code) : status;
}

/* Sets mode and time of a file that was there. */
static errcode_t file_touch(struct copy *copy, ext2_ino_t ino, uint32_t mode)
{
    struct ext2_inode inode;
    errcode_t code = ext2fs_read_inode(copy->disk->fs, ino, &inode);

    if (code)
        return code;
    inode.i_mode = (uint16_t)(LINUX_S_IFREG | (mode & 0777));
    inode.i_mtime = copy->now_s;
    inode.i_ctime = copy->now_s;
    return ext2fs_write_inode(copy->disk->fs, ino, &inode);
}

/* What is called `name` in a directory. Sets `*ino` to 0 when there is nothing. */
static int child_find(struct copy *copy, ext2_ino_t dir, const char *name, ext2_ino_t *ino,
                      struct ext2_inode *inode, struct err *err)
{
    errcode_t code = ext2fs_lookup(copy->disk->fs, dir, name, (int)strlen(name), NULL, ino);

    if (code == EXT2_ET_FILE_NOT_FOUND) {
        *ino = 0;
        return 0;
    }
    if (code)
        return disk_fail(err, code, "its filesystem is damaged");
    return disk_inode_read(copy->disk, *ino, inode, err);
}

static int file_in(struct copy *copy, ext2_ino_t dir, const char *name, int fd, uint32_t mode,
                   struct err *err)
{
    struct ext2_inode inode;
    ext2_ino_t ino;
    errcode_t code;

    if (child_find(copy, dir, name, &ino, &inode, err) < 0)
        return -1;
    if (ino != 0 && !LINUX_S_ISREG(inode.i_mode))
        return err_set(err, "'%s' is there and is no file", name);
    code = ino == 0 ? file_make(copy, dir, name, mode, &ino) : file_touch(copy, ino, mode);
    return code ? write_fail(err, code) : file_fill(copy, ino, fd, err);
}

static int link_in(struct copy *copy, ext2_ino_t dir, const char *name, const char *source,
                   struct err *err)
{
    char target[PATH_MAX];
    ssize_t len = readlink(source, target, sizeof(target) - 1);
    struct ext2_inode inode;
    ext2_ino_t ino;
    errcode_t code;

    if (len <= 0)
        return err_set_errno(err, "cannot read link '%s'", source);
    target[len] = '\0';
    if (child_find(copy, dir, name, &ino, &inode, err) < 0)
        return -1;
    if (ino != 0)
        return err_set(err, "'%s' is there already", name);
    code = ext2fs_symlink(copy->disk->fs, dir, 0, name, target);
    if (code == EXT2_ET_DIR_NO_SPACE) {
        code = ext2fs_expand_dir(copy->disk->fs, dir);
        if (!code)
            code = ext2fs_symlink(copy->disk->fs, dir, 0, name, target);
    }
    return code ? write_fail(err, code) : 0;
}

/* Finds or makes the directory `name`. */
static int dir_make(struct copy *copy, ext2_ino_t dir, const char *name, uint32_t mode,
                    ext2_ino_t *ino, struct err *err)
{
    ext2_filsys fs = copy->disk->fs;
    struct ext2_inode inode;
    errcode_t code;

    if (child_find(copy, dir, name, ino, &inode, err) < 0)
        return -1;
    if (*ino != 0 && !LINUX_S_ISDIR(inode.i_mode))
        return err_set(err, "'%s' is there and is no directory", name);
    if (*ino != 0)
        return 0;
    code = ext2fs_mkdir(fs, dir, 0, name);
    if (code == EXT2_ET_DIR_NO_SPACE) {
        code = ext2fs_expand_dir(fs, dir);
        if (!code)
            code = ext2fs_mkdir(fs, dir, 0, name);
    }
    if (code)
        return write_fail(err, code);
    if (child_find(copy, dir, name, ino, &inode, err) < 0)
        return -1;
    inode.i_mode = (uint16_t)(LINUX_S_IFDIR | (mode & 0777));
    code = ext2fs_write_inode(fs, *ino, &inode);
    return code ? write_fail(err, code) : 0;
}

static int entry_in(struct copy *copy, ext2_ino_t dir, const char *name, const char *source,
                    unsigned depth, struct err *err);

/* NOLINTNEXTLINE(misc-no-recursion) */
static int list_in(struct copy *copy, ext2_ino_t dir, const char *source, unsigned depth,
                   struct err *err)
{
    struct dirent **entries;
    int count = scandir(source, &entries, NULL, alphasort);
    int status = 0;

    if (count < 0)
        return err_set_errno(err, "cannot read directory '%s'", source);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;

        if (status == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            char *inner = xasprintf("%s/%s", source, name);

            status = entry_in(copy, dir, name, inner, depth + 1, err);
            free(inner);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int dir_in(struct copy *copy, ext2_ino_t dir, const char *name, const char *source,
                  uint32_t mode, unsigned depth, struct err *err)
{
    ext2_ino_t ino;

    if (depth > DISK_DEPTH_MAX)
        return err_set(err, "'%.100s...' lies too deep", source);
    if (dir_make(copy, dir, name, mode, &ino, err) < 0)
        return -1;
    return list_in(copy, ino, source, depth, err);
}

static int regular_in(struct copy *copy, ext2_ino_t dir, const char *name, const char *source,
                      struct err *err)
{
    int fd = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    int status;

    if (fd < 0)
        return err_set_errno(err, "cannot read '%s'", source);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        status = err_set(err, "'%s' is no file", source);
    } else {
        status = file_in(copy, dir, name, fd, st.st_mode, err);
    }
    close(fd);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int entry_in(struct copy *copy, ext2_ino_t dir, const char *name, const char *source,
                    unsigned depth, struct err *err)
{
    struct stat st;

    if ((copy->follows ? stat(source, &st) : lstat(source, &st)) < 0)
        return err_set_errno(err, "cannot read '%s'", source);
    if (S_ISDIR(st.st_mode) && !copy->deep)
        return err_set(err, "it is a directory\nhint: -r copies directories");
    if (S_ISDIR(st.st_mode))
        return dir_in(copy, dir, name, source, st.st_mode, depth, err);
    if (S_ISREG(st.st_mode))
        return regular_in(copy, dir, name, source, err);
    if (S_ISLNK(st.st_mode))
        return link_in(copy, dir, name, source, err);
    if (depth == 0)
        return err_set(err, "it is neither a file nor a directory");
    return 0; /* Devices, pipes and sockets are passed over. */
}

/* The directory a copy goes to, and its name there, to be freed: into `path` if that is one. */
static int place_find(struct copy *copy, const char *source, const char *path, ext2_ino_t *dir,
                      char **name, struct err *err)
{
    struct ext2_inode inode;
    struct err ignored = { 0 };
    char *absolute = realpath(source, NULL);
    char *normal = path_normalize("/", path);
    char *outer = path_dir(normal);
    bool is_there = disk_find(copy->disk, normal, true, dir, &ignored) == 0;
    int status = 0;

    if (is_there && disk_inode_read(copy->disk, *dir, &inode, err) == 0 &&
        LINUX_S_ISDIR(inode.i_mode)) {
        /* A source of "." has no name of its own. */
        *name = xstrdup(path_base(
            absolute && (*path_base(source) == '\0' || *path_base(source) == '.') ? absolute
                                                                                  : source));
    } else {
        *name = xstrdup(path_base(normal));
        status = disk_find(copy->disk, outer, true, dir, err);
        if (status < 0)
            err_prefix(err, "'%s'", outer);
    }
    free(absolute);
    free(normal);
    free(outer);
    return status;
}

static int copy_run(struct copy *copy, const char *source, const char *path, struct err *err)
{
    char *name = NULL;
    ext2_ino_t dir;
    struct ext2_inode inode;
    int status = place_find(copy, source, path, &dir, &name, err);

    if (status == 0)
        status = disk_inode_read(copy->disk, dir, &inode, err);
    if (status == 0 &&
        (!LINUX_S_ISDIR(inode.i_mode) || *name == '\0' || strlen(name) > DISK_NAME_MAX)) {
        status = err_set(err, "nothing can be at '%s'", path);
    } else if (status == 0) {
        status = entry_in(copy, dir, name, source, 0, err);
    }
    free(name);
    return status;
}

/* The time that goes into inodes: SOURCE_DATE_EPOCH, or now. */
static uint32_t now_s(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    unsigned long long seconds = text ? strtoull(text, NULL, 10) : 0;

    return seconds > 0 && seconds <= UINT32_MAX ? (uint32_t)seconds : (uint32_t)time(NULL);
}

int disk_copy_in(struct disk *disk, const char *source, const char *path, bool deep, bool follows,
                 struct err *err)
{
    struct copy copy = { .disk = disk, .deep = deep, .follows = follows, .now_s = now_s() };
    int status;

    copy.buffer = xcalloc(1, DISK_COPY_SIZE);
    status = copy_run(&copy, source, path, err);
    free(copy.buffer);
    return status < 0 ? err_prefix(err, "cannot copy '%s'", source) : 0;
}

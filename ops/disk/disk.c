/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/disk/disk.h"

#include "host/err.h"
#include "host/new_file.h"
#include "host/xmem.h"
#include "ops/disk/inner.h"
#include "ops/disk/libext2fs.h"
#include "ops/disk/sparse.h"
#include "ops/image/gpt.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SUPER_OFF = 1024,
    SUPER_BLOCK_LOG_MAX = 6, /* 64 KiB: what libext2fs takes. */
    /* The byte that QEMU holds a lock on while it may write (block/file-posix.c). */
    QEMU_WRITE_BYTE = 101,
};

int disk_fail(struct err *err, errcode_t code, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    err_set(err, "%s: %s", text, error_message(code));
    free(text);
    return -1;
}

/* The superblock says no more than there is. libext2fs takes memory for what it says. */
static int super_check(int fd, uint64_t off, uint64_t size, struct err *err)
{
    struct ext2_super_block super;
    uint64_t blocks;

    if (size < SUPER_OFF + sizeof(super) ||
        pread(fd, &super, sizeof(super), (off_t)(off + SUPER_OFF)) != (ssize_t)sizeof(super) ||
        le16toh(super.s_magic) != EXT2_SUPER_MAGIC)
        return err_set(err, "there is no ext4 filesystem in it");
    if (le32toh(super.s_log_block_size) > SUPER_BLOCK_LOG_MAX)
        return err_set(err, "its filesystem is damaged: the size of a block");
    blocks = le32toh(super.s_blocks_count);
    if (le32toh(super.s_feature_incompat) & EXT4_FEATURE_INCOMPAT_64BIT)
        blocks |= (uint64_t)le32toh(super.s_blocks_count_hi) << 32;
    if (blocks > size >> (10 + le32toh(super.s_log_block_size)))
        return err_set(err, "its filesystem is larger than the disk, which may be cut off");
    return 0;
}

int disk_locate(int fd, uint64_t size, uint64_t *off, uint64_t *fs_size, struct err *err)
{
    struct gpt_place place;
    int found = gpt_find(fd, size, gpt_type_root_x86_64, &place, err);

    if (found < 0)
        return -1;
    *off = found ? place.off : 0;
    *fs_size = found ? place.size : size;
    return super_check(fd, *off, *fs_size, err);
}

/* Refuses a file that a machine writes. */
static int machine_check(int fd, struct err *err)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = QEMU_WRITE_BYTE, .l_len = 1
    };

    if (fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        return 0;
    return err_set(
        err,
        "a machine is running that writes to it\nhint: `ops instance list` shows those that run");
}

/* Opens the file and waits until nobody else edits it. Returns its descriptor, or -1. */
static int locked_open(const char *path, struct err *err)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        struct stat held;
        struct stat named;

        if (fd < 0)
            return err_set(err, "%s", strerror(errno));
        while (flock(fd, LOCK_EX) < 0 && errno == EINTR) {
        }
        if (fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
            held.st_dev == named.st_dev)
            return fd;
        close(fd); /* Another one replaced it while we waited. */
    }
}

static int file_open(struct disk *disk, uint64_t *size, struct err *err)
{
    struct stat st;

    if (disk->writes) {
        disk->fd = locked_open(disk->path, err);
    } else {
        disk->fd = open(disk->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (disk->fd < 0)
            err_set(err, "%s", strerror(errno));
    }
    if (disk->fd < 0)
        return -1;
    if (fstat(disk->fd, &st) < 0)
        return err_set_errno(err, "cannot look at it");
    if (!S_ISREG(st.st_mode))
        return err_set(err, S_ISDIR(st.st_mode) ? "it is a directory" : "it is not a regular file");
    *size = (uint64_t)st.st_size;
    return disk->writes ? machine_check(disk->fd, err) : 0;
}

static int copy_open(struct disk *disk, uint64_t size, struct err *err)
{
    struct stat st;

    if (fstat(disk->fd, &st) < 0)
        return err_set_errno(err, "cannot look at it");
    if (new_file_open(&disk->copy, disk->path, st.st_mode & 0777, err) < 0)
        return -1;
    return sparse_copy(disk->copy.fd, 0, disk->fd, 0, size, err);
}

/* Opens the filesystem in the file that is open. */
static int fs_open(struct disk *disk, struct err *err)
{
    char *file = xasprintf("/proc/self/fd/%d", disk->writes ? disk->copy.fd : disk->fd);
    char *options = xasprintf("offset=%llu", (unsigned long long)disk->off);
    int flags = EXT2_FLAG_64BITS | (disk->writes ? EXT2_FLAG_RW : 0);
    errcode_t code = ext2fs_open2(file, options, flags, 0, 0, unix_io_manager, &disk->fs);

    free(file);
    free(options);
    if (code)
        return disk_fail(err, code, "its filesystem cannot be read");
    disk->fs->default_bitmap_type = EXT2FS_BMAP64_RBTREE;
    return 0;
}

static int writable_check(struct disk *disk, struct err *err)
{
    errcode_t code;

    if (ext2fs_has_feature_journal_needs_recovery(disk->fs->super) ||
        !(disk->fs->super->s_state & EXT2_VALID_FS) || (disk->fs->super->s_state & EXT2_ERROR_FS)) {
        return err_set(err, "its filesystem was not closed cleanly\nhint: a run of the machine "
                            "that uses it, or e2fsck(8), mends that");
    }
    code = ext2fs_read_bitmaps(disk->fs);
    return code ? disk_fail(err, code, "its filesystem cannot be read") : 0;
}

static int disk_start(struct disk *disk, struct err *err)
{
    uint64_t size = 0;

    if (file_open(disk, &size, err) < 0 ||
        disk_locate(disk->fd, size, &disk->off, &disk->size, err) < 0)
        return -1;
    if (disk->writes && copy_open(disk, size, err) < 0)
        return -1;
    if (fs_open(disk, err) < 0)
        return -1;
    return disk->writes ? writable_check(disk, err) : 0;
}

struct disk *disk_open(const char *path, bool writes, struct err *err)
{
    struct disk *disk = xcalloc(1, sizeof(*disk));
    char *real = realpath(path, NULL);

    initialize_ext2_error_table();
    disk->path = real ? real : xstrdup(path);
    disk->fd = -1;
    disk->copy.fd = -1;
    disk->writes = writes;
    if (disk_start(disk, err) == 0)
        return disk;
    disk_discard(disk);
    err_prefix(err, "cannot open '%s'", path);
    return NULL;
}

void disk_discard(struct disk *disk)
{
    if (disk->fs)
        ext2fs_free(disk->fs);
    new_file_drop(&disk->copy);
    if (disk->fd >= 0)
        close(disk->fd);
    free(disk->path);
    free(disk);
}

int disk_close(struct disk *disk, struct err *err)
{
    int status = 0;

    if (disk->writes) {
        errcode_t code = ext2fs_close_free(&disk->fs);

        status = code ? disk_fail(err, code, "cannot write '%s'", disk->path)
                      : new_file_keep(&disk->copy, true, err);
    }
    disk_discard(disk);
    return status;
}

void disk_info(struct disk *disk, struct disk_info *info)
{
    struct ext2_super_block *super = disk->fs->super;
    const uint8_t *uuid = super->s_uuid;
    int len = 0;

    *info = (struct disk_info){
        .off = disk->off,
        .size = ext2fs_blocks_count(super) * disk->fs->blocksize,
        .free = ext2fs_free_blocks_count(super) * disk->fs->blocksize,
        .files = super->s_inodes_count - super->s_free_inodes_count,
    };
    for (size_t i = 0; i < sizeof(super->s_volume_name) && super->s_volume_name[i] != '\0'; i++) {
        uint8_t letter = super->s_volume_name[i];

        info->label[i] = (char)(letter < ' ' || letter > '~' ? '?' : letter);
    }
    for (int i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;

        len += snprintf(info->uuid + len, sizeof(info->uuid) - (size_t)len, "%s%02x",
                        dash ? "-" : "", uuid[i]);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From paths to inodes, and what an inode says of itself. */
#include "host/err.h"
#include "host/xmem.h"
#include "ops/disk/disk.h"
#include "ops/disk/inner.h"
#include "ops/disk/libext2fs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int disk_inode_read(struct disk *disk, ext2_ino_t ino, struct ext2_inode *inode, struct err *err)
{
    errcode_t code = ext2fs_read_inode(disk->fs, ino, inode);

    return code ? disk_fail(err, code, "its filesystem is damaged: inode %u", ino) : 0;
}

void disk_entry_set(struct disk_entry *entry, const struct ext2_inode *inode)
{
    switch (inode->i_mode & S_IFMT) {
    case S_IFDIR:
        entry->type = DISK_DIR;
        break;
    case S_IFREG:
        entry->type = DISK_FILE;
        break;
    case S_IFLNK:
        entry->type = DISK_LINK;
        break;
    default:
        entry->type = DISK_OTHER;
        break;
    }
    entry->mode = inode->i_mode & 07777;
    entry->uid = inode_uid(*inode);
    entry->gid = inode_gid(*inode);
    entry->size = EXT2_I_SIZE(inode);
    entry->modified_s = inode->i_mtime;
}

char *disk_link_read(struct disk *disk, ext2_ino_t ino, struct ext2_inode *inode, struct err *err)
{
    uint64_t size = EXT2_I_SIZE(inode);
    ext2_file_t file;
    errcode_t code;
    unsigned got = 0;
    char *target;

    if (size == 0 || size >= DISK_PATH_MAX) {
        err_set(err, "its filesystem is damaged: a symbolic link of %llu bytes",
                (unsigned long long)size);
        return NULL;
    }
    target = xcalloc(size + 1, 1);
    if (ext2fs_is_fast_symlink(inode) && size < sizeof(inode->i_block)) {
        memcpy(target, inode->i_block, size);
        return target;
    }
    code = ext2fs_file_open2(disk->fs, ino, inode, 0, &file);
    if (!code) {
        code = ext2fs_file_read(file, target, (unsigned)size, &got);
        ext2fs_file_close(file);
    }
    if (code || got != size || strlen(target) != size) {
        err_set(err, "its filesystem is damaged: a symbolic link cannot be read");
        free(target);
        return NULL;
    }
    return target;
}

/* A path on its way. */
struct walk {
    char *left; /* Owned: what is still to be walked. */
    ext2_ino_t dir;
    int links;
};

/* Goes on at the target of a link in `walk->dir`, then with `rest`. */
static int link_follow(struct disk *disk, struct walk *walk, ext2_ino_t ino,
                       struct ext2_inode *inode, const char *rest, struct err *err)
{
    char *target = disk_link_read(disk, ino, inode, err);
    char *left;

    if (!target)
        return -1;
    if (++walk->links > DISK_LINKS_MAX || strlen(target) + strlen(rest) > DISK_PATH_MAX) {
        free(target);
        return err_set(err, "%s", strerror(ELOOP));
    }
    if (target[0] == '/')
        walk->dir = EXT2_ROOT_INO;
    left = xasprintf("%s/%s", target, rest);
    free(target);
    free(walk->left);
    walk->left = left;
    return 0;
}

/* One part of a path. Returns 1 when there is more, 0 at the end with `walk->dir` reached. */
static int walk_step(struct disk *disk, struct walk *walk, bool follows, struct err *err)
{
    const char *name = walk->left + strspn(walk->left, "/");
    size_t len = strcspn(name, "/");
    const char *rest = name + len;
    struct ext2_inode inode;
    ext2_ino_t ino;
    errcode_t code;

    if (len == 0)
        return 0;
    if (disk_inode_read(disk, walk->dir, &inode, err) < 0)
        return -1;
    if (!S_ISDIR(inode.i_mode))
        return err_set(err, "%s", strerror(ENOTDIR));
    code = len > DISK_NAME_MAX ? EXT2_ET_FILE_NOT_FOUND
                               : ext2fs_lookup(disk->fs, walk->dir, name, (int)len, NULL, &ino);
    if (code == EXT2_ET_FILE_NOT_FOUND)
        return err_set(err, "%s", strerror(ENOENT));
    if (code)
        return disk_fail(err, code, "its filesystem is damaged");
    if (disk_inode_read(disk, ino, &inode, err) < 0)
        return -1;
    if (S_ISLNK(inode.i_mode) && (follows || *rest != '\0'))
        return link_follow(disk, walk, ino, &inode, rest, err) < 0 ? -1 : 1;
    walk->dir = ino;
    memmove(walk->left, rest, strlen(rest) + 1);
    return 1;
}

int disk_find(struct disk *disk, const char *path, bool follows, ext2_ino_t *ino, struct err *err)
{
    struct walk walk = { .left = xstrdup(path), .dir = EXT2_ROOT_INO };
    int more = strlen(path) < DISK_PATH_MAX ? 1 : err_set(err, "%s", strerror(ENAMETOOLONG));

    while (more > 0)
        more = walk_step(disk, &walk, follows, err);
    *ino = walk.dir;
    free(walk.left);
    return more;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Directories, listed and walked. */
#include "host/err.h"
#include "host/file.h"
#include "host/xmem.h"
#include "ops/disk/disk.h"
#include "ops/disk/inner.h"
#include "ops/disk/libext2fs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A list while libext2fs goes through a directory. */
struct listing {
    struct disk *disk;
    struct disk_list *list;
    size_t room;
    bool is_bad; /* A name that cannot be. */
    bool is_full;
};

static int entry_take(ext2_ino_t dir, int kind, struct ext2_dir_entry *entry, int offset,
                      int blocksize, char *buffer, void *context)
{
    struct listing *listing = context;
    struct disk_list *list = listing->list;
    int len = ext2fs_dirent_name_len(entry);

    (void)dir;
    (void)offset;
    (void)blocksize;
    (void)buffer;
    if (kind != DIRENT_OTHER_FILE)
        return 0;
    listing->is_bad = len == 0 || memchr(entry->name, '/', (size_t)len) ||
                      memchr(entry->name, '\0', (size_t)len) ||
                      (len == 2 && memcmp(entry->name, "..", 2) == 0) ||
                      (len == 1 && entry->name[0] == '.');
    listing->is_full = listing->disk->listed++ >= DISK_ENTRIES_MAX;
    if (listing->is_bad || listing->is_full)
        return DIRENT_ABORT;
    if (list->count == listing->room) {
        listing->room = listing->room * 2 + 16;
        list->items = xrealloc(list->items, listing->room, sizeof(*list->items));
    }
    list->items[list->count].name = xstrndup(entry->name, (size_t)len);
    list->items[list->count].ino = entry->inode;
    list->count++;
    return 0;
}

static int name_order(const void *left, const void *right)
{
    const struct disk_list_entry *a = left;
    const struct disk_list_entry *b = right;

    return strcmp(a->name, b->name);
}

int disk_list_read(struct disk_list *list, struct disk *disk, ext2_ino_t ino, struct err *err)
{
    struct listing listing = { .disk = disk, .list = list };
    errcode_t code;

    *list = (struct disk_list){ 0 };
    code = ext2fs_dir_iterate2(disk->fs, ino, 0, NULL, entry_take, &listing);
    if (!code && !listing.is_bad && !listing.is_full) {
        if (list->count > 1)
            qsort(list->items, list->count, sizeof(*list->items), name_order);
        return 0;
    }
    disk_list_fini(list);
    if (listing.is_full)
        return err_set(err, "there are too many files in it");
    if (listing.is_bad)
        return err_set(err, "its filesystem is damaged: a name that cannot be");
    return disk_fail(err, code, "its filesystem is damaged: directory %u", ino);
}

void disk_list_fini(struct disk_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].name);
    free(list->items);
    *list = (struct disk_list){ 0 };
}

/* A walk, and where it has been: no directory is entered twice. */
struct walk {
    struct disk *disk;
    bool deep;
    int (*fn)(const struct disk_entry *entry, void *context, struct err *err);
    void *context;
    ext2fs_inode_bitmap seen;
    size_t count;
};

/* Calls `fn` for one inode. */
static int entry_tell(struct walk *walk, const char *path, unsigned depth, ext2_ino_t ino,
                      enum disk_type *type, struct err *err)
{
    struct disk_entry entry = { .path = path, .name = path_base(path), .depth = depth };
    struct ext2_inode inode;
    char *target = NULL;
    int status;

    if (disk_inode_read(walk->disk, ino, &inode, err) < 0)
        return -1;
    disk_entry_set(&entry, &inode);
    if (entry.type == DISK_LINK) {
        target = disk_link_read(walk->disk, ino, &inode, err);
        if (!target)
            return -1;
        entry.target = target;
    }
    if (++walk->count > DISK_ENTRIES_MAX) {
        status = err_set(err, "there are too many files in it");
    } else {
        status = walk->fn(&entry, walk->context, err);
    }
    *type = entry.type;
    free(target);
    return status;
}

static int dir_walk(struct walk *walk, const char *path, unsigned depth, ext2_ino_t ino,
                    struct err *err);

/* NOLINTNEXTLINE(misc-no-recursion) */
static int entry_walk(struct walk *walk, const char *dir, unsigned depth,
                      const struct disk_list_entry *entry, struct err *err)
{
    char *path = xasprintf("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, entry->name);
    enum disk_type type;
    int status = entry_tell(walk, path, depth, entry->ino, &type, err);

    if (status == 0 && walk->deep && type == DISK_DIR)
        status = dir_walk(walk, path, depth + 1, entry->ino, err);
    free(path);
    return status;
}

/* Recursion is bounded by DISK_DEPTH_MAX. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int dir_walk(struct walk *walk, const char *path, unsigned depth, ext2_ino_t ino,
                    struct err *err)
{
    struct disk_list list;
    int status = 0;

    if (depth > DISK_DEPTH_MAX)
        return err_set(err, "'%.100s...' lies too deep", path);
    if (ext2fs_test_inode_bitmap2(walk->seen, ino))
        return err_set(err, "its filesystem is damaged: '%s' is in two places", path);
    ext2fs_mark_inode_bitmap2(walk->seen, ino);
    if (disk_list_read(&list, walk->disk, ino, err) < 0)
        return -1;
    for (size_t i = 0; i < list.count && status == 0; i++)
        status = entry_walk(walk, path, depth, &list.items[i], err);
    disk_list_fini(&list);
    return status;
}

static int walk_run(struct walk *walk, const char *path, struct err *err)
{
    struct ext2_inode inode;
    enum disk_type type;
    ext2_ino_t ino;
    char *normal;
    int status;

    if (disk_find(walk->disk, path, true, &ino, err) < 0 ||
        disk_inode_read(walk->disk, ino, &inode, err) < 0)
        return err_prefix(err, "'%s'", path);
    normal = path_normalize("/", path);
    if (LINUX_S_ISDIR(inode.i_mode)) {
        status = dir_walk(walk, normal, 0, ino, err);
    } else {
        status = entry_tell(walk, normal, 0, ino, &type, err);
    }
    free(normal);
    return status;
}

int disk_walk(struct disk *disk, const char *path, bool deep,
              int (*fn)(const struct disk_entry *entry, void *context, struct err *err),
              void *context, struct err *err)
{
    struct walk walk = { .disk = disk, .deep = deep, .fn = fn, .context = context };
    errcode_t code = ext2fs_allocate_inode_bitmap(disk->fs, "seen", &walk.seen);
    int status;

    if (code)
        return disk_fail(err, code, "cannot walk through it");
    status = walk_run(&walk, path, err);
    ext2fs_free_inode_bitmap(walk.seen);
    return status;
}

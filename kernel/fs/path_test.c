/* SPDX-License-Identifier: Apache-2.0 */
/* Paths over tmpfs: walks, links, mounts, and what each operation answers. */
#include "kernel/fs/path.h"

#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/open_flags.h"
#include "abi/linux/stat.h"
#include "kernel/arch/mmu.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/fs/path_node.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

static struct filesystem *root_fs;

static void boot(void)
{
    path_nodes_init();
    page_cache_setup();
    root_fs = tmpfs_create(64 << 20);
    CHECK(root_fs);
    CHECK_EQ(path_mount_root(root_fs, "root"), 0);
}

static int touch(const char *path)
{
    struct file *file;
    int err = path_open(NULL, path, O_CREAT | O_WRONLY, 0644, &file);

    if (err == 0)
        file_put(file);
    return err;
}

static int exists(const char *path)
{
    struct path_node *node;
    int err = path_find(NULL, path, PATH_NOFOLLOW, &node);

    path_node_put(node);
    return err;
}

static const char *where(const char *path)
{
    static char text[PATH_SIZE_MAX];
    struct path_node *node;

    if (path_find(NULL, path, 0, &node) < 0)
        return "none";
    CHECK(path_node_text(node, text, sizeof(text)) > 0);
    path_node_put(node);
    return text;
}

static void make_tree(void)
{
    boot();
    CHECK_EQ(path_mkdir(NULL, "/a", 0755), 0);
    CHECK_EQ(path_mkdir(NULL, "/a/b", 0755), 0);
    CHECK_EQ(path_mkdir(NULL, "/a/b/c", 0755), 0);
    CHECK_EQ(touch("/a/file"), 0);
    CHECK_EQ(path_symlink(NULL, "/to_b", "a/b"), 0);
    CHECK_EQ(path_symlink(NULL, "/a/up", ".."), 0);
    CHECK_EQ(path_symlink(NULL, "/abs", "/a/b/c"), 0);
    CHECK_EQ(path_symlink(NULL, "/loop", "loop"), 0);
    CHECK_EQ(path_symlink(NULL, "/ping", "pong"), 0);
    CHECK_EQ(path_symlink(NULL, "/pong", "ping"), 0);
    CHECK_EQ(path_symlink(NULL, "/dangling", "nowhere/at/all"), 0);
    CHECK_EQ(path_symlink(NULL, "/slash", "a/b/"), 0);
}

TEST(path, leads_where_it_says)
{
    static const struct {
        const char *path;
        const char *place;
    } cases[] = {
        { "/", "/" },
        { "////", "/" },
        { "/a", "/a" },
        { "/a/", "/a" },
        { "//a//b///c/", "/a/b/c" },
        { "/a/./b/.", "/a/b" },
        { "/a/b/..", "/a" },
        { "/a/b/../../a/b/c", "/a/b/c" },
        { "/..", "/" },
        { "/../../a", "/a" },
        { "/to_b", "/a/b" },
        { "/to_b/c", "/a/b/c" },
        { "/to_b/..", "/a" },
        { "/to_b/../file", "/a/file" },
        { "/a/up/a/up/to_b/c", "/a/b/c" },
        { "/abs/..", "/a/b" },
        { "/slash", "/a/b" },
        { "/slash/c", "/a/b/c" },
        { "a/file", "/a/file" }, /* From the current directory, the root. */
        { ".", "/" },
    };

    make_tree();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (strcmp(where(cases[i].path), cases[i].place) != 0) {
            fprintf(stderr, "'%s' is '%s'\n", cases[i].path, where(cases[i].path));
            CHECK(false);
        }
    }
}

TEST(path, says_why_it_leads_nowhere)
{
    static char long_name[NAME_LEN_MAX + 3];
    static char long_path[PATH_SIZE_MAX + 10];
    static const struct {
        const char *path;
        int err;
    } cases[] = {
        { "", -ENOENT },           { "/nothing", -ENOENT },      { "/nothing/x", -ENOENT },
        { "/a/file/", -ENOTDIR },  { "/a/file/x", -ENOTDIR },    { "/a/file/..", -ENOTDIR },
        { "/a/file/.", -ENOTDIR }, { "/loop", -ELOOP },          { "/ping/x", -ELOOP },
        { "/dangling", -ENOENT },  { long_name, -ENAMETOOLONG }, { long_path, -ENAMETOOLONG },
    };

    make_tree();
    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[0] = '/';
    memset(long_path, '/', sizeof(long_path) - 1);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct path_node *node;

        CHECK_EQ(path_find(NULL, cases[i].path, 0, &node), cases[i].err);
        CHECK(!node);
    }
}

TEST(path, follows_as_many_links_as_linux_and_no_more)
{
    char from[16];
    char to[16] = "/end";

    boot();
    CHECK_EQ(touch("/end"), 0);
    for (int i = 1; i <= SYMLINKS_MAX + 1; i++) {
        snprintf(from, sizeof(from), "/l%d", i);
        CHECK_EQ(path_symlink(NULL, from, to), 0);
        memcpy(to, from, sizeof(to));
    }
    CHECK(strcmp(where("/l40"), "/end") == 0);
    CHECK(strcmp(where("/l41"), "none") == 0);
}

TEST(path, open_creates_through_links_but_not_exclusively)
{
    struct file *file;

    make_tree();
    CHECK_EQ(path_symlink(NULL, "/new", "a/made"), 0);
    CHECK_EQ(path_open(NULL, "/new", O_CREAT | O_EXCL | O_RDWR, 0600, &file), -EEXIST);
    CHECK_EQ(path_open(NULL, "/new", O_RDWR, 0600, &file), -ENOENT);
    CHECK_EQ(touch("/new"), 0);
    CHECK_EQ(exists("/a/made"), 0);
    CHECK_EQ(path_open(NULL, "/a/made", O_CREAT | O_EXCL | O_RDWR, 0600, &file), -EEXIST);
    CHECK_EQ(path_open(NULL, "/new", O_RDONLY | O_NOFOLLOW, 0, &file), -ELOOP);
    CHECK_EQ(path_open(NULL, "/a", O_WRONLY, 0, &file), -EISDIR);
    CHECK_EQ(path_open(NULL, "/a/made", O_DIRECTORY, 0, &file), -ENOTDIR);
    CHECK_EQ(path_open(NULL, "/fresh/", O_CREAT | O_WRONLY, 0600, &file), -EISDIR);
    CHECK_EQ(path_open(NULL, "/", O_CREAT | O_WRONLY, 0600, &file), -EISDIR);
    CHECK_EQ(file_count(), 0);
}

TEST(path, removing_follows_the_manual)
{
    struct path_node *node;
    char text[64];

    make_tree();
    CHECK_EQ(path_unlink(NULL, "/a"), -EISDIR);
    CHECK_EQ(path_unlink(NULL, "/nothing"), -ENOENT);
    CHECK_EQ(path_unlink(NULL, "/a/file/"), -ENOTDIR);
    CHECK_EQ(path_rmdir(NULL, "/a/file"), -ENOTDIR);
    CHECK_EQ(path_rmdir(NULL, "/a"), -ENOTEMPTY);
    CHECK_EQ(path_rmdir(NULL, "/a/b/."), -EINVAL);
    CHECK_EQ(path_rmdir(NULL, "/a/b/.."), -ENOTEMPTY);
    CHECK_EQ(path_rmdir(NULL, "/"), -EBUSY);
    CHECK_EQ(path_find(NULL, "/a/file", 0, &node), 0);
    CHECK_EQ(path_unlink(NULL, "/a/file"), 0);
    CHECK_EQ(exists("/a/file"), -ENOENT);
    CHECK(path_node_text(node, text, sizeof(text)) > 0);
    CHECK(strcmp(text, "/a/file (deleted)") == 0);
    CHECK_EQ(path_node_inode(node)->link_count, 0);
    path_node_put(node);
    CHECK_EQ(touch("/a/file"), 0);
    CHECK_EQ(path_rmdir(NULL, "/a/b/c"), 0);
    CHECK_EQ(exists("/abs/x"), -ENOENT);
    CHECK_EQ(path_unlink(NULL, "/abs"), 0); /* The link, not what it names. */
}

TEST(path, a_removed_directory_takes_no_new_names)
{
    struct path_node *node;

    make_tree();
    CHECK_EQ(path_find(NULL, "/a/b/c", 0, &node), 0);
    path_set_current(node);
    CHECK_EQ(path_rmdir(NULL, "/a/b/c"), 0);
    CHECK_EQ(path_mkdir(NULL, "x", 0755), -ENOENT);
    CHECK_EQ(touch("y"), -ENOENT);
    CHECK_EQ(exists(".."), 0);
    path_node_put(node);
}

TEST(path, rename_moves_replaces_and_exchanges)
{
    struct path_node *open;
    char text[64];

    make_tree();
    CHECK_EQ(path_find(NULL, "/a/b/c", 0, &open), 0);
    CHECK_EQ(path_rename(NULL, "/a/b", NULL, "/moved", 0), 0);
    CHECK(path_node_text(open, text, sizeof(text)) > 0);
    CHECK(strcmp(text, "/moved/c") == 0);
    CHECK_EQ(exists("/a/b"), -ENOENT);
    CHECK_EQ(exists("/moved/c"), 0);
    path_node_put(open);

    CHECK_EQ(path_rename(NULL, "/moved", NULL, "/moved/c/x", 0), -EINVAL);
    CHECK_EQ(path_rename(NULL, "/moved/c", NULL, "/moved", 0), -ENOTEMPTY);
    CHECK_EQ(path_rename(NULL, "/a/file", NULL, "/moved", 0), -EISDIR);
    CHECK_EQ(path_rename(NULL, "/moved", NULL, "/a/file", 0), -ENOTDIR);
    CHECK_EQ(path_rename(NULL, "/nothing", NULL, "/x", 0), -ENOENT);
    CHECK_EQ(path_rename(NULL, "/a/file", NULL, "/x/y", 0), -ENOENT);
    CHECK_EQ(path_rename(NULL, "/a/.", NULL, "/x", 0), -EBUSY);
    CHECK_EQ(path_rename(NULL, "/a/file", NULL, "/moved/c", RENAME_NOREPLACE), -EEXIST);
    CHECK_EQ(path_rename(NULL, "/a/file", NULL, "/none", RENAME_EXCHANGE), -ENOENT);
    CHECK_EQ(path_rename(NULL, "/a/file", NULL, "/moved/c", RENAME_EXCHANGE), 0);
    CHECK_EQ(path_mkdir(NULL, "/a/file/is_a_directory_now_and_its_name_is_longer", 0755), 0);
    CHECK_EQ(path_rename(NULL, "/a/file/is_a_directory_now_and_its_name_is_longer", NULL, "/s", 0),
             0);
    CHECK_EQ(path_rename(NULL, "/s", NULL,
                         "/a/a_name_that_does_not_fit_into_the_node_itself_for_sure", 0),
             0);
    CHECK_EQ(exists("/a/a_name_that_does_not_fit_into_the_node_itself_for_sure"), 0);
    CHECK_EQ(touch("/moved/c"), 0); /* A file now. */
}

TEST(path, mounts_cover_and_are_left_upwards)
{
    struct filesystem *other;

    make_tree();
    other = tmpfs_create(1 << 20);
    CHECK_EQ(path_mount("/a/b", other, "other"), 0);
    CHECK_EQ(exists("/a/b/c"), -ENOENT);
    CHECK_EQ(touch("/a/b/inside"), 0);
    CHECK(strcmp(where("/a/b/inside"), "/a/b/inside") == 0);
    CHECK(strcmp(where("/a/b/.."), "/a") == 0);
    CHECK(strcmp(where("/to_b/../file"), "/a/file") == 0);
    CHECK_EQ(path_rmdir(NULL, "/a/b"), -EBUSY);
    CHECK_EQ(path_rename(NULL, "/a/b/inside", NULL, "/a/outside", 0), -EXDEV);

    CHECK_EQ(path_mount("/deep/er/place", tmpfs_create(1 << 20), "third"), 0);
    CHECK(strcmp(where("/deep/er/place"), "/deep/er/place") == 0);
}

TEST(path, a_read_only_root_gets_its_mount_points_in_memory)
{
    make_tree();
    root_fs->read_only = true;
    CHECK_EQ(path_mkdir(NULL, "/x", 0755), -EROFS);
    CHECK_EQ(path_unlink(NULL, "/a/file"), -EROFS);
    CHECK_EQ(touch("/x"), -EROFS);
    CHECK_EQ(path_mount("/run/deep", tmpfs_create(1 << 20), "tmpfs"), 0);
    node_drop_unused();
    CHECK_EQ(touch("/run/deep/pid"), 0);
    CHECK(strcmp(where("/run/deep/pid"), "/run/deep/pid") == 0);
    CHECK_EQ(touch("/run/other"), -EROFS);
}

/* ---- Two threads: what the other does before this one has the names lock. ---- */

static void other_renames_job(void)
{
    CHECK_EQ(path_rename(NULL, "/job", NULL, "/job.2", 0), 0);
}

static void other_renames_to_a(void)
{
    CHECK_EQ(path_rename(NULL, "/new", NULL, "/a", 0), 0);
}

static void other_unlinks_a(void)
{
    CHECK_EQ(path_unlink(NULL, "/a"), 0);
}

TEST(path, of_two_that_rename_one_name_one_succeeds)
{
    boot();
    CHECK_EQ(touch("/job"), 0);
    fake_write_lock_hook = other_renames_job;
    CHECK_EQ(path_rename(NULL, "/job", NULL, "/job.1", 0), -ENOENT);
    CHECK_EQ(exists("/job.1"), -ENOENT);
    CHECK_EQ(exists("/job.2"), 0);
}

TEST(path, removes_no_file_that_has_come_to_be_called_otherwise)
{
    boot();
    CHECK_EQ(touch("/job"), 0);
    fake_write_lock_hook = other_renames_job;
    CHECK_EQ(path_unlink(NULL, "/job"), -ENOENT);
    CHECK_EQ(exists("/job.2"), 0);
    CHECK_EQ(path_rename(NULL, "/job.2", NULL, "/job", 0), 0);
    fake_write_lock_hook = other_renames_job;
    CHECK_EQ(path_rmdir(NULL, "/job"), -ENOTDIR);
    CHECK_EQ(exists("/job.2"), 0);
}

TEST(path, a_name_that_is_replaced_is_there_all_the_time)
{
    boot();
    CHECK_EQ(touch("/a"), 0);
    CHECK_EQ(touch("/new"), 0);
    fake_write_lock_hook = other_renames_to_a;
    CHECK_EQ(path_unlink(NULL, "/a"), 0);
    CHECK_EQ(exists("/a"), -ENOENT);
    CHECK_EQ(exists("/new"), -ENOENT);

    CHECK_EQ(touch("/a"), 0);
    CHECK_EQ(touch("/x"), 0);
    fake_write_lock_hook = other_unlinks_a;
    CHECK_EQ(path_rename(NULL, "/x", NULL, "/a", 0), 0);
    CHECK_EQ(exists("/a"), 0);
    CHECK_EQ(exists("/x"), -ENOENT);
}

TEST(path, makes_nothing_where_something_was_renamed_to)
{
    boot();
    CHECK_EQ(touch("/new"), 0);
    fake_write_lock_hook = other_renames_to_a;
    CHECK_EQ(path_mkdir(NULL, "/a", 0755), -EEXIST);
    CHECK_EQ(exists("/new"), -ENOENT);
    CHECK_EQ(path_rename(NULL, "/a", NULL, "/new", 0), 0);
    fake_write_lock_hook = other_renames_to_a;
    CHECK_EQ(touch("/a"), 0);
    CHECK_EQ(exists("/new"), -ENOENT);
    CHECK_EQ(exists("/a"), 0);
}

/* The names in a directory, read `at_once` entries at a time, in the order they come. */
struct listed {
    char names[256];
    u64 off;
    u32 room;
    u32 count;
};

static bool list_name(void *arg, const char *name, u32 name_len, u64 ino, u64 next_off, u8 type)
{
    struct listed *listed = arg;

    CHECK(ino != 0);
    CHECK(type == DT_DIR || type == DT_REG || type == DT_LNK);
    if (listed->room == 0)
        return false;
    listed->room--;
    listed->count++;
    listed->off = next_off;
    snprintf(listed->names + strlen(listed->names), sizeof(listed->names) - strlen(listed->names),
             "%.*s ", (int)name_len, name);
    return true;
}

static const char *names_in(const char *path, u32 at_once)
{
    static struct listed listed;
    struct file *file;
    u32 before;

    listed = (struct listed){ .off = 0 };
    CHECK_EQ(path_open(NULL, path, O_RDONLY | O_DIRECTORY, 0, &file), 0);
    do {
        before = listed.count;
        listed.room = at_once;
        CHECK_EQ(file->ops->list(file, listed.off, list_name, &listed), 0);
    } while (listed.count > before);
    file_put(file);
    return listed.names;
}

TEST(path, lists_what_lies_over_a_read_only_root_in_memory)
{
    make_tree();
    root_fs->read_only = true;
    CHECK_EQ(path_mount("/data", tmpfs_create(1 << 20), "vdb"), 0);
    CHECK_EQ(path_mount("/a/deep/er", tmpfs_create(1 << 20), "vdc"), 0);
    CHECK_EQ(path_mount("/a/b", tmpfs_create(1 << 20), "vdd"),
             0); /* It is there: once is enough. */
    for (u32 at_once = 1; at_once < 8; at_once++) {
        CHECK(strcmp(names_in("/a/deep", at_once), ". .. er ") == 0);
        CHECK(strcmp(names_in("/data", at_once), ". .. ") == 0);
        CHECK(strstr(names_in("/a", at_once), " deep ") != NULL);
        CHECK(strstr(names_in("/a", at_once), " b ") == strrchr(names_in("/a", at_once), 'b') - 1);
        CHECK(strcmp(strrchr(names_in("/", at_once), 'd'), "data ") == 0);
    }
}

static const char *hostile_name;
static u32 hostile_len;

static int hostile_list(struct inode *dir, u64 off, dir_emit_fn *emit, void *arg)
{
    (void)dir;
    (void)off;
    if (emit(arg, "good", 4, 1, 1, DT_REG))
        emit(arg, hostile_name, hostile_len, 2, 2, DT_REG);
    return 0;
}

TEST(path, lists_no_name_that_is_none)
{
    static const struct {
        const char *name;
        u32 len;
        int result;
    } rows[] = {
        { "fine", 4, 0 }, { "../up", 5, -EIO }, { "/", 1, -EIO },
        { "", 0, -EIO },  { "a\0b", 3, -EIO },
    };
    static const struct inode_ops ops = { .list = hostile_list };
    struct inode *dir;
    struct file *file;

    boot();
    CHECK_EQ(path_open(NULL, "/", O_RDONLY | O_DIRECTORY, 0, &file), 0);
    dir = file->inode;
    dir->ops = &ops;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct listed listed = { .room = 8 };

        hostile_name = rows[i].name;
        hostile_len = rows[i].len;
        CHECK_EQ(file->ops->list(file, 0, list_name, &listed), rows[i].result);
        CHECK_EQ(listed.count, rows[i].result == 0 ? 2 : 1);
    }
    file_put(file);
}

TEST(path, keeps_a_bounded_number_of_names)
{
    char path[32];
    u32 before;

    boot();
    before = node_count();
    for (int i = 0; i < NODES_UNUSED_MAX + 500; i++) {
        snprintf(path, sizeof(path), "/missing%d", i);
        CHECK_EQ(exists(path), -ENOENT);
    }
    CHECK(node_count() <= before + NODES_UNUSED_MAX);
    node_drop_unused();
    CHECK_EQ(node_count(), before);
}

static long write_text(struct file *file, const char *text, u64 off)
{
    struct iter iter;

    iter_init_kernel(&iter, (void *)(uintptr_t)text, strlen(text));
    return file_write(file, &iter, &off);
}

static long read_text(struct file *file, char *text, size_t size, u64 off)
{
    struct iter iter;

    iter_init_kernel(&iter, text, size);
    return file_read(file, &iter, &off);
}

TEST(regular, holes_read_as_zeros_and_cost_nothing)
{
    struct file *file;
    char text[16];
    long before;

    boot();
    CHECK_EQ(path_open(NULL, "/f", O_CREAT | O_RDWR, 0600, &file), 0);
    before = fake_pages;
    CHECK_EQ(write_text(file, "end", (u64)1 << 40), 3);
    CHECK_EQ(fake_pages, before + 1);
    CHECK_EQ(read_text(file, text, 8, 5000), 8);
    CHECK(memcmp(text, "\0\0\0\0\0\0\0\0", 8) == 0);
    CHECK_EQ(read_text(file, text, 16, ((u64)1 << 40) - 2), 5);
    CHECK(memcmp(text, "\0\0end", 5) == 0);
    CHECK_EQ(file_seek(file, 0, SEEK_DATA), (long)1 << 40);
    CHECK_EQ(file_seek(file, 0, SEEK_HOLE), 0);
    CHECK_EQ(write_text(file, "x", INT64_MAX - 1), -EFBIG);
    CHECK_EQ(file->ops->truncate(file, ((u64)1 << 40) + 1), 0);
    CHECK_EQ(file->ops->truncate(file, ((u64)1 << 40) + 8), 0);
    CHECK_EQ(read_text(file, text, 16, (u64)1 << 40), 8);
    CHECK(memcmp(text, "e\0\0\0\0\0\0\0", 8) == 0);
    CHECK_EQ(path_unlink(NULL, "/f"), 0);
    file_put(file);
    CHECK_EQ(fake_pages, before);
}

TEST(regular, appends_at_the_end_wherever_it_is)
{
    struct file *file;
    struct file *other;
    struct iter iter;

    boot();
    CHECK_EQ(path_open(NULL, "/f", O_CREAT | O_RDWR | O_APPEND, 0600, &file), 0);
    CHECK_EQ(path_open(NULL, "/f", O_RDWR, 0600, &other), 0);
    iter_init_kernel(&iter, (void *)(uintptr_t) "one", 3);
    CHECK_EQ(file_write(file, &iter, NULL), 3);
    CHECK_EQ(write_text(other, "12345", 3), 5);
    iter_init_kernel(&iter, (void *)(uintptr_t) "two", 3);
    CHECK_EQ(file_write(file, &iter, NULL), 3);
    CHECK_EQ(inode_size(file->inode), 11);
    CHECK_EQ(file_seek(file, 0, SEEK_CUR), 11);
    file_put(file);
    file_put(other);
}

TEST(tmpfs, is_full_at_its_limit)
{
    static char block[PATH_SIZE_MAX];
    struct file *file;
    u64 off = 0;
    struct iter iter;
    long done;

    path_nodes_init();
    page_cache_setup();
    CHECK_EQ(path_mount_root(tmpfs_create(10ul * PAGE_SIZE), "small"), 0);
    CHECK_EQ(path_open(NULL, "/f", O_CREAT | O_RDWR, 0600, &file), 0);
    do {
        iter_init_kernel(&iter, block, sizeof(block));
        done = file_write(file, &iter, &off);
        off += done > 0 ? (u64)done : 0;
    } while (done > 0);
    CHECK_EQ(done, -ENOSPC);
    CHECK_EQ(off, 10 * PAGE_SIZE);
    CHECK_EQ(file->ops->truncate(file, 0), 0);
    CHECK_EQ(write_text(file, "again", 0), 5);
    file_put(file);
}

TEST(memfd, seals_hold)
{
    struct file *file;

    boot();
    CHECK_EQ(memfd_create("m", true, &file), 0);
    CHECK_EQ(write_text(file, "hello", 0), 5);
    CHECK_EQ(memfd_add_seals(file, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    CHECK_EQ(file->ops->truncate(file, 2), -EPERM);
    CHECK_EQ(file->ops->truncate(file, 9), -EPERM);
    CHECK_EQ(write_text(file, "HE", 0), 2);
    CHECK_EQ(write_text(file, "more", 5), -EPERM);
    CHECK_EQ(memfd_add_seals(file, F_SEAL_WRITE | F_SEAL_SEAL), 0);
    CHECK_EQ(write_text(file, "x", 0), -EPERM);
    CHECK_EQ(memfd_add_seals(file, F_SEAL_GROW), -EPERM);
    file_put(file);
    CHECK_EQ(fake_pages, 0);
}

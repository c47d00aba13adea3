/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpfs, and the names above it, against the simplest thing that could be right: a table with a
 * line for every path there can be, and arrays for the contents. Thousands of random operations,
 * each with the answer that Linux would give.
 */
#include "abi/linux/errors.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/open_flags.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/page_cache.h"
#include "kernel/fs/path.h"
#include "kernel/fs/path_node.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/iter.h"
#include "lib/base/types.h"
#include "test/unit/fake_kernel.h"
#include "test/unit/unit.h"

#include <string.h>

enum {
    NAMES = 4, /* In each directory, on three levels. */
    FIRST_LEVEL = 1,
    SECOND_LEVEL = FIRST_LEVEL + NAMES,
    THIRD_LEVEL = SECOND_LEVEL + NAMES * NAMES,
    PLACES = THIRD_LEVEL + NAMES * NAMES * NAMES,
    FILES_MAX = 128,
    FILE_SIZE_MAX = 3 * 4096 + 100,
    STEPS = 6000,
};

enum kind {
    NOTHING,
    FILE_KIND,
    DIRECTORY,
};

/* A place, numbered as in a heap: its children are NAMES * i + 1 and on. 0 is the root. */
struct place {
    enum kind kind;
    u32 file; /* In `contents`. */
};

struct contents {
    u32 links;
    u32 size;
    u8 bytes[FILE_SIZE_MAX];
};

static struct place places[PLACES];
static struct contents contents[FILES_MAX];
static u64 seed;

static u32 pick(u32 bound)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(seed >> 33) % bound;
}

static u32 parent_of(u32 place)
{
    return (place - 1) / NAMES;
}

static u32 level_of(u32 place)
{
    u32 level = 0;

    for (; place != 0; place = parent_of(place))
        level++;
    return level;
}

static bool is_below(u32 place, u32 above)
{
    while (place > above)
        place = parent_of(place);
    return place == above;
}

static const char *path_of(u32 place)
{
    static const char *const names[NAMES] = { "a", "b", "c",
                                              "a-long-name-that-takes-memory-of-its-own" };
    static char texts[4][160];
    static u32 turn;
    char *path = texts[turn++ % 4];
    u32 way[3];
    u32 levels = 0;
    size_t len = 0;

    for (; place != 0; place = parent_of(place))
        way[levels++] = (place - 1) % NAMES;
    if (levels == 0)
        return "/";
    while (levels > 0) {
        len += (size_t)snprintf(path + len, sizeof(texts[0]) - len, "/%s", names[way[levels - 1]]);
        levels--;
    }
    return path;
}

/* What a walk to `place` meets before it gets there. */
static int walk_error(u32 place)
{
    u32 above[3];
    u32 levels = 0;

    for (u32 at = parent_of(place); at != 0; at = parent_of(at))
        above[levels++] = at;
    while (levels > 0) {
        enum kind kind = places[above[--levels]].kind;

        if (kind != DIRECTORY)
            return kind == NOTHING ? -ENOENT : -ENOTDIR;
    }
    return 0;
}

static bool has_children(u32 place)
{
    for (u32 i = 1; i <= NAMES && NAMES * place + i < PLACES; i++) {
        if (places[NAMES * place + i].kind != NOTHING)
            return true;
    }
    return false;
}

static u32 file_new(void)
{
    for (u32 i = 0; i < FILES_MAX; i++) {
        if (contents[i].links == 0) {
            contents[i] = (struct contents){ .links = 1 };
            return i;
        }
    }
    return UINT32_MAX;
}

/* ---- Names. ---- */

static void step_create(u32 place)
{
    struct file *file = NULL;
    int expected = walk_error(place);
    int err = path_open(NULL, path_of(place), O_CREAT | O_EXCL | O_RDWR, 0600, &file);

    if (expected == 0 && places[place].kind != NOTHING)
        expected = -EEXIST;
    CHECK_EQ(err, expected);
    if (err < 0)
        return;
    file_put(file);
    places[place] = (struct place){ FILE_KIND, file_new() };
}

static void step_mkdir(u32 place)
{
    int expected = walk_error(place);

    if (expected == 0 && places[place].kind != NOTHING)
        expected = -EEXIST;
    CHECK_EQ(path_mkdir(NULL, path_of(place), 0755), expected);
    if (expected == 0)
        places[place] = (struct place){ DIRECTORY, 0 };
}

static void step_unlink(u32 place)
{
    int expected = walk_error(place);

    if (expected == 0 && places[place].kind != FILE_KIND)
        expected = places[place].kind == NOTHING ? -ENOENT : -EISDIR;
    CHECK_EQ(path_unlink(NULL, path_of(place)), expected);
    if (expected < 0)
        return;
    contents[places[place].file].links--;
    places[place] = (struct place){ NOTHING, 0 };
}

static void step_rmdir(u32 place)
{
    int expected = walk_error(place);

    if (expected == 0 && places[place].kind != DIRECTORY)
        expected = places[place].kind == NOTHING ? -ENOENT : -ENOTDIR;
    if (expected == 0 && has_children(place))
        expected = -ENOTEMPTY;
    CHECK_EQ(path_rmdir(NULL, path_of(place)), expected);
    if (expected == 0)
        places[place] = (struct place){ NOTHING, 0 };
}

static void step_link(u32 from, u32 to)
{
    struct path_node *node;
    int expected = walk_error(to);

    if (walk_error(from) < 0 || places[from].kind == NOTHING)
        return;
    CHECK_EQ(path_find(NULL, path_of(from), 0, &node), 0);
    if (expected == 0 && places[to].kind != NOTHING)
        expected = -EEXIST;
    if (places[from].kind == DIRECTORY)
        expected = -EPERM;
    CHECK_EQ(path_link(node, NULL, path_of(to)), expected);
    path_node_put(node);
    if (expected < 0)
        return;
    places[to] = places[from];
    contents[places[to].file].links++;
}

/* What is to `to` as `place` is to `from`, which is it or above it. */
static u32 counterpart(u32 place, u32 from, u32 to)
{
    u32 way[3];
    u32 levels = 0;

    for (; place != from; place = parent_of(place))
        way[levels++] = (place - 1) % NAMES + 1;
    while (levels > 0)
        to = NAMES * to + way[--levels];
    return to;
}

/* Moves what is at and below `from` to `to`, where nothing is. */
static void subtree_move(u32 from, u32 to)
{
    for (u32 place = from; place < PLACES; place++) {
        if (places[place].kind == NOTHING || !is_below(place, from))
            continue;
        places[counterpart(place, from, to)] = places[place];
        places[place] = (struct place){ NOTHING, 0 };
    }
}

static int rename_error(u32 from, u32 to, u32 flags)
{
    int err = walk_error(from);

    if (err == 0)
        err = walk_error(to);
    if (err < 0)
        return err;
    if (places[from].kind == NOTHING)
        return -ENOENT;
    if (flags & RENAME_NOREPLACE && places[to].kind != NOTHING)
        return -EEXIST;
    if (flags & RENAME_EXCHANGE && places[to].kind == NOTHING)
        return -ENOENT;
    if (from == to)
        return 0;
    if (is_below(to, from))
        return -EINVAL;
    if (is_below(from, to))
        return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    if (flags & RENAME_EXCHANGE || places[to].kind == NOTHING)
        return 0;
    if (places[from].kind != places[to].kind)
        return places[from].kind == DIRECTORY ? -ENOTDIR : -EISDIR;
    return places[to].kind == DIRECTORY && has_children(to) ? -ENOTEMPTY : 0;
}

static bool is_same_file(u32 from, u32 to)
{
    return places[from].kind == FILE_KIND && places[to].kind == FILE_KIND &&
           places[from].file == places[to].file;
}

/* Between two levels only what has nothing below it, or the table would have no place for that. */
static void step_rename(u32 from, u32 to, u32 flags)
{
    int expected = rename_error(from, to, flags);
    struct place moved = places[from];

    if (level_of(from) != level_of(to) && (has_children(from) || has_children(to)))
        return;
    if (flags & RENAME_EXCHANGE && (has_children(from) || has_children(to)))
        return;
    CHECK_EQ(path_rename(NULL, path_of(from), NULL, path_of(to), flags), expected);
    if (expected < 0 || from == to || is_same_file(from, to))
        return;
    if (flags & RENAME_EXCHANGE) {
        places[from] = places[to];
        places[to] = moved;
        return;
    }
    if (places[to].kind == FILE_KIND)
        contents[places[to].file].links--;
    subtree_move(from, to);
}

/* ---- Contents. ---- */

static struct file *open_place(u32 place)
{
    struct file *file = NULL;

    if (walk_error(place) < 0 || places[place].kind != FILE_KIND)
        return NULL;
    CHECK_EQ(path_open(NULL, path_of(place), O_RDWR, 0, &file), 0);
    return file;
}

static void step_write(u32 place)
{
    static u8 bytes[FILE_SIZE_MAX];
    struct file *file = open_place(place);
    struct contents *expected = &contents[places[place].file];
    u32 off = pick(FILE_SIZE_MAX - 1);
    u32 len = 1 + pick(FILE_SIZE_MAX - off);
    struct iter iter;
    u64 at = off;

    if (!file)
        return;
    for (u32 i = 0; i < len; i++)
        bytes[i] = (u8)(seed >> (i % 40)) | 1;
    iter_init_kernel(&iter, bytes, len);
    CHECK_EQ(file_write(file, &iter, &at), (long)len);
    file_put(file);
    memcpy(expected->bytes + off, bytes, len);
    if (expected->size < off + len)
        expected->size = off + len;
}

static void step_truncate(u32 place)
{
    struct file *file = open_place(place);
    struct contents *expected = &contents[places[place].file];
    u32 size = pick(FILE_SIZE_MAX);

    if (!file)
        return;
    CHECK_EQ(file->ops->truncate(file, size), 0);
    file_put(file);
    if (size < expected->size)
        memset(expected->bytes + size, 0, expected->size - size);
    expected->size = size;
}

static void step_hole(u32 place)
{
    struct file *file = open_place(place);
    struct contents *expected = &contents[places[place].file];
    u32 off = pick(FILE_SIZE_MAX - 1);
    u32 len = 1 + pick(FILE_SIZE_MAX - off);

    if (!file)
        return;
    CHECK_EQ(file->ops->allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len), 0);
    file_put(file);
    memset(expected->bytes + off, 0, len);
}

static void check_file(u32 place)
{
    static u8 bytes[FILE_SIZE_MAX + 1];
    const struct contents *expected = &contents[places[place].file];
    struct file *file = open_place(place);
    struct iter iter;
    u64 at = 0;

    CHECK(file != NULL);
    CHECK_EQ(file->inode->link_count, expected->links);
    CHECK_EQ(inode_size(file->inode), expected->size);
    iter_init_kernel(&iter, bytes, sizeof(bytes));
    CHECK_EQ(file_read(file, &iter, &at), (long)expected->size);
    CHECK(memcmp(bytes, expected->bytes, expected->size) == 0);
    file_put(file);
}

/* ---- Everything. ---- */

static bool count_name(void *arg, const char *name, u32 name_len, u64 ino, u64 next_off, u8 type)
{
    u32 *count = arg;

    (void)name_len;
    (void)next_off;
    CHECK(ino != 0 && type != 0);
    if (name[0] != '.')
        (*count)++;
    return true;
}

static void check_directory(u32 place)
{
    struct file *file;
    u32 children = 0;
    u32 directories = 0;
    u32 listed = 0;

    for (u32 i = 1; i <= NAMES && NAMES * place + i < PLACES; i++) {
        children += places[NAMES * place + i].kind != NOTHING;
        directories += places[NAMES * place + i].kind == DIRECTORY;
    }
    CHECK_EQ(path_open(NULL, path_of(place), O_RDONLY | O_DIRECTORY, 0, &file), 0);
    CHECK_EQ(file->ops->list(file, 0, count_name, &listed), 0);
    CHECK_EQ(listed, children);
    CHECK_EQ(file->inode->link_count, 2 + directories);
    file_put(file);
}

static void check_all(void)
{
    for (u32 place = 0; place < PLACES; place++) {
        struct path_node *node;

        if (places[place].kind == FILE_KIND) {
            check_file(place);
        } else if (places[place].kind == DIRECTORY) {
            check_directory(place);
        } else if (walk_error(place) == 0) {
            CHECK_EQ(path_find(NULL, path_of(place), 0, &node), -ENOENT);
        }
    }
}

static void step(void)
{
    static const u32 flags[] = { 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE };
    u32 place = 1 + pick(PLACES - 1);
    u32 other = 1 + pick(PLACES - 1);

    switch (pick(12)) {
    case 0:
    case 1:
        step_create(place);
        break;
    case 2:
    case 3:
        step_mkdir(place);
        break;
    case 4:
        step_unlink(place);
        break;
    case 5:
        step_rmdir(place);
        break;
    case 6:
        step_link(place, other);
        break;
    case 7:
    case 8:
        step_rename(place, other, flags[pick(ARRAY_COUNT(flags))]);
        break;
    case 9:
        step_write(place);
        break;
    case 10:
        step_truncate(place);
        break;
    default:
        step_hole(place);
        break;
    }
}

static void remove_all(void)
{
    for (u32 place = PLACES - 1; place > 0; place--) {
        if (places[place].kind == FILE_KIND) {
            step_unlink(place);
        } else if (places[place].kind == DIRECTORY) {
            step_rmdir(place);
        }
    }
}

static void model_run(u64 first_seed)
{
    long objects;

    seed = first_seed;
    places[0].kind = DIRECTORY;
    path_nodes_init();
    page_cache_setup();
    CHECK_EQ(path_mount_root(tmpfs_create(64 << 20), "root"), 0);
    check_all(); /* The first open file brings a slab that stays. */
    node_drop_unused();
    objects = fake_heap_objects;
    for (u32 i = 0; i < STEPS; i++) {
        step();
        if (i % 50 == 0)
            check_all();
        if (i % 500 == 0)
            node_drop_unused();
    }
    check_all();
    remove_all();
    node_drop_unused();
    CHECK_EQ(fake_pages, 0);
    CHECK_EQ(fake_heap_objects, objects);
}

TEST(tmpfs_model, agrees)
{
    model_run(1);
}

TEST(tmpfs_model, agrees_from_another_seed)
{
    model_run(20261122);
}
